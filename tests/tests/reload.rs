//! Configurations that change while the agent runs: whole or not at all, and traffic is counted
//! meanwhile.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Settings, executable, wait_until};
use tests::frames::{FrameGenerator, SeededRandom};
use tests::lab::Lab;
use tests::{fetch, sweep};

const PATIENCE: Duration = Duration::from_secs(30);
const SUCCESSFUL: &str = "wardline_config_last_reload_successful";
const SUCCESS: &str = "wardline_config_last_reload_success_timestamp_seconds";

/// Tables in which the same number stands in three places.
fn tables(number: u64) -> String {
    let month = jiff::SignedDuration::from_hours(24 * 30);
    let until = jiff::Timestamp::now().checked_add(month).unwrap();
    let until = format!("until = \"{until:.0}\"\n");
    format!(
        "[[suppression]]\nrule = \"smb1_in_use\"\nowner = \"first\"\nreason = \"{number}\"\n{until}\n\
         [[role]]\nname = \"ward\"\naddresses = [\"10.20.0.0/16\"]\n\n\
         [[threshold]]\nid = \"T-1\"\nname = \"peers\"\nmetric = \"distinct_peers\"\n\
         limit = 50\nwindow = \"30s\"\nseverity = \"low\"\n\n\
         [detection.beaconing]\nseverity = \"high\"\n\n\
         [[suppression]]\nrule = \"rogue_router\"\nrole = \"ward\"\nowner = \"second\"\n\
         reason = \"{number}\"\n{until}\n[alerts]\nper_minute = 60\n\n\
         [[suppression]]\nrule = \"new_device\"\nowner = \"third\"\nreason = \"{number}\"\n{until}"
    )
}

/// The numbers that are in force.
fn in_force(agent: &Agent) -> Vec<(String, String)> {
    let mut command = std::process::Command::new(executable().unwrap());
    command.args(["alerts", "suppressions", "-o", "json", "--socket"]).arg(agent.socket());
    let output = command.output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let suppressions = answer["suppressions"].as_array().unwrap().iter();
    suppressions.map(|each| (text(&each["owner"]), text(&each["reason"]))).collect()
}

/// Breaks some of the text, or changes it so that it may still be right.
fn mutate(text: &str, random: &mut SeededRandom) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = random.below(lines.len());
    match random.below(5) {
        0 => drop(lines.remove(line)),
        1 => lines.insert(line, lines[line].clone()),
        2 => lines[line] = lines[line].replace('=', " "),
        3 => {
            let mut octets = lines[line].clone().into_bytes();
            if !octets.is_empty() {
                let at = random.below(octets.len());
                octets[at] = 32 + random.below(95) as u8;
            }
            lines[line] = String::from_utf8_lossy(&octets).into_owned();
        }
        // Nothing: it is as it should be.
        _ => {}
    }
    lines.join("\n")
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn hundreds_of_reloads_under_traffic_are_whole_or_nothing() {
    const RELOADS: u64 = 300;
    let lab = Lab::new("reload").unwrap();
    let wire = lab.wire().unwrap();
    let mut settings = Settings::on(&["rx0"]);
    settings.more = tables(0);
    let agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let whole = agent.configuration();
    let head = whole.split_once("[[suppression]]").unwrap().0.to_owned();
    let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut taken, mut refused) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut seed = 0;
            while !stop.load(Ordering::Relaxed) {
                seed += 1;
                let frames = FrameGenerator::new(seed).take(500).map(|specimen| specimen.octets);
                let injected = wire.sender.inject(frames).unwrap().unwrap().sent;
                sent.fetch_add(injected, Ordering::Relaxed);
            }
        });
        let mut random = SeededRandom::new(6);
        let mut before = in_force(&agent);
        for number in 1..=RELOADS {
            let text = head.clone() + &mutate(&tables(number), &mut random);
            let output = agent.reload(Some(&text)).unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let now = in_force(&agent);
            let is_successful = agent.metrics().unwrap().count(SUCCESSFUL, &[]);
            match output.status.code() {
                Some(0) => {
                    taken += 1;
                    assert_eq!(is_successful, 1);
                    let old = before.iter().filter(|each| now.contains(each)).count();
                    assert_eq!(old, 0, "something of the old one is in force: {text}\n{now:?}");
                    // One line was changed: at least two of the three are as they were written.
                    let number = number.to_string();
                    let new = now.iter().filter(|(_, reason)| *reason == number).count();
                    assert!(new >= 2, "{text}\n{now:?}");
                }
                Some(2) => {
                    refused += 1;
                    assert_eq!(is_successful, 0, "{said}");
                    assert!(said.contains("wardline.toml:"), "file and line: {said}");
                    assert_eq!(now, before, "something of a refused file is in force: {text}");
                }
                code => panic!("{code:?}: {said}"),
            }
            before = now;
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(taken > 50 && refused > 50, "{taken} taken, {refused} refused");
    let sent = sent.load(Ordering::Relaxed);
    let counted =
        wait_until(PATIENCE, || (agent.metrics().unwrap().received() == sent).then_some(()));
    assert!(counted.is_some(), "{} of {sent} frames", agent.metrics().unwrap().received());
    let log = agent.log();
    assert!(!log.contains("panicked"), "{log}");
    println!("{taken} of {RELOADS} configurations taken, {refused} refused, {sent} frames counted");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn an_alert_goes_on_over_a_reload_and_a_bad_file_changes_nothing() {
    let lab = Lab::new("again").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    wire.sender.inject(sweep::probes(50)).unwrap().unwrap();
    let firing = |agent: &Agent| -> Vec<u64> {
        let alerts = agent.list("alerts").unwrap();
        let own = alerts.iter().filter(|alert| alert["alert"]["name"] == "smb_fan_out");
        own.filter_map(|alert| alert["alert"]["instance"].as_u64()).collect()
    };
    let before = wait_until(PATIENCE, || {
        let found = firing(&agent);
        (!found.is_empty()).then_some(found)
    });
    let (before, _) = before.unwrap_or_else(|| panic!("{:?}", agent.ask("alerts")));
    let first = agent.metrics().unwrap().get(SUCCESS, &[]).unwrap();

    // By signal, which also has the events file opened anew.
    let moved = agent.directory().join("moved.jsonl");
    std::fs::rename(agent.events_path(), &moved).unwrap();
    agent.settings_mut().more = "[alerts]\nper_minute = 30\n".to_owned();
    let text = agent.configuration();
    std::fs::write(agent.directory().join("wardline.toml"), text).unwrap();
    agent.signal(libc::SIGHUP).unwrap();
    let reloaded = wait_until(PATIENCE, || {
        (agent.metrics().unwrap().get(SUCCESS, &[]).unwrap() > first).then_some(())
    });
    assert!(reloaded.is_some());
    assert!(wait_until(PATIENCE, || agent.events_path().exists().then_some(())).is_some());
    assert_eq!(firing(&agent), before);

    // What is wrong is told with its place, and nothing has changed.
    let output = agent.reload(Some("[alerts]\nper_minut = 5\n")).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("wardline.toml:2:1: ") && said.contains("`per_minute`"), "{said}");
    assert_eq!(agent.metrics().unwrap().count(SUCCESSFUL, &[]), 0);
    assert!(agent.log().contains("wardline.toml:2:1"));
    assert_eq!(firing(&agent), before);

    // What needs a restart is named.
    agent.settings_mut().endpoints = 4096;
    let output = agent.reload(None).unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("`capture`"), "{said}");
    assert_eq!(agent.metrics().unwrap().count(SUCCESSFUL, &[]), 1);

    // Another port: the new one answers, the old one does not.
    let old = std::net::SocketAddr::from(([127, 0, 0, 1], tests::agent::WEB_PORT));
    agent.settings_mut().web_port = 9_500;
    assert!(agent.reload(None).unwrap().status.success());
    assert_eq!(agent.fetch("/-/healthy").unwrap().0, 200);
    let answer = wire.receiver.namespace.in_namespace(|| fetch::fetch(old, "/metrics")).unwrap();
    assert!(answer.is_err(), "{answer:?}");
    // An address that cannot be had leaves everything as it is.
    agent.settings_mut().web = "insecure_allow = true".to_owned();
    let text = agent.configuration().replace("127.0.0.1:9500", "192.0.2.250:9500");
    assert_eq!(agent.reload(Some(&text)).unwrap().status.code(), Some(2));
    assert_eq!(agent.fetch("/-/healthy").unwrap().0, 200);
    assert_eq!(firing(&agent), before);
}
