//! Flow records as IPFIX before real collectors: nfcapd and nfdump, and tshark as a second reader.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Scratch, Settings, is_installed, wait_until};
use tests::frames::FrameGenerator;
use tests::lab::{ChildGuard, Lab, Namespace};
use tests::sweep;

const PATIENCE: Duration = Duration::from_secs(60);
const UDP: u16 = 4_739;
const TCP: u16 = 4_740;

/// Protocol, addresses and ports.
type Key = (u64, Option<IpAddr>, Option<IpAddr>, u64, u64);
/// Packets of both directions.
type Sums = BTreeMap<Key, [u64; 2]>;

fn add(sums: &mut Sums, key: Key, packets: [u64; 2]) {
    let sum = sums.entry(key).or_default();
    sum[0] += packets[0];
    sum[1] += packets[1];
}

/// Two programs write an address of IPv6 in two ways.
fn address(value: &Value) -> Option<IpAddr> {
    value.as_str()?.parse().ok()
}

fn protocol(value: &Value) -> u64 {
    match value.as_str().unwrap_or_default().to_ascii_uppercase().as_str() {
        "TCP" => 6,
        "UDP" => 17,
        _ => 0,
    }
}

/// What the events file says of TCP and UDP.
fn told(agent: &Agent) -> Sums {
    let mut sums = Sums::new();
    for event in agent.events("flow") {
        let number = protocol(&event["proto"]);
        if number == 0 {
            continue;
        }
        let port = |name: &str| event[name].as_u64().unwrap_or(0);
        let key = (
            number,
            address(&event["src_ip"]),
            address(&event["dest_ip"]),
            port("src_port"),
            port("dest_port"),
        );
        let packets = |name: &str| event["flow"][name].as_u64().unwrap();
        add(&mut sums, key, [packets("pkts_toserver"), packets("pkts_toclient")]);
    }
    sums
}

/// What nfdump reads of the same.
fn collected(directory: &Path) -> Sums {
    let mut command = Command::new("nfdump");
    command.arg("-R").arg(directory).args(["-o", "json"]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let mut sums = Sums::new();
    let records: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    for record in records.as_array().into_iter().flatten() {
        let number = record["proto"].as_u64().unwrap_or_default();
        if !matches!(number, 6 | 17) {
            continue;
        }
        let end = |side: &str| {
            let four = address(&record[format!("{side}4_addr")]);
            four.or_else(|| address(&record[format!("{side}6_addr")]))
        };
        let count = |name: &str| record[name].as_u64().unwrap_or(0);
        let key = (number, end("src"), end("dst"), count("src_port"), count("dst_port"));
        add(&mut sums, key, [count("in_packets"), count("out_packets")]);
    }
    sums
}

fn quiet(command: &mut Command) -> ChildGuard {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ChildGuard::start(command).unwrap()
}

fn nfcapd(namespace: &Namespace, directory: &Path) -> ChildGuard {
    let mut command = namespace.command("nfcapd");
    command.arg("-w").arg(directory).args(["-t", "2", "-b", "127.0.0.1", "-p", &UDP.to_string()]);
    quiet(&mut command)
}

/// Fields of all messages that tshark reads in a capture, with IPFIX at both ports.
fn tshark(capture: &Path, filter: &str, fields: &[&str]) -> Vec<String> {
    let mut command = Command::new("tshark");
    command.arg("-r").arg(capture).args(["-d", &format!("udp.port=={UDP},cflow")]);
    command.args(["-d", &format!("tcp.port=={TCP},cflow")]);
    command.args(["-Y", filter, "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

fn numbers(lines: &[String]) -> Vec<u64> {
    let parts = lines.iter().flat_map(|line| line.split([',', '\t']));
    parts.filter_map(|part| part.trim().parse().ok()).collect()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn nfdump_and_tshark_read_what_the_events_file_says() {
    for program in ["nfcapd", "nfdump", "tshark", "tcpdump", "nc.openbsd"] {
        if !is_installed(program) {
            println!("NOT RUN: nfdump_and_tshark_read_...: {program} is not installed");
            return;
        }
    }
    let lab = Lab::new("ipfix").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let scratch = Scratch::make("ipfix").unwrap();
    let flows = scratch.join("flows");
    fs::create_dir(&flows).unwrap();
    let capture = scratch.join("lo.pcap");
    let _collector = nfcapd(namespace, &flows);
    let mut command = namespace.command("tcpdump");
    command.args(["-i", "lo", "-U", "-s", "0", "-B", "8192", "-w"]).arg(&capture);
    command.arg(format!("port {UDP} or port {TCP}"));
    let mut recorder = quiet(&mut command);
    let mut command = namespace.command("nc.openbsd");
    command.args(["-l", "-k", "127.0.0.1", &TCP.to_string()]);
    let _listener = quiet(&mut command);
    // Both are there when there is something to send.
    wait_until(PATIENCE, || capture.exists().then_some(())).unwrap();

    let mut settings = Settings::on(&["rx0"]);
    settings.more = format!(
        "[flow]\nidle_timeout = \"1s\"\nactive_timeout = \"5s\"\n\n\
         [[ipfix]]\nname = \"nfdump\"\naddress = \"127.0.0.1:{UDP}\"\ntemplate_interval = \"1s\"\n\
         observation_domain = 7\n\n\
         [[ipfix]]\nname = \"stream\"\naddress = \"127.0.0.1:{TCP}\"\ntransport = \"tcp\"\n"
    );
    let agent = Agent::start(namespace, settings).unwrap();
    let frames = FrameGenerator::new(11).take(3_000).map(|specimen| specimen.octets);
    let frames = sweep::probes(50).chain(frames);
    wire.sender.inject(frames).unwrap().unwrap();
    let sent = |name: &str| {
        agent.metrics().unwrap().count("wardline_ipfix_records_total", &[("exporter", name)])
    };
    let lost = || agent.metrics().unwrap().sum("wardline_ipfix_records_lost_total", &[]);
    let all = wait_until(PATIENCE, || {
        let records = agent.events("flow").len() as u64;
        let is_over = agent.metrics().unwrap().count("wardline_biflows", &[]) == 0;
        (is_over && records > 1000 && sent("nfdump") == records && sent("stream") == records)
            .then_some(records)
    });
    let (records, _) =
        all.unwrap_or_else(|| panic!("{} {} {}", sent("nfdump"), sent("stream"), lost()));
    assert_eq!(lost(), 0);

    // nfdump has the same flows with the same packets in both directions.
    let expected = told(&agent);
    let found = wait_until(PATIENCE, || {
        let found = collected(&flows);
        (found.len() >= expected.len()).then_some(found)
    });
    let found = found.map_or_else(|| collected(&flows), |(found, _)| found);
    let missing: Vec<_> =
        expected.iter().filter(|(key, sums)| found.get(*key) != Some(sums)).collect();
    assert!(
        missing.is_empty(),
        "{} of {}: {:?}",
        missing.len(),
        expected.len(),
        &missing[..missing.len().min(3)]
    );
    println!(
        "{records} records sent to each; {} flows of TCP and UDP agree with nfdump",
        found.len()
    );

    // tshark reads every message, and the sequence numbers are right.
    recorder.end().unwrap();
    let malformed = tshark(&capture, "_ws.malformed || cflow.no_template_found", &["frame.number"]);
    assert!(malformed.is_empty(), "{malformed:?}");
    for (port, domain) in [(UDP, 7), (TCP, 1)] {
        let filter = format!("cflow && (udp.port=={port} || tcp.dstport=={port})");
        let domains = numbers(&tshark(&capture, &filter, &["cflow.od_id"]));
        assert!(!domains.is_empty() && domains.iter().all(|each| *each == domain), "{domains:?}");
        let reasons = numbers(&tshark(&capture, &filter, &["cflow.flow_end_reason"]));
        assert_eq!(reasons.len() as u64, records, "records at port {port}");
        assert!(reasons.iter().all(|reason| (1..=5).contains(reason)));
        let durations = tshark(&capture, &filter, &["cflow.timedelta"]).join(",");
        let wrong = durations.split(',').filter(|text| {
            !text.parse::<f64>().is_ok_and(|seconds| (0.0..60.0).contains(&seconds))
        });
        assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&str>::new(), "durations");
        let sequences = numbers(&tshark(&capture, &filter, &["cflow.sequence"]));
        assert!(sequences.is_sorted() && sequences[0] == 0, "{sequences:?}");
        assert!(*sequences.last().unwrap() <= records);
        let names = tshark(&capture, &filter, &["cflow.appl_name"]).join(",");
        assert!(names.contains("unknown"), "{names}");
    }
}
