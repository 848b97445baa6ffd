//! A real Alertmanager gets the alert of a sweep, even if it was away when the sweep began, and
//! hears when it is over.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Scratch, Settings, is_installed, wait_until};
use tests::fetch::fetch;
use tests::lab::{ChildGuard, Lab, Namespace};
use tests::sweep;

const PROGRAM: &str = "prometheus-alertmanager";
const ALERTMANAGER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9_093);
const PATIENCE: Duration = Duration::from_secs(40);
/// The built-in rule with a short memory, so that the sweep is soon over.
const SOON_OVER: &str = "[alertmanager]\nurls = [\"http://127.0.0.1:9093\"]\n\n\
    [[threshold]]\nid = \"WL-002\"\nname = \"smb_fan_out\"\nscope = \"all\"\n\
    metric = \"distinct_peers\"\nlimit = 10.0\nwindow = \"5s\"\nseverity = \"critical\"\n\
    protocol = \"tcp\"\ndestination_ports = [139, 445]\ndirection = \"sent\"\n";

fn start_alertmanager(namespace: &Namespace, scratch: &Scratch) -> ChildGuard {
    let configuration =
        "route:\n  receiver: nobody\n  group_wait: 0s\nreceivers:\n- name: nobody\n";
    let file = scratch.write("alertmanager.yml", configuration).unwrap();
    let mut command = namespace.command(PROGRAM);
    command.arg(format!("--config.file={}", file.display()));
    command.arg(format!("--storage.path={}", scratch.join("alertmanager").display()));
    command.arg(format!("--web.listen-address={ALERTMANAGER}"));
    command.arg("--cluster.listen-address=");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ChildGuard::start(&mut command).unwrap()
}

/// The alerts of the sweep that are active; nothing while nobody answers.
fn active(namespace: &Namespace) -> Option<Vec<Value>> {
    let answer = namespace.in_namespace(|| fetch(ALERTMANAGER, "/api/v2/alerts")).unwrap();
    let (status, body) = answer.ok()?;
    let document = body.get(body.find('[')?..=body.rfind(']')?)?;
    let alerts: Vec<Value> = serde_json::from_str(document).ok()?;
    let of_sweep = alerts.into_iter().filter(|alert| alert["labels"]["rule"] == "WL-002");
    (status == 200).then(|| of_sweep.collect())
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn alertmanager_that_was_away_gets_the_alert_and_hears_when_it_is_over() {
    if !is_installed(PROGRAM) {
        println!(
            "NOT RUN: alertmanager_that_was_away_gets_the_alert_and_hears_when_it_is_over: \
             {PROGRAM} is not installed"
        );
        return;
    }
    let lab = Lab::new("alertmgr").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let settings = Settings { more: SOON_OVER.to_owned(), ..Settings::on(&["rx0"]) };
    let agent = Agent::start(namespace, settings).unwrap();
    // Each sweep keeps the alert firing while the Alertmanager starts.
    let sweep = || assert_eq!(wire.sender.inject(sweep::probes(40)).unwrap().unwrap().sent, 40);
    sweep();
    let queued = || agent.metrics().unwrap().count("wardline_alertmanager_queue", &[]);
    let (_, fired) = wait_until(PATIENCE, || (queued() >= 1).then_some(())).expect("kept");
    let tried = wait_until(PATIENCE, || {
        let failed = agent
            .metrics()
            .unwrap()
            .count("wardline_events_failed_total", &[("sink", "alertmanager")]);
        (failed > 0).then_some(failed)
    });
    println!("queued after {fired:.2?}, {} attempts failed", tried.expect("it was tried").0);

    let scratch = Scratch::make("alertmanager").unwrap();
    let _alertmanager = start_alertmanager(namespace, &scratch);
    let mut swept = Duration::ZERO;
    let arrived = wait_until(PATIENCE, || {
        swept += Duration::from_millis(50);
        if swept.as_millis().is_multiple_of(2000) {
            sweep();
        }
        active(namespace)?.pop()
    });
    let (alert, waited) = arrived.expect("the alert arrives once somebody is there");
    println!("arrived {waited:.2?} after the Alertmanager was started");
    let labels = &alert["labels"];
    assert_eq!(labels["alertname"], "smb_fan_out");
    assert_eq!(labels["severity"], "critical");
    let summary = alert["annotations"]["summary"].as_str().unwrap();
    assert!(summary.contains("distinct peers"), "{summary}");
    let device = agent
        .list("devices")
        .unwrap()
        .into_iter()
        .find(|device| device["addresses"][0] == "10.20.0.99")
        .expect("who swept is known");
    assert_eq!(labels["device"], device["id"].to_string());
    assert_eq!(active(namespace).unwrap().len(), 1, "one alert, however often it was told");

    let over = wait_until(PATIENCE, || {
        (active(namespace)?.is_empty() && agent.list("alerts").unwrap().is_empty()).then_some(())
    });
    let (_, over) = over.expect("the sweep is over");
    println!("resolved {over:.2?} later");
    assert_eq!(queued(), 0);
    let states: Vec<Value> =
        agent.events("alert").into_iter().map(|mut event| event["alert"]["state"].take()).collect();
    assert_eq!(states.last().unwrap(), "resolved", "{states:?}");
    assert!(states.contains(&"firing".into()));
}
