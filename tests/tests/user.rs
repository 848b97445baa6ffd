//! An agent that root starts by hand: both processes run as a user of their own, with what the
//! service has and no more; what it makes is that user's, and what root made before is taken over.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use tests::agent::{
    Metrics, Scratch, WEB_PORT, executable, signal_worker, status_of, wait_until, wardline,
    worker_of,
};
use tests::fetch::fetch;
use tests::frames::FrameGenerator;
use tests::lab::{ChildGuard, Lab, Namespace, Wire};

const PATIENCE: Duration = Duration::from_secs(60);
/// CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF.
const THREE: &str = "000000c000001000";
const NONE: &str = "0000000000000000";
/// A user that every system has.
const NOBODY: u32 = 65_534;

/// Pins, and a place in which the agent makes its directories.
struct Site {
    namespace: Namespace,
    scratch: Scratch,
    pins: PathBuf,
}

impl Site {
    fn make(namespace: &Namespace, purpose: &str) -> Self {
        let scratch = Scratch::make(purpose).unwrap();
        let name = format!("wl-test-{}-{purpose}", std::process::id());
        // An executable that others may execute, wherever the repository lies.
        fs::copy(executable().unwrap(), scratch.join("wardline")).unwrap();
        fs::set_permissions(scratch.join("wardline"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let pins = Path::new("/sys/fs/bpf").join(name);
        Self { namespace: namespace.clone(), scratch, pins }
    }

    fn configure(&self, user: &str) -> PathBuf {
        let place = self.scratch.path().display();
        let file = format!(
            "[capture]\ninterfaces = [\"rx0\"]\npin_directory = {:?}\n\
             [agent]\nstate_directory = \"{place}/state\"\nsandbox = \"strict\"\n\
             socket = \"{place}/run/wardline.sock\"\nuser = {user:?}\n\
             [events]\npath = \"{place}/run/events.jsonl\"\nstats_interval = \"1s\"\n",
            self.pins.display().to_string()
        );
        let file = self.scratch.write("wardline.toml", file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        file
    }

    /// `wardline run` by root, after `before` in the same process.
    fn command(&self, user: &str, before: &[&str]) -> Command {
        let file = self.configure(user);
        let (program, words) = match before {
            [] => (self.scratch.join("wardline"), &[][..]),
            [first, words @ ..] => (PathBuf::from(first), words),
        };
        let mut command = self.namespace.command(program);
        command.args(words);
        if !before.is_empty() {
            command.arg(self.scratch.join("wardline"));
        }
        command.args(["run", "--config"]).arg(file).current_dir("/").stdin(Stdio::null());
        command
    }

    fn refused(&self, user: &str) -> Output {
        self.command(user, &[]).output().unwrap()
    }

    fn start(&self, user: &str, before: &[&str]) -> Running<'_> {
        let path = self.scratch.join("log");
        let log = fs::File::options().create(true).append(true).open(path).unwrap();
        let mut command = self.command(user, before);
        let keeper = ChildGuard::start(command.stdout(Stdio::null()).stderr(log)).unwrap();
        let running = Running { site: self, keeper };
        running.wait_until_ready();
        running
    }

    fn log(&self) -> String {
        fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }

    fn owner(&self, name: &str) -> (u32, u32) {
        let path = self.scratch.join(name);
        let about = fs::metadata(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        (about.uid(), about.gid())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // It is gone after a test that passed.
        let _ = wardline(&["detach", "--pin-directory", &self.pins.display().to_string()]);
    }
}

struct Running<'a> {
    site: &'a Site,
    keeper: ChildGuard,
}

impl Running<'_> {
    fn fetch(&self, path: &str) -> Option<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, WEB_PORT));
        let answer = self.site.namespace.in_namespace(|| fetch(address, path)).unwrap();
        answer.ok().filter(|(status, _)| *status == 200).map(|(_, page)| page)
    }

    fn wait_until_ready(&self) {
        let ready = wait_until(PATIENCE, || self.fetch("/readyz"));
        assert!(ready.is_some(), "{}", self.site.log());
    }

    fn metrics(&self) -> Metrics {
        Metrics::parse(&self.fetch("/metrics").expect("it serves metrics"))
    }

    fn worker(&self) -> u32 {
        wait_until(PATIENCE, || worker_of(self.keeper.id())).expect("the keeper has a worker").0
    }

    /// Waits until everything that was sent is counted.
    fn counts(&self, sent: u64) {
        let counted = wait_until(PATIENCE, || {
            let page = self.fetch("/metrics")?;
            (Metrics::parse(&page).received() == sent).then_some(())
        });
        assert!(counted.is_some(), "{} of {sent}: {}", self.metrics().received(), self.site.log());
    }

    fn stop(mut self) {
        assert!(self.keeper.end().unwrap().success(), "{}", self.site.log());
    }
}

fn send(wire: &Wire, seed: u64) -> u64 {
    let frames = FrameGenerator::new(seed).take(1_000).map(|specimen| specimen.octets);
    wire.sender.inject(frames).unwrap().unwrap().sent
}

/// Both its ids are nobody's, it has no other group, and these capabilities and no others.
fn assert_nobody(process: u32, capabilities: &str) {
    let status = status_of(process);
    let field = |name: &str| status.get(name).map_or("", String::as_str);
    let ids = [NOBODY; 4].map(|id| id.to_string()).join("\t");
    for (line, wanted) in [
        ("Uid", ids.as_str()),
        ("Gid", ids.as_str()),
        ("Groups", ""),
        ("CapEff", capabilities),
        ("CapPrm", capabilities),
        ("CapInh", NONE),
        ("CapAmb", NONE),
        ("CapBnd", NONE),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
    ] {
        assert_eq!(field(line), wanted, "{line} of process {process}: {status:?}");
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn agent_that_root_starts_runs_as_its_user_with_what_the_service_has() {
    let lab = Lab::new("user").unwrap();
    let wire = lab.wire().unwrap();
    let site = Site::make(&wire.receiver.namespace, "user");
    let agent = site.start("nobody", &[]);
    assert_nobody(agent.keeper.id(), THREE);
    let first = agent.worker();
    assert_nobody(first, NONE);
    let sent = send(&wire, 21);
    agent.counts(sent);
    for made in ["state", "state/wardline.db", "run", "run/wardline.sock", "run/events.jsonl"] {
        assert_eq!(site.owner(made), (NOBODY, NOBODY), "{made}");
    }
    let written = wait_until(PATIENCE, || {
        let events = fs::read_to_string(site.scratch.join("run/events.jsonl")).ok()?;
        events.lines().find(|line| line.contains("\"stats\"")).map(str::len)
    });
    assert!(written.is_some(), "events are written");
    signal_worker(first, libc::SIGKILL).unwrap();
    let next = wait_until(PATIENCE, || worker_of(agent.keeper.id()).filter(|next| *next != first));
    let next = next.expect("another worker takes over").0;
    agent.wait_until_ready();
    assert_nobody(next, NONE);
    let sent = sent + send(&wire, 22);
    agent.counts(sent);
    assert_eq!(agent.metrics().count("wardline_worker_restarts_total", &[]), 1);
    agent.stop();
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_user_takes_over_from_root_and_from_itself_and_detach_takes_all_off() {
    let lab = Lab::new("heirs").unwrap();
    let wire = lab.wire().unwrap();
    let site = Site::make(&wire.receiver.namespace, "heirs");
    let agent = site.start("root", &[]);
    let mut sent = send(&wire, 31);
    agent.counts(sent);
    agent.stop();
    let owner = |path: &Path| fs::metadata(path).unwrap().uid();
    assert_eq!(owner(&site.pins), 0);
    // What root has written is not taken without being asked; what to type is said, and does.
    let refused = site.refused("nobody");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{said}");
    let typed: Vec<&str> =
        said.lines().filter_map(|line| Some(line.split_once("): ")?.1)).collect();
    assert!(typed.iter().any(|line| line.starts_with("chown -R nobody: ")), "{said}");
    for line in typed {
        assert!(line.starts_with("chown "), "{line}");
        assert!(Command::new("sh").args(["-c", line]).status().unwrap().success(), "{line}");
    }
    assert_eq!(owner(&site.pins), 0, "an agent that does not start touches no pin");
    for seed in [32, 33] {
        sent += send(&wire, seed);
        let agent = site.start("nobody", &[]);
        assert_nobody(agent.keeper.id(), THREE);
        assert_eq!(agent.metrics().count("wardline_epoch_resumed", &[]), 1);
        agent.counts(sent);
        agent.stop();
        let pins = fs::read_dir(&site.pins).unwrap().map(|entry| entry.unwrap().path());
        let pins: Vec<_> = pins.chain([site.pins.clone()]).collect();
        assert!(pins.len() > 10 && pins.iter().all(|pin| owner(pin) == NOBODY), "{pins:?}");
    }
    let output =
        wardline(&["detach", "--pin-directory", &site.pins.display().to_string()]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!site.pins.exists());
}

/// A service manager mounts the BPF file system so that only root may pass it.
#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn pins_of_a_user_are_reached_where_the_file_system_was_roots_alone() {
    let lab = Lab::new("pass").unwrap();
    let wire = lab.wire().unwrap();
    let site = Site::make(&wire.receiver.namespace, "pass");
    let script = "mount -t bpf -o mode=700 none /sys/fs/bpf && exec \"$@\"";
    let agent = site.start("nobody", &["unshare", "--mount", "sh", "-c", script, "sh"]);
    assert_nobody(agent.keeper.id(), THREE);
    let keeper = agent.keeper.id().to_string();
    let within = |words: &[&str]| {
        let output = Command::new("nsenter").args(["-m", "-t", &keeper]).args(words).output();
        String::from_utf8_lossy(&output.unwrap().stdout).trim().to_owned()
    };
    // Passable, and sticky, as the kernel makes it.
    assert_eq!(within(&["stat", "-c", "%a %u", "/sys/fs/bpf"]), "1701 0");
    let removed = site.pins.join("FLOWS");
    within(&["rm", &removed.display().to_string()]);
    let again = wait_until(PATIENCE, || {
        let page = agent.fetch("/metrics")?;
        (Metrics::parse(&page).count("wardline_pins_restored_total", &[]) == 1).then_some(())
    });
    assert!(again.is_some(), "{}", site.log());
    assert_eq!(within(&["stat", "-c", "%u", &removed.display().to_string()]), NOBODY.to_string());
    agent.stop();
}

/// What the unit has root do beforehand, for nobody and other pins.
fn preparations_of_the_unit(pins: &Path) -> String {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/wardline.service");
    let unit = fs::read_to_string(unit).unwrap();
    let commands = unit.lines().filter_map(|line| line.strip_prefix("ExecStartPre=+"));
    let commands: Vec<&str> = commands.collect();
    assert!(commands.len() >= 3, "{commands:?}");
    let commands =
        commands.join(" && ").replace("/sys/fs/bpf/wardline", &pins.display().to_string());
    let id = NOBODY.to_string();
    commands
        .replace("-o wardline -g wardline", &format!("-o {id} -g {id}"))
        .replace("wardline:wardline", &format!("{id}:{id}"))
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn service_reaches_its_pins_where_the_file_system_was_roots_alone() {
    let lab = Lab::new("unit").unwrap();
    let wire = lab.wire().unwrap();
    let site = Site::make(&wire.receiver.namespace, "unit");
    for directory in ["state", "run"] {
        fs::create_dir(site.scratch.join(directory)).unwrap();
        chown(site.scratch.join(directory), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let script = format!(
        "mount -t bpf -o mode=700 none /sys/fs/bpf && {} && exec \"$@\"",
        preparations_of_the_unit(&site.pins)
    );
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    let three = "-all,+bpf,+net_admin,+perfmon";
    let before = ["unshare", "--mount", "sh", "-c", &script, "sh", "setpriv", &user[0], &user[1]];
    let rest = ["--clear-groups", "--inh-caps", three, "--ambient-caps", three];
    let agent = site.start("nobody", &[&before[..], &rest[..]].concat());
    agent.counts(send(&wire, 41));
    assert!(!site.log().contains("is for root to start"), "{}", site.log());
    agent.stop();
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_user_that_is_not_there_is_named_with_its_line_and_what_makes_it() {
    let lab = Lab::new("missing").unwrap();
    let wire = lab.wire().unwrap();
    let site = Site::make(&wire.receiver.namespace, "missing");
    let refused = site.refused("no-such-user");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    let place = format!("{}:8:8: ", site.scratch.join("wardline.toml").display());
    assert!(said.contains(&place) && said.contains("useradd --system"), "{said}");
    assert!(!site.pins.exists() && !site.scratch.join("state").exists());
}
