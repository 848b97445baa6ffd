//! Packages as a new user meets them, in a fresh Debian 12: installed, configured, run, upgraded
//! while they count, and removed.
//!
//! The system is a debootstrap's; its gateway is a network namespace with a veth pair. No service
//! manager runs in it: of the .deb the agent is started by hand as the unit would start it, of the
//! .rpm by root, who gives it to the package's user.

mod family;
mod fresh;
mod started;

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::workspace::Workspace;
use family::Family;
use fresh::Fresh;
use started::{LOG, Started};

const PATIENCE: Duration = Duration::from_secs(30);
const CONFIGURATION: &str = "[capture]\ninterfaces = [\"ward0\"]\n\n[events]\npath = \
                             \"/var/log/wardline/events.jsonl\"\n";

/// Tries the .deb, then the .rpm; each with a package of a higher number to upgrade to.
pub fn run(workspace: &Workspace, packages: [(&Path, &Path); 2]) -> Result<()> {
    let fresh = Fresh::make(workspace)?;
    fs::copy(workspace.recordings().join("hospital.pcap"), fresh.path("/root/hospital.pcap"))?;
    for (family, (first, next)) in [Family::Deb, Family::Rpm].into_iter().zip(packages) {
        println!("trial: {}", workspace.shown(first));
        one(&fresh, family, first, next)?;
        // Removed packages leave it, and the next one is to make its own.
        fresh.run("userdel", &["wardline"])?;
    }
    Ok(())
}

fn one(fresh: &Fresh, family: Family, first: &Path, next: &Path) -> Result<()> {
    let start = Instant::now();
    family.install(fresh, first)?;
    family.ensure_installed(fresh)?;
    ensure_prepared(fresh)?;
    let said = fresh.run("wardline", &["config", "check"])?;
    ensure!(said.contains("is valid"), "the configuration that ships: {said}");
    ensure!(fresh.run("wardline", &["run"]).is_err(), "it runs before an interface is named");
    ensure!(fresh.pins() == 0 && !fresh.is_attached()?, "an installation attached something");
    let said = fresh.run("wardline", &["replay", "/root/hospital.pcap"])?;
    ensure!(said.contains(" frames"), "no summary of a replay: {said}");
    fs::write(fresh.path("/etc/wardline/wardline.toml"), CONFIGURATION)?;
    fresh.run("wardline", &["config", "check"])?;
    let agent = Started::start(fresh, family)?;
    let devices = first_devices(fresh)?;
    agent.ensure_its_users(fresh)?;
    println!(
        "trial: {:.1} s from the package to the first list of devices ({devices})",
        start.elapsed().as_secs_f32()
    );
    let program = fresh.program()?;
    family.install(fresh, next)?;
    ensure!(fresh.program()? == program, "the upgrade touched the program");
    ensure!(
        fs::read_to_string(fresh.path("/etc/wardline/wardline.toml"))? == CONFIGURATION,
        "the upgrade touched the configuration"
    );
    agent.stop()?;
    ensure!(fresh.program()? == program, "the program left with the agent");
    let agent = Started::start(fresh, family)?;
    let resumed = until(|| {
        let list = fresh.run("wardline", &["devices"]).ok()?;
        list.contains("10.66.0.2").then_some(())
    });
    resumed.context("the agent of the new package knows no device")?;
    println!("trial: upgraded while it counted; program {program} stayed");
    agent.stop()?;
    family.remove(fresh)?;
    ensure!(fresh.pins() == 0, "something is left pinned");
    ensure!(!fresh.is_attached()?, "a program is left on the interface");
    family.ensure_removed(fresh)?;
    println!("trial: removed; nothing pinned, nothing attached, {}", family.left());
    Ok(())
}

/// User, directories and unit are there, whoever made them.
fn ensure_prepared(fresh: &Fresh) -> Result<()> {
    let user = fresh.run("getent", &["passwd", "wardline"])?;
    ensure!(user.trim_end().ends_with("/nologin"), "the user can log in: {user}");
    for directory in ["/var/lib/wardline", "/var/log/wardline"] {
        let said = fresh.run("stat", &["-c", "%U:%G %a", directory])?;
        ensure!(said.trim() == "wardline:wardline 750", "{directory}: {said}");
    }
    let units = ["/lib/systemd/system", "/usr/lib/systemd/system"];
    let unit = units.iter().find_map(|directory| {
        fs::read_to_string(fresh.path(directory).join("wardline.service")).ok()
    });
    let unit = unit.context("no unit is installed")?;
    ensure!(unit.contains("\nExecStart=/usr/bin/wardline run"), "the unit starts another agent");
    Ok(())
}

/// Sends something from the ward and waits until it is known, and says of whom.
fn first_devices(fresh: &Fresh) -> Result<String> {
    let found = until(|| {
        fresh.speak().ok()?;
        let list = fresh.run("wardline", &["devices"]).ok()?;
        list.contains("10.66.0.2").then(|| "10.66.0.2 is in it".to_owned())
    });
    let log = || fs::read_to_string(fresh.path(LOG)).unwrap_or_default();
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
