//! Every event that is written validates against the published schema, in which each object is
//! closed: what is written and not described fails.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use jsonschema::Validator;
use serde_json::Value;
use tests::agent::{Agent, Settings, wait_until, wardline};
use tests::frames::FrameGenerator;
use tests::lab::Lab;

const HOSPITAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/hospital.pcap");
const PATIENCE: Duration = Duration::from_secs(30);
/// Captures of the corpus that are replayed: one of so many.
const EVERY: usize = 7;

/// As `wardline events schema` prints it.
static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let output = wardline(&["events", "schema"]).unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
});

static VALIDATOR: LazyLock<Validator> =
    LazyLock::new(|| jsonschema::validator_for(&SCHEMA).unwrap());

/// What was found in events.
#[derive(Debug, Default)]
struct Seen {
    events: usize,
    types: BTreeSet<String>,
    /// As `alert.evidence.peers`.
    properties: BTreeSet<String>,
}

impl Seen {
    /// Validates every line.
    fn read(&mut self, lines: &str, source: &str) {
        for line in lines.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            if let Some(error) = VALIDATOR.iter_errors(&event).next() {
                panic!("{source}: {error}\n{line}");
            }
            self.events += 1;
            self.types.insert(event["event_type"].as_str().unwrap().to_owned());
            add_properties(&event, "", &mut self.properties);
        }
    }
}

fn add_properties(value: &Value, within: &str, properties: &mut BTreeSet<String>) {
    for (name, inner) in value.as_object().into_iter().flatten() {
        let name = format!("{within}{name}");
        add_properties(inner, &format!("{name}."), properties);
        properties.insert(name);
    }
}

/// All properties that the schema describes.
fn described() -> BTreeSet<String> {
    let mut properties = BTreeSet::new();
    for kind in SCHEMA["oneOf"].as_array().unwrap() {
        describe(kind, "", &mut properties);
    }
    properties
}

fn describe(schema: &Value, within: &str, properties: &mut BTreeSet<String>) {
    if let Some(definition) = schema["$ref"].as_str().and_then(|name| name.strip_prefix('#')) {
        describe(SCHEMA.pointer(definition).unwrap(), within, properties);
    }
    for inner in ["anyOf", "oneOf"].iter().filter_map(|key| schema[key].as_array()).flatten() {
        describe(inner, within, properties);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let name = format!("{within}{name}");
        describe(inner, &format!("{name}."), properties);
        properties.insert(name);
    }
}

fn report(seen: &Seen, kinds: &[&str]) {
    let described = described();
    let missing: Vec<_> = described.difference(&seen.properties).collect();
    println!("{} events of the types {:?}", seen.events, seen.types);
    println!("{} properties of {} not seen: {missing:?}", missing.len(), described.len());
    assert!(seen.properties.is_subset(&described), "an object in the schema is open");
    let kinds: BTreeSet<_> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    assert_eq!(seen.types, kinds);
}

fn replayed(capture: &Path) -> String {
    let capture = capture.to_str().unwrap();
    let output = wardline(&["replay", "--events", "-", capture]).unwrap();
    // The summary follows on the same output; what cannot be read to its end is no matter here.
    let text = String::from_utf8(output.stdout).unwrap();
    let events: Vec<_> = text.lines().filter(|line| line.starts_with("{\"")).collect();
    events.join("\n")
}

#[test]
fn every_event_of_a_replay_validates() {
    let mut seen = Seen::default();
    seen.read(&replayed(HOSPITAL.as_ref()), HOSPITAL);
    report(&seen, &["alert", "device", "flow", "stats"]);
}

#[test]
fn every_event_of_the_corpus_validates() {
    let named = std::env::var_os("WARDLINE_CORPUS").map(PathBuf::from);
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus/dev").into();
    let Some(corpus) = Some(named.unwrap_or_else(beside)).filter(|path| path.is_dir()) else {
        println!("NOT RUN: every_event_of_the_corpus_validates: there is no corpus");
        return;
    };
    let mut captures = Vec::new();
    captures_below(&corpus, &mut captures);
    captures.sort();
    assert!(!captures.is_empty());
    let mut seen = Seen::default();
    for capture in captures.iter().step_by(EVERY) {
        seen.read(&replayed(capture), &capture.display().to_string());
    }
    report(&seen, &["alert", "device", "flow", "stats"]);
}

fn captures_below(directory: &Path, captures: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            captures_below(&path, captures);
        } else if [".pcap", ".pcapng", ".cap"].iter().any(|ending| name.ends_with(ending)) {
            captures.push(path);
        }
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn every_event_of_an_agent_validates() {
    let lab = Lab::new("events").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let frames = FrameGenerator::new(11).take(20_000).map(|specimen| specimen.octets);
    let sent = wire.sender.inject(tests::sweep::probes(50).chain(frames)).unwrap().unwrap().sent;
    wait_until(PATIENCE, || {
        let is_all = agent.metrics().unwrap().received() == sent;
        (is_all && !agent.events("alert").is_empty()).then_some(())
    })
    .expect("an alert is written");
    answers_name_what_they_are(&agent);
    // Flows that last are written when the agent ends.
    agent.stop().unwrap();
    let mut seen = Seen::default();
    seen.read(&fs::read_to_string(agent.events_path()).unwrap(), "the agent");
    report(&seen, &["alert", "device", "flow", "stats"]);
}

fn answers_name_what_they_are(agent: &Agent) {
    let socket = agent.socket();
    for subject in ["devices", "flows", "alerts", "profiles", "unknown"] {
        let words = [subject, "--output", "json", "--socket", socket.to_str().unwrap()];
        let output = wardline(&words).unwrap();
        assert!(output.status.success(), "{subject}: {}", String::from_utf8_lossy(&output.stderr));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["schema"], format!("wardline/{subject}/v1"));
        assert!(answer[subject].is_array(), "{subject}");
    }
}
