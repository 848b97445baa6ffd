//! What an operator does about an alert outlives the agent: acknowledgement, suppression, history.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Settings, executable, is_installed, wait_until};
use tests::lab::{Lab, Wire};
use tests::sweep;

const PATIENCE: Duration = Duration::from_secs(20);

/// `wardline alerts` with further words, asked of `agent`.
fn alerts(agent: &Agent, words: &[&str]) -> Output {
    let mut command = Command::new(executable().unwrap());
    command.arg("alerts").args(words).arg("--socket").arg(agent.socket());
    command.stdin(Stdio::null()).output().unwrap()
}

/// What it prints; it must succeed.
fn text(agent: &Agent, words: &[&str]) -> String {
    let output = alerts(agent, words);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{words:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(agent: &Agent, words: &[&str]) -> Value {
    serde_json::from_str(&text(agent, &[words, &["--output", "json"]].concat())).unwrap()
}

/// Five minutes in which the alert fires on.
fn settings() -> Settings {
    let more = "[[threshold]]\nid = \"WL-002\"\nname = \"smb_fan_out\"\nscope = \"all\"\n\
        metric = \"distinct_peers\"\nlimit = 10.0\nwindow = \"5m\"\nseverity = \"critical\"\n\
        protocol = \"tcp\"\ndestination_ports = [139, 445]\n";
    Settings { more: more.to_owned(), ..Settings::on(&["rx0"]) }
}

fn sweep(wire: &Wire) {
    assert_eq!(wire.sender.inject(sweep::probes(40)).unwrap().unwrap().sent, 40);
}

/// The sweep's alert, once it fires.
fn firing(agent: &Agent) -> Value {
    let found = wait_until(PATIENCE, || {
        let listed = agent.list("alerts").unwrap();
        listed.into_iter().find(|entry| entry["alert"]["name"] == "smb_fan_out")
    });
    found.expect("the sweep is alerted").0
}

fn deeds(shown: &Value) -> Vec<String> {
    let history = shown["history"].as_array().unwrap().iter();
    history.map(|line| line["deed"].as_str().unwrap().to_owned()).collect()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn acknowledgement_and_suppression_outlive_the_agent() {
    let lab = Lab::new("alerts").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = Agent::start(&wire.receiver.namespace, settings()).unwrap();
    sweep(&wire);
    let entry = firing(&agent);
    let id = entry["alert"]["instance"].as_u64().unwrap().to_string();
    let story = entry["alert"]["story"].clone();
    assert_eq!(story["stage"], "spread", "{entry}");

    let listed = text(&agent, &["list"]);
    assert!(listed.contains(&format!("STORY {}", story["id"])), "{listed}");
    assert!(listed.contains(&id), "{listed}");
    assert_eq!(text(&agent, &[]), listed, "the list is what is asked for by default");
    let explanation = text(&agent, &["explain", &id]);
    println!("{explanation}");
    for part in ["distinct_peers: 40 (limit 10)", "FLOWS UNDER WAY", "1:", "HISTORY", "fired"] {
        assert!(explanation.contains(part), "{part} is not in\n{explanation}");
    }

    text(&agent, &["ack", &id, "--by", "Ada", "--note", "isolating the host"]);
    let is_known = || {
        let shown = json(&agent, &["show", &id]);
        deeds(&shown).contains(&"acknowledged".to_owned()).then_some(shown)
    };
    let (shown, _) = wait_until(PATIENCE, is_known).expect("the store has it");
    assert_eq!(shown["alert"]["acknowledged"]["by"], "Ada");
    assert_eq!(shown["alert"]["state"], "firing");

    text(&agent, &["suppress", &id, "--by", "Ada", "--reason", "known worm", "--for", "2h"]);
    let is_over = || {
        let events = agent.events("alert");
        events.last().filter(|event| event["alert"]["state"] == "resolved").cloned()
    };
    let (last, _) = wait_until(PATIENCE, is_over).expect("receivers hear that it is over");
    assert_eq!(last["alert"]["withheld"]["cause"], "suppression");
    let count = |agent: &Agent, name: &str, labels: &[(&str, &str)]| {
        agent.metrics().unwrap().count(name, labels)
    };
    let suppressed = [("cause", "suppression")];
    assert_eq!(count(&agent, "wardline_alerts_withheld_total", &suppressed), 1);
    assert_eq!(count(&agent, "wardline_alerts_acknowledged_total", &[]), 1);

    // As a crash ends it, once it is on disk.
    let is_stored = || {
        let shown = json(&agent, &["show", &id]);
        deeds(&shown).contains(&"withheld".to_owned()).then_some(())
    };
    wait_until(PATIENCE, is_stored).expect("the store has it");
    agent.kill().unwrap();
    agent.start_again().unwrap();
    let after = firing(&agent);
    assert_eq!(after["alert"]["instance"], entry["alert"]["instance"], "the same alert");
    assert_eq!(after["alert"]["acknowledged"]["note"], "isolating the host");
    assert_eq!(after["alert"]["withheld"]["reason"], "known worm");
    let told = agent.events("alert").len();
    sweep(&wire);
    let suppressions = json(&agent, &["suppressions"]);
    let number = suppressions["suppressions"][0]["id"].to_string();
    assert_eq!(number, "1", "{suppressions}");
    assert_eq!(agent.events("alert").len(), told, "nobody is told again");

    text(&agent, &["unsuppress", &number]);
    let is_back = || {
        let events = agent.events("alert");
        let last = events.last().cloned().unwrap();
        (events.len() > told && last["alert"]["state"] == "firing").then_some(last)
    };
    let (back, _) = wait_until(PATIENCE, is_back).expect("it still fires, and is told");
    assert_eq!(back["alert"]["instance"], entry["alert"]["instance"]);
    let released = || {
        let shown = json(&agent, &["show", &id]);
        let deeds = deeds(&shown);
        (deeds == ["fired", "acknowledged", "withheld", "released"]).then_some(())
    };
    wait_until(PATIENCE, released).expect("the whole history is there");
    let fired = count(&agent, "wardline_alerts_total", &[("rule", "WL-002")]);
    assert_eq!(fired, 0, "it did not fire anew");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_scan_by_nmap_is_explained_and_what_is_asked_wrongly_is_refused() {
    if !is_installed("nmap") {
        println!(
            "NOT RUN: a_scan_by_nmap_is_explained_and_what_is_asked_wrongly_is_refused: nmap is \
             not installed"
        );
        return;
    }
    let lab = Lab::new("scan").unwrap();
    let wire = lab.wire().unwrap();
    let (scanner, target) = (&wire.sender.namespace, &wire.receiver.namespace);
    scanner.ip(&["address", "add", "10.20.0.99/24", "dev", "tx0"]).unwrap();
    target.ip(&["address", "add", "10.20.0.1/24", "dev", "rx0"]).unwrap();
    let mut agent = Agent::start(target, Settings::on(&["rx0"])).unwrap();
    scanner.run("nmap", &["-n", "-Pn", "-sT", "-p", "1-60", "10.20.0.1"]).unwrap();
    let found = wait_until(PATIENCE, || {
        let listed = agent.list("alerts").unwrap();
        listed.into_iter().find(|entry| entry["alert"]["name"] == "port_scan")
    });
    let entry = found.expect("the scan is alerted").0;
    let id = entry["alert"]["instance"].as_u64().unwrap().to_string();
    assert_eq!(entry["alert"]["story"]["stage"], "recon");
    let explanation = text(&agent, &["explain", &id]);
    assert!(explanation.contains("distinct_destination_ports"), "{explanation}");

    let refused = |words: &[&str]| {
        let output = alerts(&agent, words);
        assert!(!output.status.success(), "{words:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&["show", "7"]).contains("there is no alert 7"));
    assert!(refused(&["ack", "7", "--by", "A", "--note", "b"]).contains("no alert 7 is firing"));
    let everything = refused(&["suppress", "--by", "A", "--reason", "b", "--for", "1h"]);
    assert!(everything.contains("nothing suppresses all alerts"), "{everything}");
    let long = ["suppress", "--rule", "port_scan", "--by", "A", "--reason", "b"];
    let too_long = refused(&[&long[..], &["--until", "2199-01-01T00:00:00Z"]].concat());
    assert!(too_long.contains("at most a year"), "{too_long}");
    assert!(refused(&["unsuppress", "5"]).contains("no suppression 5"));

    agent.stop().unwrap();
    let without = refused(&["explain", &id]);
    assert!(without.contains("no agent answers"), "{without}");
}
