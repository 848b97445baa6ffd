//! The metrics page stays small and well formed, whoever sends whatever.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tests::agent::{Agent, Settings, is_installed, wait_until};
use tests::frames::{
    Endpoints, EthernetHeader, Ipv4Header, MacAddress, SeededRandom, ethertype, protocol,
    udp_datagram,
};
use tests::lab::Lab;

const PATIENCE: Duration = Duration::from_secs(120);
const MOST_SERIES: usize = 5_000;
const LARGEST_PAGE: usize = 5_000_000;

/// A frame of a station, address and port that nobody has seen before.
fn stranger(random: &mut SeededRandom) -> Vec<u8> {
    let mut station = random.next_u64().to_be_bytes();
    station[2] &= 0xfc;
    let [_, _, station @ ..] = station;
    let source = [10, random.next_u8(), random.next_u8(), random.next_u8()];
    let target = [10, random.next_u8(), random.next_u8(), random.next_u8()];
    let ends = Endpoints::v4(source, target);
    let segment = udp_datagram(&ends, random.next_u16(), random.next_u16(), b"x");
    let packet = Ipv4Header::between(source, target).packet(protocol::UDP, &segment);
    let router = MacAddress([2, 0, 0, 0, 0, 1]);
    EthernetHeader::between(MacAddress(station), router).frame(ethertype::IPV4, &packet)
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_million_hostile_keys_make_few_series() {
    const KEYS: u64 = 1_000_000;
    let lab = Lab::new("series").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let mut settings = Settings::on(&["rx*"]);
    settings.endpoints = 65_536;
    let agent = Agent::start(namespace, settings).unwrap();
    let mut random = SeededRandom::new(14);
    let mut sent = 0;
    for _ in 0..10 {
        let frames: Vec<Vec<u8>> = (0..KEYS / 10).map(|_| stranger(&mut random)).collect();
        sent += wire.sender.inject(frames).unwrap().unwrap().sent;
    }
    assert_eq!(sent, KEYS);
    // The name of an interface is the only text of the page that is not Wardline's own.
    namespace.ip(&["link", "set", "rx0", "name", "rx\"}{\\é"]).unwrap();
    let page = wait_until(PATIENCE, || {
        // While a hundred thousand new flows are read, a scrape may wait.
        let (_, page) = agent.fetch("/metrics").ok()?;
        let is_counted = agent.metrics().ok()?.received() == sent;
        (is_counted && page.contains("rx\\\"}{\\\\é")).then_some(page)
    });
    let (page, _) = page.unwrap_or_else(|| panic!("{}", agent.fetch("/metrics").unwrap().1));
    let series = page.lines().filter(|line| !line.starts_with('#')).count();
    let began = Instant::now();
    agent.fetch("/metrics").unwrap();
    println!("{series} series, {} octets, scraped in {:.0?}", page.len(), began.elapsed());
    assert!(agent.metrics().unwrap().count("wardline_devices", &[]) > 10_000);
    assert!(series <= MOST_SERIES, "{series} series");
    assert!(page.len() <= LARGEST_PAGE);
    if !is_installed("promtool") {
        println!("NOT RUN: promtool check metrics: promtool is not installed");
        return;
    }
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut promtool = command.stderr(Stdio::piped()).spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{}: {said}", output.status);
}
