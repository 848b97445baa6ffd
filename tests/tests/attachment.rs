//! Where the program is attached and where it is refused; interfaces that appear, vanish, are
//! renamed or change their MTU.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::thread;
use std::time::Duration;

use serde_json::Value;
use tests::agent::{Agent, Settings, WEB_PORT, wait_until};
use tests::frames::{
    Endpoints, EthernetHeader, Ipv4Header, MacAddress, ethertype, protocol, udp_datagram,
};
use tests::lab::{Lab, Port, Wire};

const PATIENCE: Duration = Duration::from_secs(5);
/// What the issue allows for following an interface.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(2);

/// A datagram from a ward to a server, of `length` octets on the wire.
fn frame(length: usize) -> Vec<u8> {
    let (from, to) = ([10, 20, 0, 7], [10, 30, 0, 7]);
    let payload = vec![0x55; length - 14 - 20 - 8];
    let datagram = udp_datagram(&Endpoints::v4(from, to), 40_000, 40_001, &payload);
    let packet = Ipv4Header::between(from, to).packet(protocol::UDP, &datagram);
    EthernetHeader::between(MacAddress([2, 0, 0, 0, 0, 7]), MacAddress([2, 0, 0, 0, 0, 8]))
        .frame(ethertype::IPV4, &packet)
}

fn send(port: &Port, length: usize, count: u64) {
    let report = port.inject((0..count).map(|_| frame(length))).unwrap().unwrap();
    assert_eq!(report.sent, count, "{:?}", report.refused);
}

fn frames_on(agent: &Agent, interface: &str) -> u64 {
    agent.metrics().unwrap().count("wardline_interface_frames_total", &[("interface", interface)])
}

/// Waits until the agent has counted so many frames on the interface.
fn assert_counts(agent: &Agent, interface: &str, frames: u64) {
    let counted = wait_until(PATIENCE, || (frames_on(agent, interface) == frames).then_some(()));
    assert!(counted.is_some(), "{} of {frames} frames on {interface}", frames_on(agent, interface));
}

/// Waits for the sweep that finds so many frames in flows, and none anywhere else.
fn assert_all_in_flows(agent: &Agent, frames: u64) {
    let fates = || agent.metrics().unwrap().fates();
    wait_until(PATIENCE, || (fates() == [frames, 0, 0]).then_some(()));
    assert_eq!(fates(), [frames, 0, 0]);
}

/// What `ip` says of the program on the interface.
fn xdp_on(port: &Port) -> Option<Value> {
    let answer = port.namespace.ip(&["-json", "link", "show", "dev", &port.device]).unwrap();
    let links: Value = serde_json::from_str(&answer).unwrap();
    links[0].get("xdp").cloned()
}

/// Starts a second agent where one is already, and returns what it says when it gives up.
fn refusal(wire: &Wire, mode: &'static str) -> String {
    let settings = Settings { mode, web_port: WEB_PORT + 1, ..Settings::on(&["rx0"]) };
    let mut second = Agent::launch(&wire.receiver.namespace, settings).unwrap();
    let status = second.ended_within(PATIENCE).unwrap().expect("the second agent gives up");
    assert_eq!(status.code(), Some(1), "{}", second.log());
    second.log().lines().last().unwrap().to_owned()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn interface_in_use_is_refused_with_the_name_of_its_owner() {
    let lab = Lab::new("busy").unwrap();
    let wire = lab.wire().unwrap();
    let first = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let owner = format!("(pid {})", first.id());
    let busy = refusal(&wire, "native");
    println!("{busy}");
    for part in ["rx0", "EBUSY", "\"wardline", &owner] {
        assert!(busy.contains(part), "{part} is not in: {busy}");
    }
    let other = refusal(&wire, "generic");
    println!("{other}");
    for part in ["rx0", "EEXIST", "other mode", "\"wardline", &owner] {
        assert!(other.contains(part), "{part} is not in: {other}");
    }
    // The first one was not disturbed.
    send(&wire.sender, 100, 10);
    assert_counts(&first, "rx0", 10);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn jumbo_frames_are_counted_natively_and_the_mtu_may_change() {
    let lab = Lab::new("jumbo").unwrap();
    let wire = lab.wire().unwrap();
    let set_mtu = |mtu: &str| {
        for port in [&wire.sender, &wire.receiver] {
            port.namespace.ip(&["link", "set", &port.device, "mtu", mtu]).unwrap();
        }
    };
    set_mtu("9000");
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let is_native = || {
        let labels = [("interface", "rx0"), ("mode", "native")];
        agent.metrics().unwrap().get("wardline_interface_info", &labels) == Some(1.0)
    };
    assert!(is_native());
    send(&wire.sender, 9014, 100);
    assert_counts(&agent, "rx0", 100);
    set_mtu("1500");
    send(&wire.sender, 1514, 50);
    set_mtu("9000");
    send(&wire.sender, 9014, 50);
    assert_counts(&agent, "rx0", 200);
    let received = agent.metrics().unwrap().count("wardline_bytes_received_total", &[]);
    assert_eq!(received, 150 * 9014 + 50 * 1514);
    assert_all_in_flows(&agent, 200);
    assert!(is_native() && xdp_on(&wire.receiver).is_some());
}

fn is_ready(agent: &Agent) -> bool {
    agent.fetch("/readyz").is_ok_and(|(status, _)| status == 200)
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn interface_is_followed_when_it_appears_is_renamed_vanishes_and_comes_back() {
    let lab = Lab::new("follow").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings::on(&["rx0", "late*"]);
    let (here, there) = (&wire.sender.namespace, &wire.receiver.namespace);
    let mut agent = Agent::launch(there, settings).unwrap();
    agent.wait_until_healthy().unwrap();
    assert!(!is_ready(&agent), "an interface is missing");
    assert_eq!(agent.metrics().unwrap().count("wardline_interfaces_missing", &[]), 1);

    let sender = Port::new(here, "tx1", MacAddress::vendor(0x02_574c, 3));
    let mut late = Port::new(there, "late0", MacAddress::vendor(0x02_574c, 4));
    lab.veth(&sender, &late).unwrap();
    let (_, attached) = wait_until(PATIENCE, || xdp_on(&late)).expect("late0 gets the program");
    let (_, ready) = wait_until(PATIENCE, || is_ready(&agent).then_some(())).expect("ready");
    println!("attached {attached:.2?} after it appeared, ready {ready:.2?} later");
    assert!(attached + ready <= FOLLOWED_WITHIN);
    send(&sender, 100, 10);
    assert_counts(&agent, "late0", 10);

    there
        .ip_batch(
            &["link set late0 down", "link set late0 name late7", "link set late7 up"]
                .map(String::from),
        )
        .unwrap();
    late.device = "late7".to_owned();
    let renamed = wait_until(PATIENCE, || (frames_on(&agent, "late7") == 10).then_some(()));
    let (_, renamed) = renamed.expect("the counts go under the new name");
    println!("renamed within {renamed:.2?}");
    assert!(renamed <= FOLLOWED_WITHIN);
    send(&sender, 100, 10);
    assert_counts(&agent, "late7", 20);
    let names = |interface| {
        agent
            .metrics()
            .unwrap()
            .get("wardline_interface_info", &[("interface", interface), ("mode", "native")])
    };
    assert_eq!((names("late0"), names("late7")), (None, Some(1.0)));

    there.ip(&["link", "delete", "late7"]).unwrap();
    let (_, noticed) = wait_until(PATIENCE, || (!is_ready(&agent)).then_some(())).expect("noticed");
    println!("noticed {noticed:.2?} after it vanished");
    assert!(noticed <= FOLLOWED_WITHIN);
    lab.veth(&sender, &late).unwrap();
    let (_, again) = wait_until(PATIENCE, || is_ready(&agent).then_some(())).expect("ready");
    println!("ready {again:.2?} after it came back");
    assert!(again <= FOLLOWED_WITHIN);
    send(&sender, 100, 5);
    // What the earlier interface of this name counted stays under it.
    assert_counts(&agent, "late7", 25);
    assert_eq!(agent.metrics().unwrap().received(), 25);
    assert_all_in_flows(&agent, 25);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn generic_mode_is_said_in_the_metrics_and_in_every_record() {
    let lab = Lab::new("generic").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings { mode: "generic", ..Settings::on(&["rx0"]) };
    let mut agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    send(&wire.sender, 100, 10);
    assert_counts(&agent, "rx0", 10);
    let labels = [("interface", "rx0"), ("mode", "generic")];
    let metrics = agent.metrics().unwrap();
    assert_eq!(metrics.get("wardline_interface_info", &labels), Some(1.0));
    assert_eq!(metrics.sum("wardline_interface_info", &[("mode", "native")]), 0);
    let (listed, _) = wait_until(PATIENCE, || {
        let flows = agent.list("flows").unwrap();
        flows.first().map(|flow| flow["attach_mode"].clone())
    })
    .expect("the flow is listed");
    assert_eq!(listed, "generic");
    assert!(agent.stop().unwrap().success());
    let flows = agent.events("flow");
    assert!(
        !flows.is_empty() && flows.iter().all(|flow| flow["attach_mode"] == "generic"),
        "{flows:?}"
    );
    assert!(agent.log().contains("generic mode"), "it is said aloud");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn agent_leaves_nothing_behind_unless_told_to() {
    let lab = Lab::new("leave").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    assert!(xdp_on(&wire.receiver).is_some());
    assert!(agent.stop().unwrap().success());
    thread::sleep(Duration::from_millis(100));
    assert_eq!(xdp_on(&wire.receiver), None);
    assert!(!agent.pin_directory().exists() && !agent.socket().exists());

    agent.settings_mut().persist = true;
    agent.start_again().unwrap();
    assert!(agent.stop().unwrap().success());
    assert!(xdp_on(&wire.receiver).is_some() && agent.pin_directory().exists());
    // Told otherwise later, it takes away what it left.
    let pins = agent.pin_directory().to_owned();
    drop(agent);
    assert!(!pins.exists());
    thread::sleep(Duration::from_millis(100));
    assert_eq!(xdp_on(&wire.receiver), None, "`wardline detach` takes the program off");
}
