//! The laboratory itself: namespaces come and go, frames are counted exactly,
//! and the hospital's stations reach each other through the gateway.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

mod native_xdp;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use tests::frames::record::{Recorded, Recorder};
use tests::frames::{EthernetHeader, FrameGenerator, MacAddress, Tag, ethertype};
use tests::lab::hospital::outbreak::{ADDRESSES, Scanner};
use tests::lab::hospital::{CLINICAL_PORT, CORE_PORT, stations};
use tests::lab::{Hospital, Lab, Wire, sweep_stale};
use tests::speakers::imaging::{self, Titles};
use tests::speakers::streams::Desk;
use tests::speakers::{Shift, hl7};

fn exists(namespace: &str) -> bool {
    Path::new("/run/netns").join(namespace).exists()
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn namespaces_exist_as_long_as_their_laboratory() {
    let lab = Lab::new("exist").unwrap();
    lab.wire().unwrap();
    let names = lab.namespace_names();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|name| exists(name)));
    drop(lab);
    assert!(!names.iter().any(|name| exists(name)), "{names:?}");
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn sweep_removes_what_a_dead_process_left() {
    let mut dead = Command::new("true").spawn().unwrap();
    let leftover = format!("wl-{}-test-gw", dead.id());
    dead.wait().unwrap();
    assert!(Command::new("ip").args(["netns", "add", &leftover]).status().unwrap().success());
    // A laboratory made by a test that runs at the same time may come first.
    sweep_stale().unwrap();
    assert!(!exists(&leftover));
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn children_inside_see_the_namespace_and_the_file_systems_outside() {
    let lab = Lab::new("inside").unwrap();
    let wire = lab.wire().unwrap();
    let links = wire.sender.namespace.run("ip", &["-brief", "link"]).unwrap();
    assert!(links.contains("tx0") && !links.contains("rx0"), "{links}");
    let mounts = wire.sender.namespace.run("cat", &["/proc/self/mounts"]).unwrap();
    assert_eq!(mounts, fs::read_to_string("/proc/self/mounts").unwrap());
}

const ETHERNET_HEADER: u64 = 14;

/// Injects generated frames and returns what was sent and what the receiver
/// counted: packets and octets of each. Not its `rx_dropped`: that counts the
/// frames for which the receiver's own stack has no protocol.
fn exchange(wire: &Wire, count: usize) -> [(u64, u64); 2] {
    let frames = FrameGenerator::new(2026).take(count).map(|specimen| specimen.octets);
    let report = wire.sender.inject(frames).unwrap().unwrap();
    assert_eq!(report.offered, count as u64);
    assert_eq!((report.sent, report.refused), (report.offered, BTreeMap::new()));
    // The last frames may still wait for the receiving side's turn.
    let mut counted = wire.receiver.statistics().unwrap();
    for _ in 0..100 {
        if counted.rx_packets >= report.sent {
            break;
        }
        thread::sleep(Duration::from_millis(10));
        counted = wire.receiver.statistics().unwrap();
    }
    [(report.sent, report.sent_octets), (counted.rx_packets, counted.rx_octets)]
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn receiver_counts_every_injected_frame() {
    let lab = Lab::new("count").unwrap();
    let wire = lab.wire().unwrap();
    let [sent, received] = exchange(&wire, 20_000);
    assert_eq!(received, sent);
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn receiver_with_native_xdp_counts_every_injected_frame_without_its_ethernet_header() {
    let lab = Lab::new("xdp").unwrap();
    let wire = lab.wire().unwrap();
    let device = wire.receiver.device.clone();
    let _link = wire
        .receiver
        .namespace
        .in_namespace(|| native_xdp::pass_everything(&device))
        .unwrap()
        .unwrap();
    let [(sent, sent_octets), received] = exchange(&wire, 20_000);
    assert_eq!(received, (sent, sent_octets - ETHERNET_HEADER * sent));
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn frames_the_kernel_refuses_are_counted_by_reason() {
    let lab = Lab::new("refuse").unwrap();
    let wire = lab.wire().unwrap();
    let good = EthernetHeader::broadcast(MacAddress([2; 6])).frame(0x88b5, b"ward");
    let frames = [vec![0xff; 13], good.clone(), vec![0xff; 1_600], good];
    let report = wire.sender.inject(frames).unwrap().unwrap();
    assert_eq!((report.offered, report.sent), (4, 2));
    assert_eq!(report.refused, BTreeMap::from([(libc::EINVAL, 1), (libc::EMSGSIZE, 1)]));
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn recorder_keeps_vlan_tags_and_the_frame_as_it_was() {
    let lab = Lab::new("record").unwrap();
    let wire = lab.wire().unwrap();
    let header = EthernetHeader::between(MacAddress([2; 6]), MacAddress([4; 6]));
    let frames = [
        header.frame(ethertype::LLDP, b"untagged"),
        header.clone().tagged(Tag::customer(20)).frame(ethertype::LLDP, b"tagged"),
        header.tagged(Tag::service(100)).tagged(Tag::customer(20)).frame(ethertype::LLDP, b"twice"),
    ];
    let device = wire.receiver.device.clone();
    let mut recorder = wire
        .receiver
        .namespace
        .in_namespace(|| Recorder::on(&[&device], Duration::from_millis(500)))
        .unwrap()
        .unwrap();
    wire.sender.inject(&frames).unwrap().unwrap();
    for frame in &frames {
        assert_eq!(&recorder.next_frame().unwrap().unwrap().octets, frame);
    }
    assert!(recorder.next_frame().unwrap().is_none());
}

/// Records on both ports of the gateway while `activity` runs.
fn record(hospital: &Hospital, activity: impl FnOnce()) -> Vec<Recorded> {
    let ports = [CLINICAL_PORT, CORE_PORT];
    let patience = Duration::from_millis(300);
    let mut recorder =
        hospital.gateway().in_namespace(|| Recorder::on(&ports, patience)).unwrap().unwrap();
    activity();
    let mut frames = Vec::new();
    while let Some(frame) = recorder.next_frame().unwrap() {
        frames.push(frame);
    }
    frames
}

/// Where the payload of a TCP segment with a time stamp option begins.
const PAYLOAD: usize = 14 + 20 + 32;

fn contains(frame: &Recorded, octets: &[u8]) -> bool {
    frame.octets.windows(octets.len()).any(|part| part == octets)
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn association_crosses_the_gateway_from_one_port_to_the_other() {
    let hospital = Hospital::open("dicom").unwrap();
    let pacs = stations::named("pacs");
    let address = (pacs.address(), 104).into();
    let desk = hospital
        .station("pacs")
        .in_namespace(|| Desk::open(address, imaging::archive))
        .unwrap()
        .unwrap();
    let shift = Shift::of(Duration::from_secs(20));
    let frames = record(&hospital, || {
        thread::scope(|scope| {
            scope.spawn(|| desk.serve(&shift));
            let titles = Titles { called: "PACS_MAIN", calling: "CT_ROOM_1" };
            let verified = hospital.station("ct").in_namespace(|| imaging::verify(address, titles));
            shift.call_off();
            verified.unwrap().unwrap();
        });
    });
    let requests: Vec<usize> = frames
        .iter()
        .filter(|frame| {
            contains(frame, b"PACS_MAIN       CT_ROOM_1       ") && frame.octets[PAYLOAD] == 1
        })
        .map(|frame| frame.interface)
        .collect();
    assert_eq!(requests, [0], "the request arrives once, on the clinical port");
    let acceptances =
        frames.iter().filter(|frame| frame.interface == 1 && frame.octets.get(PAYLOAD) == Some(&2));
    assert_eq!(acceptances.count(), 1, "the acceptance arrives once, on the core port");
    let ct = stations::named("ct").hardware();
    assert!(
        frames.iter().any(|frame| frame.octets[6..12] == ct.0),
        "the scanner's own address is seen"
    );
}

#[test]
#[ignore = "needs CAP_NET_ADMIN"]
fn every_call_of_a_day_succeeds_and_the_outbreak_reaches_200_addresses() {
    let hospital = Hospital::open("day").unwrap();
    let shift = Shift::of(Duration::from_secs(11));
    let frames = record(&hospital, || {
        let report = hospital.day(&shift, 50_000).unwrap();
        println!("{report:#?}");
        assert_eq!(report.len(), 18);
        assert!(report.values().all(|tally| tally.calls > 0 && tally.failures == 0), "{report:#?}");
        hospital.begin_outbreak(stations::named("ward-pc"), Scanner::Own).unwrap();
    });
    let is_probe = |frame: &&Recorded| {
        let octets = &frame.octets;
        octets.len() >= 54
            && octets[12..14] == [8, 0]
            && octets[23] == 6
            && octets[36..38] == [1, 189]
            && octets[47] == 2
    };
    let mut targets: Vec<&[u8]> =
        frames.iter().filter(is_probe).map(|frame| &frame.octets[30..34]).collect();
    targets.sort_unstable();
    targets.dedup();
    assert_eq!(targets.len(), usize::from(ADDRESSES));
    assert!(frames.iter().all(|frame| frame.octets.len() <= 1_514));
    let canary = frames
        .iter()
        .filter(|frame| contains(frame, tests::speakers::CANARY_PATIENT.as_bytes()))
        .count();
    assert!(canary > 10, "patient messages crossed the gateway {canary} times");
    assert!(hl7::hl7_admission(1).windows(14).any(|part| part == b"CANARY^PATIENT"));
}
