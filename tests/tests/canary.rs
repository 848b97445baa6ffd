//! Names that are planted in traffic appear nowhere: not in events, summaries, logs, metrics, answers
//! or the store, and not in the samples that leave the kernel but where this file says so.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sensor::capture::{
    Datapath, Notice,
    host::{HostDatapath, TableSizes},
    xdp::KernelReplay,
};
use sensor::observation::PayloadSample;
use serde_json::Value;
use tests::agent::{Agent, Scratch, Settings, wait_until, wardline};
use tests::canary::{Planted, STEM, capture, find, forms, planted};
use tests::lab::Lab;

/// Names in samples, and why they cannot be cut off before. They are in memory for as long as the
/// parser runs, which does not look at them. Any other name in a sample is a leak.
const IN_SAMPLES: [(&str, &str); 6] = [
    ("SIPCALL", "From and To stand before the description of the media"),
    ("RTSP", "the URL of a SETUP stands before its transport"),
    ("DEVICE", "scopes stand between types and addresses"),
    ("DICOMUSER", "the user identity is one of the items at the end of an A-ASSOCIATE-RQ"),
    ("DICOMCOMMENT", "the comment is one of the elements of a command set"),
    ("DNS", "the name that is asked for is what is read; it stays in memory"),
];

fn is_in_samples(name: &str) -> bool {
    let word = name.strip_prefix(STEM).unwrap().trim_end_matches('X').trim_end_matches("ODD");
    IN_SAMPLES.iter().any(|(listed, _)| *listed == word)
}

fn holds(octets: &[u8], name: &str) -> bool {
    let holds = |form: &[u8]| octets.windows(form.len()).any(|part| part == form);
    forms(name).iter().any(|form| holds(&form.octets))
}

#[track_caller]
fn assert_clean(place: &str, octets: &[u8]) {
    assert!(!octets.is_empty(), "{place} is empty: nothing was looked at");
    assert_eq!(find(octets), None, "in {place}");
}

/// The events are about the planted conversations, each recognised as what it is.
fn assert_recognised(planted: &[Planted], events: &[Value]) {
    let mut recognised = BTreeMap::<_, BTreeSet<String>>::new();
    for event in events {
        let end = |address: &str, port: &str| {
            Some((event[address].as_str()?.to_owned(), event[port].as_u64()?))
        };
        let ends = [end("src_ip", "src_port"), end("dest_ip", "dest_port")];
        let application = event["app_proto"].as_str().unwrap().to_owned();
        recognised.entry(ends.clone()).or_default().insert(application.clone());
        let [source, destination] = ends;
        recognised.entry([destination, source]).or_default().insert(application);
    }
    let is_of = |one: &Planted, ends: &[Option<(String, u64)>; 2]| {
        let [Some(client), Some(server)] = ends else { return false };
        client.0 == one.client.to_string()
            && *server == (one.server.to_string(), u64::from(one.port))
    };
    let mut wrong = Vec::new();
    for one in planted {
        let found: Vec<_> = recognised
            .iter()
            .filter(|(ends, _)| is_of(one, ends))
            .map(|(_, found)| found)
            .collect();
        let [found] = found[..] else { panic!("{} flows have {}", found.len(), one.name) };
        if found.iter().ne([one.application]) {
            wrong.push(format!("{} is {found:?}, not {}", one.name, one.application));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn flows_in(events: &[u8]) -> Vec<Value> {
    let lines = events.split(|&octet| octet == b'\n').filter(|line| !line.is_empty());
    let events = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
    events.filter(|event| event["event_type"] == "flow").collect()
}

#[test]
fn every_planted_name_is_in_the_capture_and_only_one() {
    let planted = planted();
    let names: BTreeSet<&str> = planted.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), planted.len());
    for one in &planted {
        assert!(holds(&one.frames.concat(), &one.name), "{}", one.name);
        let others = names.iter().filter(|&&name| name != one.name);
        assert!(others.into_iter().all(|name| !one.name.contains(name)), "{}", one.name);
    }
    println!("{} conversations", planted.len());
}

#[test]
fn planted_names_appear_in_nothing_that_a_replay_writes() {
    let planted = planted();
    let scratch = Scratch::make("canary").unwrap();
    let file = scratch.write("names.pcap", capture(&planted)).unwrap();
    let events = scratch.join("events.jsonl");
    let words = ["replay", "--events", events.to_str().unwrap(), file.to_str().unwrap()];
    let output = wardline(&words).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = fs::read(events).unwrap();
    assert_recognised(&planted, &flows_in(&written));
    assert_clean("the events", &written);
    assert_clean("the summary", &output.stdout);
    assert_eq!(find(&output.stderr), None);
}

/// The samples that leave a packet path.
fn samples(datapath: &mut impl Datapath) -> Vec<PayloadSample> {
    let mut samples = Vec::new();
    datapath.drain_notices(&mut |notice| {
        if let Notice::Sample(sample) = notice {
            samples.push(sample);
        }
    });
    samples
}

/// Nothing in samples but what is listed; and what is listed is there, or the list is too long.
fn assert_samples(planted: &[Planted], samples: &[PayloadSample]) {
    assert!(samples.len() > 50, "{} samples", samples.len());
    let mut listed = BTreeSet::new();
    for sample in samples {
        let mut octets = sample.octets.to_vec();
        for one in planted.iter().filter(|one| is_in_samples(&one.name)) {
            let name = one.name.as_bytes();
            while let Some(at) = octets.windows(name.len()).position(|part| part == name) {
                octets.drain(at..at + name.len());
                listed.insert(one.name.as_str());
            }
        }
        assert_eq!(find(&octets), None, "in a sample of {:?}", sample.application);
    }
    let wanted: BTreeSet<&str> =
        planted.iter().map(|one| one.name.as_str()).filter(|name| is_in_samples(name)).collect();
    assert_eq!(listed, wanted, "{IN_SAMPLES:#?}");
}

fn assert_slots_are_clean(datapath: &impl Datapath) {
    for position in 0..datapath.slots() {
        assert_eq!(find(format!("{:?}", datapath.slot(position)).as_bytes()), None);
    }
}

#[test]
fn planted_names_do_not_leave_the_packet_path_of_the_host() {
    let planted = planted();
    let mut host = HostDatapath::new(&TableSizes::REPLAY);
    let frames = planted.iter().flat_map(|one| &one.frames);
    for (now, frame) in frames.enumerate() {
        host.receive(frame, frame.len() as u64, 1, now as u64);
    }
    assert_samples(&planted, &samples(&mut host));
    assert_slots_are_clean(&host);
}

#[test]
#[ignore = "needs CAP_BPF"]
fn planted_names_do_not_leave_the_kernel() {
    let planted = planted();
    let mut kernel = KernelReplay::open(&TableSizes::REPLAY).expect("the program loads");
    let frames = planted.iter().flat_map(|one| &one.frames);
    for (now, frame) in frames.enumerate() {
        kernel.receive(frame, frame.len() as u64, 1, now as u64).unwrap();
    }
    assert_samples(&planted, &samples(&mut kernel));
    assert_slots_are_clean(&kernel);
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

/// Everything that the agent has written, and the names of the files.
fn assert_files_are_clean(agent: &Agent) -> BTreeSet<String> {
    let files = files_below(agent.directory());
    for file in &files {
        assert_eq!(find(&fs::read(file).unwrap()), None, "in {}", file.display());
    }
    files.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

const PATIENCE: Duration = Duration::from_secs(20);
/// Conversations of which no payload tells what they are.
const UNKNOWN: usize = 6;

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn planted_names_appear_in_nothing_that_an_agent_writes_or_says() {
    let planted = planted();
    let lab = Lab::new("canary").unwrap();
    let wire = lab.wire().unwrap();
    let more = "[flow]\nidle_timeout = \"3s\"\n".to_owned();
    let settings = Settings { log: "trace", more, ..Settings::on(&["rx0"]) };
    let mut agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let frames: Vec<&Vec<u8>> = planted.iter().flat_map(|one| &one.frames).collect();
    let report = wire.sender.inject(frames).unwrap().unwrap();
    assert!(report.refused.is_empty(), "{report:?}");
    let counted =
        wait_until(PATIENCE, || (agent.metrics().unwrap().received() >= report.sent).then_some(()));
    assert!(counted.is_some(), "every frame arrives");
    let listed = wait_until(PATIENCE, || {
        Some(agent.ask("flows").unwrap().to_string()).filter(|flows| flows.contains("app_proto"))
    });
    assert_clean("flows", listed.expect("flows are listed").0.as_bytes());
    // What is unknown is told when it has ended.
    let ended = wait_until(PATIENCE, || {
        Some(agent.list("unknown").unwrap().len()).filter(|kinds| *kinds >= UNKNOWN)
    });
    println!("{} frames, {} unknown kinds", report.sent, ended.expect("the unknown is listed").0);
    for question in ["devices", "flows", "alerts", "unknown"] {
        let answer = agent.ask(question).unwrap().to_string();
        assert_clean(question, answer.as_bytes());
        let socket = agent.socket();
        let table = wardline(&[question, "--socket", socket.to_str().unwrap()]).unwrap();
        assert!(table.status.success());
        assert_clean(question, &table.stdout);
    }
    for page in ["/metrics", "/healthz", "/readyz"] {
        assert_clean(page, agent.fetch(page).unwrap().1.as_bytes());
    }
    // With what the store has not yet moved out of its log.
    assert_files_are_clean(&agent);
    assert!(agent.stop().unwrap().success());
    assert_recognised(&planted, &agent.events("flow"));
    let files = assert_files_are_clean(&agent);
    for wanted in ["events.jsonl", "agent.log"] {
        assert!(files.contains(wanted), "{files:?}");
    }
    assert!(files.iter().any(|name| name.contains("sqlite") || name.contains(".db")), "{files:?}");
    assert_clean("the log", agent.log().as_bytes());
}
