//! Devices: how soon they show, what they are called, that they and their alerts survive the
//! agent, and that nothing of a patient is ever kept.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::agent::{Agent, Settings, wait_until};
use tests::frames::{
    Endpoints, EthernetHeader, Ipv4Header, MacAddress, ethertype, protocol, udp_datagram,
};
use tests::lab::hospital::outbreak::Scanner;
use tests::lab::hospital::stations::{STATIONS, named};
use tests::lab::hospital::{CLINICAL_PORT, CORE_PORT};
use tests::lab::{Hospital, Lab};
use tests::speakers::{CANARY_PATIENT, Shift};

const SHOWN_WITHIN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn device_shows_within_a_second_of_its_first_frame() {
    let lab = Lab::new("shows").unwrap();
    let wire = lab.wire().unwrap();
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let mut longest = Duration::ZERO;
    for number in 1..=12_u8 {
        let mac = MacAddress([0x00, 0x09, 0xfb, 0, 0, number]);
        let (from, to) = ([10, 20, 0, number], [10, 30, 0, 1]);
        let datagram = udp_datagram(&Endpoints::v4(from, to), 40_000, 40_001, b"first words");
        let packet = Ipv4Header::between(from, to).packet(protocol::UDP, &datagram);
        let frame = EthernetHeader::between(mac, MacAddress([2, 0, 0, 0, 0, 1]))
            .frame(ethertype::IPV4, &packet);
        let began = Instant::now();
        wire.sender.inject([frame]).unwrap().unwrap();
        let shown = wait_until(PATIENCE, || {
            let devices = agent.list("devices").unwrap();
            devices.into_iter().find(|device| device["mac"] == mac.to_string())
        });
        let (device, _) = shown.expect("the device shows");
        longest = longest.max(began.elapsed());
        assert_eq!(device["addresses"][0], format!("10.20.0.{number}"));
        // At another point of the agent's cycle each time.
        thread::sleep(Duration::from_millis(37 * u64::from(number)));
    }
    println!("the slowest of 12 devices showed after {longest:.2?}");
    assert!(longest <= SHOWN_WITHIN, "{longest:?}");
}

/// By hardware address: number and host name.
fn known(agent: &Agent) -> BTreeMap<String, (u64, Option<String>)> {
    let device = |device: Value| {
        let name = device["host_name"].as_str().map(str::to_owned);
        Some((device["mac"].as_str()?.to_owned(), (device["id"].as_u64()?, name)))
    };
    agent.list("devices").unwrap().into_iter().filter_map(device).collect()
}

/// By rule and device: the number of the alert.
fn firing(agent: &Agent) -> BTreeMap<(String, u64), u64> {
    let alert = |alert: Value| {
        let rule = alert["alert"]["id"].as_str()?.to_owned();
        Some(((rule, alert["src_device"].as_u64()?), alert["alert"]["instance"].as_u64()?))
    };
    agent.list("alerts").unwrap().into_iter().filter_map(alert).collect()
}

fn assert_names(devices: &BTreeMap<String, (u64, Option<String>)>) {
    for station in &STATIONS {
        let hardware = station.hardware().to_string();
        let (_, name) =
            devices.get(&hardware).unwrap_or_else(|| panic!("{} is not known", station.name));
        let wanted = station.lease.map(|(name, _)| name.to_owned());
        assert_eq!(*name, wanted, "{}", station.name);
    }
}

/// Files below `directory` that hold `text`.
fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(octets) = fs::read(&path)
            && octets.windows(text.len()).any(|part| part == text.as_bytes())
        {
            found.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    found
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn devices_and_alerts_survive_the_agent_and_nothing_of_a_patient_is_kept() {
    let hospital = Hospital::open("memory").unwrap();
    let mut agent =
        Agent::start(hospital.gateway(), Settings::on(&[CLINICAL_PORT, CORE_PORT])).unwrap();
    let report = hospital.day(&Shift::of(Duration::from_secs(8)), 50_000).unwrap();
    let failures: u64 = report.values().map(|tally| tally.failures).sum();
    assert_eq!(failures, 0, "{report:#?}");
    hospital.begin_outbreak(named("ward-pc"), Scanner::Own).unwrap();
    let alerts = wait_until(PATIENCE, || Some(firing(&agent)).filter(|alerts| !alerts.is_empty()));
    let (alerts, _) = alerts.expect("the sweep is alerted");
    let devices = known(&agent);
    assert_names(&devices);
    let infected = devices[&named("ward-pc").hardware().to_string()].0;
    assert!(alerts.contains_key(&("WL-002".to_owned(), infected)), "{alerts:?}");
    println!("{} devices, {} alerts", devices.len(), alerts.len());

    assert!(agent.stop().unwrap().success());
    agent.start_again().unwrap();
    assert_eq!(known(&agent), devices, "after an orderly end");
    // At its end the agent judges the connections that nobody answered: more may fire.
    let outlived = firing(&agent);
    println!("after an orderly end: {outlived:?}");
    let kept = alerts.iter().all(|(alert, instance)| outlived.get(alert) == Some(instance));
    assert!(kept, "{alerts:?} became {outlived:?}");
    // Long enough for the store to have taken everything.
    thread::sleep(Duration::from_millis(1500));
    agent.kill().unwrap();
    agent.start_again().unwrap();
    assert_eq!(known(&agent), devices, "after a crash");
    assert_eq!(firing(&agent), outlived, "after a crash");

    let (_, page) = agent.fetch("/metrics").unwrap();
    for question in ["devices", "flows", "alerts"] {
        let answer = agent.ask(question).unwrap().to_string();
        assert!(!answer.contains("CANARY"), "in the answer to {question}");
    }
    assert!(CANARY_PATIENT.contains("CANARY") && !page.contains("CANARY"));
    // So would be found what is kept.
    let kept = files_with(agent.directory(), "MON-ICU3-BED03");
    assert!(kept.iter().any(|name| name == "events.jsonl"), "{kept:?}");
    assert!(kept.iter().any(|name| name != "events.jsonl"), "the store has it too: {kept:?}");
    assert_eq!(files_with(agent.directory(), "CANARY"), Vec::<String>::new());
    assert!(agent.stop().unwrap().success());
    assert_eq!(files_with(agent.directory(), "CANARY"), Vec::<String>::new());
}
