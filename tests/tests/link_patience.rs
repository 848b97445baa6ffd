//! A link that does not survive that the program is attached to it gets its network back.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Settings, executable, wait_until};
use tests::frames::{FrameGenerator, MacAddress};
use tests::lab::{Lab, Port, Wire};
use tests::soak::Behind;

const PATIENCE: Duration = Duration::from_secs(40);
/// Several looks of the keeper, which has two a second.
const SOME_LOOKS: Duration = Duration::from_secs(3);

fn settings(interfaces: &[&str], patience: &str) -> Settings {
    let capture = format!("link_patience = \"{patience}\"");
    Settings { persist: true, capture, ..Settings::on(interfaces) }
}

fn set(port: &Port, state: &str) {
    port.namespace.ip(&["link", "set", &port.device, state]).unwrap();
}

fn send(port: &Port, seed: u64, count: usize) -> u64 {
    let frames = FrameGenerator::new(seed).take(count).map(|specimen| specimen.octets);
    let report = port.inject(frames).unwrap().unwrap();
    assert_eq!(report.sent, count as u64, "{:?}", report.refused);
    report.sent
}

fn until(what: &str, look: impl Fn() -> bool) {
    assert!(wait_until(PATIENCE, || look().then_some(())).is_some(), "not: {what}");
}

fn has_program(port: &Port) -> bool {
    let answer = port.namespace.ip(&["-json", "link", "show", "dev", &port.device]).unwrap();
    let links: Value = serde_json::from_str(&answer).unwrap();
    links[0].get("xdp").is_some()
}

fn frames_on(agent: &Agent, interface: &str) -> u64 {
    agent.metrics().unwrap().count("wardline_interface_frames_total", &[("interface", interface)])
}

fn held_off(agent: &Agent, interface: &str) -> bool {
    let labels = [("interface", interface)];
    agent.metrics().unwrap().get("wardline_interface_held_off", &labels) == Some(1.0)
}

/// Marks of one kind below the pins.
fn marks(agent: &Agent, prefix: &str) -> usize {
    let entries = fs::read_dir(agent.pin_directory()).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix)).count()
}

/// Status, standard output and standard error of a command on this agent.
fn command(agent: &Agent, wire: &Wire, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = wire.receiver.namespace.command(executable().unwrap());
    command.args(words).arg("--config").arg(agent.directory().join("wardline.toml"));
    let output = command.output().unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Starts an agent and takes the link's other end down as soon as the program is on it.
fn attach_and_lose(wire: &Wire, settings: Settings) -> Agent {
    let agent = Agent::launch(&wire.receiver.namespace, settings).unwrap();
    until("attached", || has_program(&wire.receiver));
    set(&wire.sender, "down");
    agent
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_link_that_does_not_come_back_loses_the_program_and_waits_for_a_word() {
    let lab = Lab::new("harmed").unwrap();
    let wire = lab.wire().unwrap();
    let (here, there) = (&wire.sender.namespace, &wire.receiver.namespace);
    let sender = Port::new(here, "tx1", MacAddress::vendor(0x02_574c, 3));
    let other = Port::new(there, "rx1", MacAddress::vendor(0x02_574c, 4));
    lab.veth(&sender, &other).unwrap();
    let mut behind = Behind::of(&wire.receiver).unwrap();
    let mut agent = attach_and_lose(&wire, settings(&["rx0", "rx1"], "5s"));
    agent.wait_until_healthy().unwrap();
    until("taken off", || !has_program(&wire.receiver));
    let log = agent.log();
    for part in ["lost its carrier", "did not come back within 5s", "`wardline attach rx0`"] {
        assert!(log.contains(part), "{part} is not in: {log}");
    }
    until("in the metrics", || held_off(&agent, "rx0"));
    assert!(!held_off(&agent, "rx1"));
    assert_eq!(agent.metrics().unwrap().count("wardline_interfaces_missing", &[]), 1);
    assert_eq!(agent.fetch("/readyz").unwrap().0, 503);
    // The other port was not disturbed, and this one passes frames again.
    let mut on_other = send(&sender, 1, 500);
    until("the other port counts", || frames_on(&agent, "rx1") == on_other);
    set(&wire.sender, "up");
    until("the link is up", || {
        there.ip(&["link", "show", "dev", "rx0"]).unwrap().contains("LOWER_UP")
    });
    let passed = send(&wire.sender, 2, 500);
    let arrived = wait_until(PATIENCE, || (behind.frames().unwrap() == passed).then_some(()));
    assert!(arrived.is_some(), "{} of {passed} frames passed", behind.frames().unwrap());
    assert_eq!(frames_on(&agent, "rx0"), 0);
    // It is said wherever an operator looks.
    let (code, said, complaint) = command(&agent, &wire, &["status"]);
    assert_eq!(code, Some(3), "{complaint}");
    assert!(said.contains("held off   rx0 since"), "{said}");
    assert!(complaint.contains("`wardline attach rx0`"), "{complaint}");
    let (_, said, _) = command(&agent, &wire, &["ifaces", "rx0"]);
    assert!(said.contains("wardline attach rx0"), "{said}");
    let (_, said, _) = command(&agent, &wire, &["doctor"]);
    let line = said.lines().find(|line| line.contains("did not come back")).unwrap_or_default();
    assert!(line.starts_with("fail  xdp rx0"), "{said}");
    // Nothing is attached again of itself: not now that the link is up, and not by another agent.
    thread::sleep(SOME_LOOKS);
    assert!(!has_program(&wire.receiver));
    agent.kill().unwrap();
    agent.launch_again().unwrap();
    agent.wait_until_healthy().unwrap();
    thread::sleep(SOME_LOOKS);
    assert!(!has_program(&wire.receiver) && has_program(&other));
    until("in its metrics too", || held_off(&agent, "rx0"));
    // One word is enough.
    let (code, said, complaint) = command(&agent, &wire, &["attach", "rx0"]);
    assert_eq!(code, Some(0), "{complaint}");
    assert!(said.contains("attaches to rx0 again"), "{said}");
    until("attached again", || has_program(&wire.receiver));
    agent.wait_until_ready().unwrap();
    assert!(!held_off(&agent, "rx0"));
    let counted = send(&wire.sender, 3, 500);
    until("it counts", || frames_on(&agent, "rx0") == counted);
    on_other += send(&sender, 4, 500);
    until("so does the other", || frames_on(&agent, "rx1") == on_other);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_link_that_comes_back_in_time_keeps_the_program_and_later_losses_are_not_its_fault() {
    let lab = Lab::new("unharmed").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = attach_and_lose(&wire, settings(&["rx0"], "8s"));
    until("the loss is noticed", || agent.log().contains("lost its carrier"));
    set(&wire.sender, "up");
    until("the trial is over", || marks(&agent, "on-trial-") == 0);
    assert!(has_program(&wire.receiver) && marks(&agent, "held-off-") == 0);
    agent.wait_until_ready().unwrap();
    let mut sent = send(&wire.sender, 1, 500);
    until("it counts", || frames_on(&agent, "rx0") == sent);
    // A port that is unplugged later, also under an agent that took over, keeps the program.
    agent.kill().unwrap();
    agent.settings_mut().capture = "link_patience = \"1s\"".to_owned();
    agent.start_again().unwrap();
    set(&wire.sender, "down");
    thread::sleep(SOME_LOOKS);
    assert!(has_program(&wire.receiver) && marks(&agent, "held-off-") == 0);
    set(&wire.sender, "up");
    sent += send(&wire.sender, 2, 500);
    until("it counts", || frames_on(&agent, "rx0") == sent);
    assert!(!agent.log().contains("took it off"), "{}", agent.log());
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn an_agent_that_is_killed_before_the_link_is_back_leaves_the_trial_to_the_next_one() {
    let lab = Lab::new("leftontrial").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = attach_and_lose(&wire, settings(&["rx0"], "5s"));
    agent.kill().unwrap();
    assert!(has_program(&wire.receiver), "nobody is there to take it off");
    assert_eq!(marks(&agent, "on-trial-"), 1);
    agent.launch_again().unwrap();
    until("taken off", || !has_program(&wire.receiver));
    until("marked", || marks(&agent, "held-off-") == 1 && marks(&agent, "on-trial-") == 0);
    set(&wire.sender, "up");
    // Without an agent the command attaches, and looks after the link itself.
    assert!(agent.stop().unwrap().success());
    let (code, said, complaint) = command(&agent, &wire, &["attach", "rx0"]);
    assert_eq!(code, Some(0), "{complaint}");
    assert!(said.contains("attached to rx0"), "{said}");
    assert_eq!(marks(&agent, "held-off-") + marks(&agent, "on-trial-"), 0);
    agent.start_again().unwrap();
    let sent = send(&wire.sender, 1, 500);
    until("it counts", || frames_on(&agent, "rx0") == sent);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn without_patience_the_program_stays_whatever_the_link_does() {
    let lab = Lab::new("impatient").unwrap();
    let wire = lab.wire().unwrap();
    let agent = attach_and_lose(&wire, settings(&["rx0"], "0s"));
    thread::sleep(SOME_LOOKS);
    assert!(has_program(&wire.receiver) && marks(&agent, "on-trial-") == 0);
}
