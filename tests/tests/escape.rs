//! What stands between a hostile packet and the host: the worker, which reads packets and serves
//! requests, can do nothing but its work, and the keeper, which can, reads neither. Seen from outside
//! and tried from inside, as root and as the user of the service.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::agent::{
    Agent, Scratch, Settings, WEB_PORT, executable, signal_worker, status_of, wait_until, wardline,
    worker_of,
};
use tests::fetch::fetch;
use tests::frames::FrameGenerator;
use tests::lab::{ChildGuard, Lab, Namespace};

const PATIENCE: Duration = Duration::from_secs(60);
/// CAP_NET_ADMIN, CAP_PERFMON and CAP_BPF.
const THREE: &str = "000000c000001000";
const NONE: &str = "0000000000000000";
const NOBODY: u32 = 65_534;

/// The numbers of errors that mean "no".
const REFUSALS: [i64; 2] = [libc::EPERM as i64, libc::EACCES as i64];

fn worker(keeper: u32) -> u32 {
    wait_until(PATIENCE, || worker_of(keeper)).expect("the keeper has a worker").0
}

/// Capabilities by set; `bounds` is what the bounding set may be.
fn assert_confined(process: u32, capabilities: &str, bounds: &str) {
    let status = status_of(process);
    let field = |name: &str| status.get(name).map_or("", String::as_str);
    for (set, wanted) in [
        ("CapEff", capabilities),
        ("CapPrm", capabilities),
        ("CapInh", NONE),
        ("CapAmb", NONE),
        ("CapBnd", bounds),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
    ] {
        assert_eq!(field(set), wanted, "{set} of process {process}: {status:?}");
    }
}

/// The service's user: a keeper with three capabilities and no other right.
struct Service {
    namespace: Namespace,
    scratch: Scratch,
    pins: PathBuf,
}

impl Service {
    fn prepare(namespace: &Namespace) -> Self {
        let scratch = Scratch::make("service").unwrap();
        let pins = Path::new("/sys/fs/bpf").join(format!("wl-test-{}-service", std::process::id()));
        let copy = scratch.join("wardline");
        fs::copy(executable().unwrap(), &copy).unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        let place = scratch.path().display();
        let file = format!(
            "[capture]\ninterfaces = [\"rx0\"]\npin_directory = {:?}\n\
             [agent]\nstate_directory = \"{place}/own/state\"\nsandbox = \"strict\"\n\
             user = \"root\"\nsocket = \"{place}/own/wardline.sock\"\n[events]\npath = \"{place}/own/events.jsonl\"\n",
            pins.display().to_string()
        );
        let file = scratch.write("wardline.toml", file).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for directory in [&scratch.join("own"), &pins] {
            fs::create_dir(directory).unwrap();
            std::os::unix::fs::chown(directory, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        Self { namespace: namespace.clone(), scratch, pins }
    }

    /// `wardline run` with what the unit gives it.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.namespace.command("setpriv");
        let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
        let three = "-all,+bpf,+net_admin,+perfmon";
        command.args(user).args(["--clear-groups", "--inh-caps", three, "--ambient-caps", three]);
        command.args(["--bounding-set", three]).arg(self.scratch.join("wardline"));
        command.args(["run", "--config"]).arg(self.scratch.join("wardline.toml")).args(words);
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    fn log(&self) -> String {
        fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let pins = self.pins.display().to_string();
        let output = wardline(&["detach", "--pin-directory", &pins]).unwrap();
        if !output.status.success() {
            eprintln!("laboratory: {pins} stays");
        }
    }
}

fn is_ready(namespace: &Namespace) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, WEB_PORT));
    let answer = namespace.in_namespace(|| fetch(address, "/readyz")).unwrap();
    answer.is_ok_and(|(status, _)| status == 200)
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn keeper_has_three_capabilities_and_the_worker_none() {
    let lab = Lab::new("caps").unwrap();
    let wire = lab.wire().unwrap();
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    assert_confined(agent.id(), THREE, NONE);
    let worker = worker(agent.id());
    assert_confined(worker, NONE, NONE);
    // It reads the tables without a descriptor by which it could write them.
    let open = fs::read_dir(format!("/proc/{worker}/fd")).unwrap().flatten();
    let open: Vec<String> = open
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .map(|to| to.display().to_string())
        .collect();
    assert!(open.len() > 5 && !open.iter().any(|to| to.contains("bpf")), "{open:?}");
    let metrics = agent.metrics().unwrap();
    for part in ["capabilities", "files", "system_calls"] {
        let is_confined = metrics.get("wardline_worker_confined", &[("part", part)]);
        assert_eq!(is_confined, Some(1.0), "{part}");
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn service_runs_as_its_user_with_three_capabilities_and_strictly_confined() {
    let lab = Lab::new("service").unwrap();
    let wire = lab.wire().unwrap();
    let service = Service::prepare(&wire.receiver.namespace);
    let log = fs::File::create(service.scratch.join("log")).unwrap();
    let manager = service.scratch.join("own/notify");
    let notified = UnixDatagram::bind(&manager).unwrap();
    fs::set_permissions(&manager, fs::Permissions::from_mode(0o777)).unwrap();
    notified.set_nonblocking(true).unwrap();
    let mut command = service.command(&[]);
    command.stdout(Stdio::null()).stderr(log).env("NOTIFY_SOCKET", &manager);
    let mut keeper = ChildGuard::start(&mut command).unwrap();
    let ready = wait_until(PATIENCE, || is_ready(&service.namespace).then_some(()));
    assert!(ready.is_some(), "{}", service.log());
    // What is left in the bounding set nobody can gain: no_new_privs.
    assert_confined(keeper.id(), THREE, THREE);
    let worker = worker(keeper.id());
    assert_confined(worker, NONE, THREE);
    assert!(service.log().contains("is for root to start"), "{}", service.log());
    for process in [keeper.id(), worker] {
        let status = status_of(process);
        assert!(status["Uid"].starts_with("65534"), "{}", status["Uid"]);
    }
    let frames = FrameGenerator::new(9).take(1_000).map(|specimen| specimen.octets);
    let sent = wire.sender.inject(frames).unwrap().unwrap().sent;
    let page = || {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, WEB_PORT));
        service.namespace.in_namespace(|| fetch(address, "/metrics")).unwrap().unwrap().1
    };
    let line = format!("\nwardline_frames_received_total {sent}\n");
    let counted = wait_until(PATIENCE, || page().contains(&line).then_some(()));
    assert!(counted.is_some(), "{}", service.log());
    assert!(keeper.end().unwrap().success(), "{}", service.log());
    let mut told = String::new();
    let mut message = [0; 512];
    while let Ok(length) = notified.recv(&mut message) {
        told.push_str(&String::from_utf8_lossy(&message[..length]));
    }
    let place = |word: &str| told.find(word).unwrap_or_else(|| panic!("no {word}: {told}"));
    assert!(place("READY=1") < place("WATCHDOG=1") && place("WATCHDOG=1") < place("STOPPING=1"));
    assert!(told.contains("STATUS=counting on 1 interfaces"), "{told}");
}

/// Whose user may read the memory of a process: root alone of one that is not to be dumped.
fn memory_belongs_to(process: u32) -> u32 {
    fs::metadata(format!("/proc/{process}/mem")).unwrap().uid()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn no_memory_of_the_service_is_its_users_to_read_and_none_goes_to_a_core() {
    let lab = Lab::new("memory").unwrap();
    let wire = lab.wire().unwrap();
    let service = Service::prepare(&wire.receiver.namespace);
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the argument is alive.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) }, 0);
    let here = service.scratch.join("own");
    // What becomes of a process of the same user that nothing protects.
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sleep", "600"]);
    let mut control = ChildGuard::start(command.current_dir(&here)).unwrap();
    let is_its_users = || memory_belongs_to(control.id()) == NOBODY;
    wait_until(PATIENCE, || is_its_users().then_some(())).expect("it has become the user");
    control.signal(libc::SIGABRT).unwrap();
    let ended = control.wait_for(PATIENCE).unwrap().unwrap();
    if !ended.core_dumped() {
        // The memory's owner is looked at all the same.
        println!("NOT RUN: cores of an unprotected process: this machine writes none ({ended})");
    }

    let log = fs::File::create(service.scratch.join("log")).unwrap();
    let mut command = service.command(&[]);
    let mut keeper =
        ChildGuard::start(command.current_dir(&here).stdout(Stdio::null()).stderr(log)).unwrap();
    let mut ends = Vec::new();
    for end in [libc::SIGSEGV, libc::SIGABRT] {
        let ready = wait_until(PATIENCE, || is_ready(&service.namespace).then_some(()));
        assert!(ready.is_some(), "{}", service.log());
        let worker = worker(keeper.id());
        assert_eq!([keeper.id(), worker].map(memory_belongs_to), [0, 0]);
        // Again and again: Rust's own handler takes the first SIGSEGV for a fault that will recur.
        let replaced = || match worker_of(keeper.id()) {
            Some(now) if now == worker => {
                signal_worker(worker, end).unwrap();
                None
            }
            next => next,
        };
        wait_until(PATIENCE, replaced).expect("another worker takes over");
        ends.push(worker);
    }
    keeper.signal(libc::SIGABRT).unwrap();
    let ended = keeper.wait_for(PATIENCE).unwrap().unwrap();
    assert!(ended.signal() == Some(libc::SIGABRT) && !ended.core_dumped(), "{ended}");
    let said = service.log();
    for word in ["SIGSEGV", "SIGABRT"] {
        assert!(said.contains(word), "{said}");
    }
    assert!(!said.contains("core dumped"), "{said}");
    println!("workers {ends:?} and keeper {}: no core", keeper.id());
}

/// What a worker must be able to do: so the probe tells yes from no.
const ITS_WORK: [&str; 3] = ["write_own_state", "read_table", "resolve_name"];

/// What the probe found, from an agent started by `command`.
fn probed(mut command: Command) -> Value {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let found = said.lines().find_map(|line| serde_json::from_str(line).ok());
    found.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)))
}

fn assert_no_escape(found: &Value) {
    println!("{found:#}");
    let attempts = found["attempts"].as_object().unwrap();
    for own in ITS_WORK {
        assert_eq!(attempts[own], "permitted", "{own}");
    }
    let mut refused = 0;
    for (attempt, outcome) in attempts {
        if ITS_WORK.contains(&attempt.as_str()) {
            continue;
        }
        let error = outcome.as_i64();
        assert!(error.is_some_and(|error| REFUSALS.contains(&error)), "{attempt}: {outcome}");
        refused += 1;
    }
    assert!(refused >= 22, "{refused} attempts");
}

/// What the probe of an agent finds that root starts to run as `user`.
fn probed_as(user: &str, purpose: &str) -> Value {
    let lab = Lab::new(purpose).unwrap();
    let wire = lab.wire().unwrap();
    let scratch = Scratch::make("probe").unwrap();
    let place = scratch.path().display();
    let file = format!(
        "[capture]\ninterfaces = [\"rx0\"]\npersist = false\n\
         pin_directory = \"/sys/fs/bpf/wl-test-{}-probe\"\n\
         [agent]\nuser = {user:?}\nstate_directory = \"{place}/own/state\"\nsocket = \"{place}/own/wardline.sock\"\n",
        std::process::id()
    );
    let file = scratch.write("wardline.toml", file).unwrap();
    let mut command = wire.receiver.namespace.command(executable().unwrap());
    command.args(["run", "--probe", "--config"]).arg(file).stdin(Stdio::null());
    probed(command)
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn worker_of_root_cannot_break_out() {
    assert_no_escape(&probed_as("root", "probe"));
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn worker_of_a_user_that_root_became_cannot_break_out() {
    let found = probed_as("nobody", "probe3");
    assert_eq!(found["status"]["Uid"], "65534\t65534\t65534\t65534");
    assert_no_escape(&found);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn worker_of_the_service_cannot_break_out() {
    let lab = Lab::new("probe2").unwrap();
    let wire = lab.wire().unwrap();
    let service = Service::prepare(&wire.receiver.namespace);
    assert_no_escape(&probed(service.command(&["--probe"])));
}
