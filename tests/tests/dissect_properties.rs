//! What holds of every frame, whole or cut.

use std::net::{Ipv4Addr, Ipv6Addr};

use sensor_common::dissect::{Dissection, dissect};
use tests::frames::{
    EthernetHeader, FrameGenerator, MacAddress, Tag, checksum::Endpoints, ethernet::ethertype,
    ipv4::Ipv4Header, ipv6::Ipv6Header, transport::udp_datagram,
};

const FRAMES: usize = 5_000;

fn dissection(frame: &[u8]) -> Option<Dissection> {
    let mut found = Dissection::default();
    dissect(frame, 7, &mut found).ok().map(|()| found)
}

#[test]
fn a_longer_piece_of_a_frame_never_changes_the_flow_of_a_shorter_one() {
    let mut compared = 0_u64;
    for specimen in FrameGenerator::new(7).with_lengths(0, 1514).take(FRAMES) {
        let frame = &specimen.octets;
        let mut known: Option<Dissection> = None;
        // Headers end within 200 octets; further cuts only shorten the payload.
        let cuts = (0..=frame.len().min(200)).chain([frame.len()]);
        for cut in cuts {
            let found = dissection(&frame[..cut]);
            if let Some(known) = &known {
                let found = found.unwrap_or_else(|| {
                    panic!("{cut} octets have no flow, fewer had: {}", specimen.description)
                });
                assert_eq!(found.key, known.key, "{cut} octets: {}", specimen.description);
                compared += 1;
            }
            known = found.or(known);
        }
    }
    assert!(compared > 100_000, "only {compared} pieces had a flow");
}

/// The frame as it is, in a session of PPPoE, and behind so many labels.
fn wrapped(kind: u16, packet: &[u8]) -> Vec<(String, Vec<u8>)> {
    let stations = (MacAddress::vendor(0x00_30e6, 1), MacAddress::vendor(0x00_0f14, 2));
    let header = EthernetHeader::between(stations.0, stations.1).tagged(Tag::customer(20));
    let mut frames = vec![
        ("plain".to_owned(), header.frame(kind, packet)),
        ("pppoe".to_owned(), header.session_frame(kind, packet)),
        ("compressed".to_owned(), {
            let mut frame = header.session_frame(kind, packet);
            frame.remove(18 + 6);
            frame
        }),
    ];
    for labels in 1..=4 {
        frames.push((format!("{labels} labels"), header.labelled_frame(labels, packet)));
    }
    frames
}

#[test]
fn sessions_and_labels_hide_nothing_of_a_flow() {
    let (v4, v6) = (Ipv4Addr::new(10, 20, 0, 1), Ipv6Addr::LOCALHOST);
    let message = udp_datagram(&Endpoints::v4(v4, v4), 5000, 53, b"question");
    let packets = [
        (ethertype::IPV4, Ipv4Header::between(v4, v4).packet(17, &message)),
        (ethertype::IPV6, Ipv6Header::between(v6, v6).packet(17, &message)),
    ];
    for (kind, packet) in packets {
        let frames = wrapped(kind, &packet);
        let plain = dissection(&frames[0].1).unwrap();
        for (name, frame) in &frames {
            let found = dissection(frame).unwrap_or_else(|| panic!("{name} has no flow"));
            assert_eq!(found.key, plain.key, "{name}");
            let payload = &frame[found.payload_offset..][..found.payload_length];
            assert_eq!(payload, b"question", "{name}");
        }
    }
}

#[test]
fn other_codes_deeper_stacks_and_other_packets_have_no_flow() {
    let header = EthernetHeader::broadcast(MacAddress::vendor(0x00_30e6, 1));
    let address = Ipv4Addr::new(10, 20, 0, 1);
    let packet = Ipv4Header::between(address, address).packet(17, &[0; 8]);
    assert!(dissection(&header.labelled_frame(4, &packet)).is_some());
    assert!(dissection(&header.labelled_frame(5, &packet)).is_none(), "too deep");
    assert!(dissection(&header.labelled_frame(1, &[0; 40])).is_none(), "a pseudowire");
    let mut discovery = header.session_frame(ethertype::IPV4, &packet);
    assert!(dissection(&discovery).is_some());
    discovery[15] = 0x09;
    assert!(dissection(&discovery).is_none(), "no session's packet");
    let mut link_control = header.session_frame(ethertype::IPV4, &packet);
    link_control[20..22].copy_from_slice(&[0xc0, 0x21]);
    assert!(dissection(&link_control).is_none(), "LCP");
}

#[test]
fn the_payload_lies_within_what_the_headers_declare() {
    let mut dissected = 0;
    for specimen in FrameGenerator::new(8).with_lengths(0, 1514).take(FRAMES) {
        let Some(found) = dissection(&specimen.octets) else { continue };
        dissected += 1;
        let end = found.payload_offset + found.payload_length;
        assert!(end <= found.declared_length, "{found:?}: {}", specimen.description);
        assert!(found.payload_offset >= 14, "{found:?}: {}", specimen.description);
        assert_eq!(found.key.interface(), 7);
        assert!(found.key.network().is_some(), "{found:?}");
    }
    assert!(dissected > FRAMES / 2, "only {dissected} frames have a flow");
}
