//! What an operator types before, beside and after the agent: `status`, `ifaces`, `attach`,
//! `detach`, `doctor`.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Scratch, Settings, executable, wait_until, wardline};
use tests::frames::FrameGenerator;
use tests::lab::{Lab, Namespace, Wire};

const PATIENCE: Duration = Duration::from_secs(15);
const DEGRADED: Option<i32> = Some(3);

/// Status, standard output and standard error of a command in a namespace.
fn run(namespace: &Namespace, words: &[&str]) -> (Option<i32>, String, String) {
    let output = namespace.command(executable().unwrap()).args(words).output().unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn json(namespace: &Namespace, words: &[&str]) -> (Option<i32>, Value) {
    let (code, said, complaint) = run(namespace, &[words, &["-o", "json"]].concat());
    let value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}\n{complaint}"));
    (code, value)
}

fn send(wire: &Wire, seed: u64, count: usize) -> u64 {
    let frames = FrameGenerator::new(seed).take(count).map(|specimen| specimen.octets);
    wire.sender.inject(frames).unwrap().unwrap().sent
}

/// A configuration file with pins and socket of its own, which are removed with the test.
struct Site {
    scratch: Scratch,
    pins: PathBuf,
}

impl Site {
    fn make(name: &str) -> Self {
        let scratch = Scratch::make(name).unwrap();
        let pins = PathBuf::from(format!("/sys/fs/bpf/wl-test-{}-{name}", std::process::id()));
        let place = scratch.path().display();
        let content = format!(
            "[capture]\ninterfaces = [\"rx0\"]\npin_directory = {:?}\nmemory = \"4MiB\"\n\
             [agent]\nuser = \"root\"\nstate_directory = \"{place}\"\n\
             socket = \"{place}/wardline.sock\"\n",
            pins.display().to_string()
        );
        scratch.write("wardline.toml", content).unwrap();
        Self { scratch, pins }
    }

    fn file(&self) -> String {
        self.scratch.join("wardline.toml").display().to_string()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if self.pins.exists() {
            let pins = self.pins.display().to_string();
            drop(wardline(&["detach", "--pin-directory", &pins]));
        }
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn attached_without_an_agent_it_counts_and_the_agent_takes_over() {
    let lab = Lab::new("attach").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let site = Site::make("attach");
    let file = site.file();
    let (code, status) = json(namespace, &["status", "--config", &file]);
    assert_eq!((code, &status["attached"]), (DEGRADED, &Value::Bool(false)), "{status}");
    let (code, said, complaint) = run(namespace, &["attach", "--config", &file]);
    assert_eq!(code, Some(0), "{complaint}");
    assert!(said.contains("attached to rx0 (native)"), "{said}");

    let sent = send(&wire, 1, 5_000);
    let balanced = || {
        let (code, status) = json(namespace, &["status", "--config", &file]);
        let frames = &status["books"]["frames"];
        let is_closed = frames["received"] == sent && frames["on_their_way"] == 0;
        is_closed.then_some((code, status))
    };
    let ((code, status), _) =
        wait_until(PATIENCE, balanced).expect("the books are read and balance");
    // Nobody reads them, which is said.
    assert_eq!((code, &status["wrong"][0]), (DEGRADED, &Value::from("no agent answers")));
    assert_eq!(status["schema"], "wardline/status/v1");
    let link = &status["links"][0];
    assert_eq!((&link["interface"], &link["mode"]), (&"rx0".into(), &"native".into()), "{link}");
    assert!(link["program"]["name"].as_str().unwrap().starts_with("wardline"), "{link}");
    assert!(link["pinned"].is_string() && link["program"]["tag"].is_string(), "{link}");
    let frames = &status["books"]["frames"];
    let of = |name: &str| frames[name].as_u64().unwrap();
    assert_eq!(of("received") + of("encapsulated"), of("counted") + of("undissected") + of("lost"));

    // Named again, it takes its own place; the counts stay.
    let (code, said, _) = run(namespace, &["attach", "rx0", "--config", &file]);
    assert!(code == Some(0) && said.contains("took over"), "{said}");
    assert_eq!(
        json(namespace, &["status", "--config", &file]).1["books"]["frames"]["received"],
        sent
    );
    let (code, said, _) = run(namespace, &["detach", "rx0", "--config", &file]);
    assert!(code == Some(0) && said.contains("detached from rx0"), "{said}");
    // One interface less; the counts are kept until everything is taken off.
    let status = json(namespace, &["status", "--config", &file]).1;
    assert_eq!(
        (&status["attached"], &status["books"]["frames"]["received"]),
        (&false.into(), &sent.into())
    );
    let (code, said, _) = run(namespace, &["detach", "--config", &file]);
    assert!(code == Some(0) && said.contains("gone"), "{said}");
    assert!(!site.pins.exists());
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_running_agent_is_seen_by_status_and_respected_by_attach_and_detach() {
    let lab = Lab::new("status").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let settings = Settings { persist: true, ..Settings::on(&["rx0"]) };
    let mut agent = Agent::start(namespace, settings).unwrap();
    let file = agent.directory().join("wardline.toml").display().to_string();
    let (code, status) = json(namespace, &["status", "--config", &file]);
    assert_eq!((code, &status["wrong"]), (Some(0), &Value::Array(Vec::new())), "{status}");
    let holders = status["links"][0]["program"]["held_by"].to_string();
    assert!(holders.contains(&agent.id().to_string()), "{holders}");
    let (_, text, _) = run(namespace, &["status", "--config", &file]);
    println!("{text}");
    assert!(text.contains("rx0 native since"), "{text}");
    for words in [["attach", "rx0"], ["detach", "rx0"]] {
        let (code, _, said) = run(namespace, &[&words[..], &["--config", &file]].concat());
        assert!(code == Some(1) && said.contains("an agent answers"), "{said}");
    }
    assert!(json(namespace, &["status", "--config", &file]).1["attached"] == true);
    agent.kill().unwrap();
    let (code, status) = json(namespace, &["status", "--config", &file]);
    assert_eq!((code, &status["attached"]), (DEGRADED, &Value::Bool(true)));
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn interfaces_are_listed_with_what_holds_them_and_what_to_type() {
    let lab = Lab::new("ifaces").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let site = Site::make("ifaces");
    let file = site.file();
    namespace.ip(&["link", "set", "rx0", "down"]).unwrap();
    let listed = || {
        let (code, answer) = json(namespace, &["ifaces", "rx0", "--config", &file]);
        assert_eq!((code, &answer["schema"]), (Some(0), &"wardline/ifaces/v1".into()));
        answer["interfaces"][0].clone()
    };
    let down = listed();
    assert_eq!((&down["driver"], &down["up"]), (&"veth".into(), &false.into()), "{down}");
    let warnings = down["warnings"].to_string();
    for part in ["ip link set dev rx0 up", "virtual"] {
        assert!(warnings.contains(part), "{part} is not in {warnings}");
    }
    namespace.ip(&["link", "set", "rx0", "up", "mtu", "3000"]).unwrap();
    namespace.run("ethtool", &["-K", "rx0", "rxvlan", "on"]).unwrap();
    let stripping = listed();
    assert_eq!(stripping["mtu"], 3000);
    // What the kernel says itself of the offload.
    let features = namespace.run("ethtool", &["-k", "rx0"]).unwrap();
    let is_on = features.lines().any(|line| line.starts_with("rx-vlan-offload: on"));
    let warnings = stripping["warnings"].to_string();
    assert_eq!(stripping["offloads"]["vlan_stripping"]["on"], is_on, "{features}");
    assert_eq!(warnings.contains("ethtool -K rx0 rxvlan off"), is_on, "{warnings}");

    let (code, _, complaint) = run(namespace, &["attach", "rx0", "--config", &file]);
    assert_eq!(code, Some(0), "{complaint}");
    let held = listed();
    assert_eq!((&held["hook"][0]["mode"], &held["configured"]), (&"native".into(), &true.into()));
    assert!(held["holder"]["name"].as_str().unwrap().starts_with("wardline"), "{held}");
    assert!(!held["warnings"].to_string().contains("hook_taken"), "{held}");
    let (code, text, _) = run(namespace, &["ifaces", "--config", &file]);
    assert!(code == Some(0) && text.contains("rx0*") && text.contains("lo "), "{text}");
    let (code, _, said) = run(namespace, &["ifaces", "rx9", "--config", &file]);
    assert!(code == Some(1) && said.contains("rx9"), "{said}");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn the_doctor_says_line_by_line_what_to_do() {
    let lab = Lab::new("doctor").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let site = Site::make("doctor");
    let file = site.file();
    fs::set_permissions(site.scratch.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .unwrap();
    let checks = |words: &[&str]| {
        let (code, answer) = json(namespace, &[&["doctor", "--config", &file], words].concat());
        assert_eq!(answer["schema"], "wardline/doctor/v1");
        (code, answer)
    };
    let outcome = |answer: &Value, subject: &str| -> Vec<String> {
        let checks = answer["checks"].as_array().unwrap().iter();
        let named = checks.filter(|check| check["subject"] == subject);
        named.map(|check| check["outcome"].as_str().unwrap().to_owned()).collect()
    };
    let (code, answer) = checks(&[]);
    assert_eq!(code, Some(0), "{answer:#}");
    for subject in ["kernel", "bpffs", "capabilities", "memlock", "program", "config", "state"] {
        assert_eq!(outcome(&answer, subject), ["ok"], "{subject}: {answer:#}");
    }
    // No agent runs, which is a warning.
    assert_eq!(outcome(&answer, "agent"), ["warn"]);
    assert_eq!(checks(&["--strict"]).0, DEGRADED);
    namespace.ip(&["link", "set", "rx0", "down"]).unwrap();
    let (code, answer) = checks(&[]);
    assert_eq!(code, DEGRADED);
    assert!(outcome(&answer, "xdp rx0").contains(&"fail".to_owned()), "{answer:#}");
    namespace.ip(&["link", "delete", "rx0"]).unwrap();
    let (code, answer) = checks(&[]);
    assert_eq!((code, outcome(&answer, "interfaces")), (DEGRADED, vec!["fail".to_owned()]));
    site.scratch.write("wardline.toml", "[capture]\ninterfaces = 7\n").unwrap();
    let (code, answer) = checks(&[]);
    assert_eq!((code, outcome(&answer, "config")), (DEGRADED, vec!["fail".to_owned()]));
}

#[test]
#[ignore = "needs root"]
fn the_doctor_says_as_whom_the_agent_runs_and_what_that_user_may_not() {
    let lab = Lab::new("whom").unwrap();
    let wire = lab.wire().unwrap();
    let scratch = Scratch::make("whom").unwrap();
    let place = scratch.path().display().to_string();
    let on_user = |user: &str| -> Vec<(String, String)> {
        let content = format!(
            "[agent]\nuser = {user:?}\nstate_directory = \"{place}/state\"\n\
             socket = \"{place}/run/socket\"\n"
        );
        let file = scratch.write("wardline.toml", content).unwrap().display().to_string();
        let (_, answer) = json(&wire.receiver.namespace, &["doctor", "--config", &file]);
        let checks = answer["checks"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let of_user = checks.filter(|check| check["subject"] == "user");
        of_user
            .map(|check| (text(&check["outcome"]), text(&check["text"]) + &text(&check["remedy"])))
            .collect()
    };
    let is = |found: &(String, String), outcome: &str, said: &str| {
        assert!(found.0 == outcome && found.1.contains(said), "{outcome}, {said}: {found:?}");
    };
    is(&on_user("root")[0], "warn", "stays root");
    is(&on_user("no-such-user")[0], "fail", "useradd --system");
    // What is not there yet the agent makes.
    let [runs] = &on_user("nobody")[..] else { panic!("{:?}", on_user("nobody")) };
    is(runs, "ok", "runs as nobody (uid 65534)");
    fs::create_dir(scratch.join("state")).unwrap();
    let [runs, refused] = &on_user("nobody")[..] else { panic!("{:?}", on_user("nobody")) };
    is(runs, "ok", "runs as nobody (uid 65534)");
    is(refused, "fail", &format!("chown -R nobody: {place}/state"));
}

#[test]
fn commands_that_need_privilege_say_so_and_the_doctor_works_without() {
    let scratch = Scratch::make("plain").unwrap();
    let missing = scratch.join("missing.toml").display().to_string();
    let output = wardline(&["status", "--config", &missing]).unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = wardline(&["doctor", "-o", "json", "--config", &missing]).unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (output.status.code(), &answer["outcome"]),
        (DEGRADED, &"fail".into()),
        "{answer:#}"
    );
    let kernel =
        answer["checks"].as_array().unwrap().iter().find(|check| check["subject"] == "kernel");
    assert!(kernel.is_some_and(|check| check["text"].as_str().unwrap().starts_with("Linux")));
}
