//! The package as a new user meets it, in a fresh Debian 12: installed, configured, run, upgraded
//! while it counts, and removed without a trace.
//!
//! The system is a debootstrap's; its gateway is a network namespace with a veth pair. No service
//! manager runs in it, so the agent is started by hand as the unit would start it.

mod fresh;

use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use fresh::Fresh;

use crate::workspace::Workspace;

const PATIENCE: Duration = Duration::from_secs(30);
const CONFIGURATION: &str = "[capture]\ninterfaces = [\"ward0\"]\n\n[events]\npath = \
                             \"/var/log/wardline/events.jsonl\"\n";

/// The service's user with the three capabilities of the unit, by number, as old versions of setpriv
/// do not know their names: CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF.
const AS_THE_UNIT: [&str; 9] = [
    "--reuid",
    "wardline",
    "--regid",
    "wardline",
    "--init-groups",
    "--inh-caps",
    "-all,+cap_12,+cap_38,+cap_39",
    "--ambient-caps",
    "-all,+cap_12,+cap_38,+cap_39",
];

/// Ends the agent when it is dropped.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Agent {
    fn start(fresh: &Fresh) -> Result<Self> {
        for (mode, directory) in [("0700", "/sys/fs/bpf/wardline"), ("0750", "/run/wardline")] {
            let owned = ["-d", "-o", "wardline", "-g", "wardline", "-m", mode, directory];
            fresh.run("install", &owned)?;
        }
        let mut command = fresh.command("setpriv", &AS_THE_UNIT);
        command.args(["wardline", "run"]);
        let log = fs::File::create(fresh.path("/var/log/wardline/trial.log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        Ok(Self(command.spawn().context("cannot start the agent")?))
    }

    /// As a service manager does.
    fn stop(mut self) -> Result<()> {
        let id = self.0.id().to_string();
        super::output(Command::new("kill").args(["-TERM", &id]))?;
        let status = self.0.wait()?;
        ensure!(status.success(), "the agent ended with {status}");
        Ok(())
    }
}

pub fn run(workspace: &Workspace, first: &std::path::Path, next: &std::path::Path) -> Result<()> {
    let fresh = Fresh::make(workspace)?;
    for package in [first, next] {
        let name = package.file_name().unwrap_or_default();
        fs::copy(package, fresh.path("/root").join(name)).context("cannot hand in the package")?;
    }
    fs::copy(workspace.recordings().join("hospital.pcap"), fresh.path("/root/hospital.pcap"))?;
    let start = Instant::now();
    install(&fresh, first)?;
    let said = fresh.run("wardline", &["config", "check"])?;
    ensure!(said.contains("is valid"), "the configuration that ships: {said}");
    ensure!(fresh.run("wardline", &["run"]).is_err(), "it runs before an interface is named");
    ensure!(fresh.pins() == 0 && !fresh.is_attached()?, "an installation attached something");
    let said = fresh.run("wardline", &["replay", "/root/hospital.pcap"])?;
    ensure!(said.contains(" frames"), "no summary of a replay: {said}");
    fs::write(fresh.path("/etc/wardline/wardline.toml"), CONFIGURATION)?;
    fresh.run("wardline", &["config", "check"])?;
    let agent = Agent::start(&fresh)?;
    let devices = first_devices(&fresh)?;
    println!(
        "trial: {:.1} s from the package to the first list of devices ({devices})",
        start.elapsed().as_secs_f32()
    );
    let program = fresh.program()?;
    install(&fresh, next)?;
    ensure!(fresh.program()? == program, "the upgrade touched the program");
    ensure!(
        fs::read_to_string(fresh.path("/etc/wardline/wardline.toml"))? == CONFIGURATION,
        "the upgrade touched the configuration"
    );
    agent.stop()?;
    ensure!(fresh.program()? == program, "the program left with the agent");
    let agent = Agent::start(&fresh)?;
    let resumed = until(|| {
        let list = fresh.run("wardline", &["devices"]).ok()?;
        list.contains("10.66.0.2").then_some(())
    });
    resumed.context("the agent of the new package knows no device")?;
    println!("trial: upgraded while it counted; program {program} stayed");
    agent.stop()?;
    fresh.run("dpkg", &["--purge", "wardline"])?;
    ensure!(fresh.pins() == 0, "something is left pinned");
    ensure!(!fresh.is_attached()?, "a program is left on the interface");
    for left in ["/usr/bin/wardline", "/var/lib/wardline", "/var/log/wardline", "/etc/wardline"] {
        ensure!(!fresh.path(left).exists(), "{left} is left");
    }
    println!("trial: removed; nothing pinned, nothing attached, no file left");
    Ok(())
}

fn install(fresh: &Fresh, package: &std::path::Path) -> Result<()> {
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    fresh.run("dpkg", &["--install", "--force-confdef", &format!("/root/{name}")]).map(drop)
}

/// Sends something from the ward and waits until it is known, and says of whom.
fn first_devices(fresh: &Fresh) -> Result<String> {
    let found = until(|| {
        fresh.speak().ok()?;
        let list = fresh.run("wardline", &["devices"]).ok()?;
        list.contains("10.66.0.2").then(|| "10.66.0.2 is in it".to_owned())
    });
    let log = || fs::read_to_string(fresh.path("/var/log/wardline/trial.log")).unwrap_or_default();
    found.with_context(|| format!("no device is known: {}", log()))
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> Result<T> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(found) = look() {
            return Ok(found);
        }
        sleep(Duration::from_millis(200));
    }
    bail!("not within {PATIENCE:?}")
}
