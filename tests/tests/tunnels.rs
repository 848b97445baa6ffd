//! What a tunnel carries is a flow of its own, marked as such, of the device that sent it; one level
//! deep, and never made up of what a fragment or a cut frame does not hold.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::net::{IpAddr, Ipv4Addr};

use sensor::capture::{
    Datapath,
    host::{HostDatapath, TableSizes},
};
use sensor_common::{
    application::Application,
    books::Entry,
    endpoint::EndpointKey,
    flow::{Encapsulation, FlowSlot},
};
use tests::frames::{
    Conversation, Endpoints, EthernetHeader, Ipv4Header, Ipv6Header, MacAddress, Side,
    conversation::Party,
    ethertype,
    ipv4::FragmentPlace,
    protocol,
    tunnels::{GreHeader, VXLAN_PORT, erspan_i, erspan_ii, erspan_iii, gre_type, vxlan},
    udp_datagram,
};

const PUMP: MacAddress = MacAddress::vendor(0x00_30e6, 1);
const GATEWAY: MacAddress = MacAddress::vendor(0x00_1b21, 2);
const SWITCH: MacAddress = MacAddress::vendor(0x58_42e4, 3);
const SENSOR: MacAddress = MacAddress::vendor(0xd4_ae52, 4);
const SIZES: TableSizes = TableSizes { sets: 16, endpoints: 64, verdicts: 64 };
const OUTER: [[u8; 4]; 2] = [[10, 99, 0, 1], [10, 99, 0, 2]];
const HL7: &[u8] = b"\x0bMSH|^~\\&|PUMP|ICU|HIS|HOSP|20260101||ORU^R01|1|P|2.5\r\x1c\r";

fn conversation() -> Conversation {
    Conversation::between(
        Party::new(PUMP, [10, 20, 0, 21], 40_000),
        Party::new(GATEWAY, [10, 30, 0, 10], 2575),
    )
}

/// A frame of the pump's.
fn mirrored() -> Vec<u8> {
    let frames = conversation().tcp(&[(Side::Client, HL7.to_vec())]);
    let has_payload = |frame: &Vec<u8>| frame.windows(3).any(|octets| octets == b"MSH");
    frames.into_iter().find(has_payload).unwrap()
}

fn packet_of(frame: &[u8]) -> &[u8] {
    &frame[14..]
}

fn between_switches() -> EthernetHeader {
    EthernetHeader::between(SWITCH, SENSOR)
}

fn over_ipv4(number: u8, octets: &[u8]) -> Vec<u8> {
    let packet = Ipv4Header::between(OUTER[0], OUTER[1]).packet(number, octets);
    between_switches().frame(ethertype::IPV4, &packet)
}

fn over_ipv6(number: u8, octets: &[u8]) -> Vec<u8> {
    let [source, destination] = OUTER.map(|address| Ipv4Addr::from(address).to_ipv6_mapped());
    let packet = Ipv6Header::between(source, destination).packet(number, octets);
    between_switches().frame(ethertype::IPV6, &packet)
}

fn in_vxlan(frame: &[u8]) -> Vec<u8> {
    let ends = Endpoints::v4(OUTER[0], OUTER[1]);
    over_ipv4(protocol::UDP, &udp_datagram(&ends, 50_000, VXLAN_PORT, &vxlan(42, frame)))
}

/// The frame in every kind of tunnel, and the octets that the tunnel carries.
fn every_kind(frame: &[u8]) -> Vec<(Encapsulation, Vec<u8>, usize)> {
    use Encapsulation::{ErspanI, ErspanII, ErspanIII, Gre, Ipv4InIpv4, Ipv4InIpv6, Vxlan};
    let packet = packet_of(frame);
    let plain = GreHeader::default();
    let whole = GreHeader { checksum: Some(1), key: Some(2), sequence: Some(3) };
    let gre = |octets: &[u8]| over_ipv4(protocol::GRE, octets);
    let platform = Some([7; 8]);
    vec![
        (Ipv4InIpv4, over_ipv4(protocol::IPV4, packet), packet.len()),
        (Ipv4InIpv6, over_ipv6(protocol::IPV4, packet), packet.len()),
        (Gre, gre(&plain.packet(ethertype::IPV4, packet)), packet.len()),
        (Gre, gre(&whole.packet(gre_type::ETHERNET, frame)), frame.len()),
        (Gre, over_ipv6(protocol::GRE, &whole.packet(ethertype::IPV4, packet)), packet.len()),
        (ErspanI, gre(&erspan_i(frame)), frame.len()),
        (ErspanII, gre(&erspan_ii(1, 20, 5, frame)), frame.len()),
        (ErspanIII, gre(&erspan_iii(1, 5, 0, None, frame)), frame.len()),
        (ErspanIII, gre(&erspan_iii(1, 5, 0, platform, frame)), frame.len()),
        (ErspanIII, gre(&erspan_iii(1, 5, 2, platform, packet)), packet.len()),
        (Vxlan, in_vxlan(frame), frame.len()),
    ]
}

fn datapath_after(frames: &[Vec<u8>]) -> HostDatapath {
    let mut datapath = HostDatapath::new(&SIZES);
    for (tick, frame) in frames.iter().enumerate() {
        datapath.receive(frame, frame.len() as u64, 1, 1000 + tick as u64);
    }
    datapath
}

/// Flows of frames as they came in, and flows of what these carried.
fn flows(datapath: &HostDatapath) -> (Vec<FlowSlot>, Vec<FlowSlot>) {
    let slots = (0..datapath.slots()).filter_map(|position| datapath.slot(position));
    slots.filter(|slot| !slot.is_empty()).partition(|slot| slot.key().encapsulation().is_none())
}

fn endpoints(datapath: &HostDatapath) -> Vec<(u32, EndpointKey)> {
    let mut found = Vec::new();
    datapath.endpoints(&mut |index, key| found.push((index, key)));
    found
}

fn word(station: MacAddress) -> u64 {
    station.0.iter().fold(0, |word, &octet| word << 8 | u64::from(octet))
}

#[test]
fn every_kind_of_tunnel_has_its_outer_flow_and_the_inner_one_classified_and_marked() {
    let frame = mirrored();
    for (kind, outer_frame, carried) in every_kind(&frame) {
        let length = outer_frame.len() as u64;
        let datapath = datapath_after(&[outer_frame]);
        let (outer, inner) = flows(&datapath);
        assert_eq!((outer.len(), inner.len()), (1, 1), "{kind:?}");
        let (outer, inner) = (&outer[0], &inner[0]);
        assert_eq!((outer.packets(), outer.octets()), (1, length), "{kind:?}");
        let tunnel = match kind {
            Encapsulation::Ipv4InIpv4 | Encapsulation::Ipv4InIpv6 => Application::OtherProtocol,
            Encapsulation::Vxlan => Application::Vxlan,
            _ => Application::Gre,
        };
        assert_eq!(outer.verdict().application(), tunnel, "{kind:?}");
        let key = inner.key();
        assert_eq!(key.encapsulation(), Some(kind));
        assert_eq!(key.source_address(), Some(IpAddr::from([10, 20, 0, 21])), "{kind:?}");
        assert_eq!(key.destination_address(), Some(IpAddr::from([10, 30, 0, 10])), "{kind:?}");
        assert_eq!((key.source_port(), key.destination_port()), (40_000, 2575), "{kind:?}");
        assert_eq!(inner.verdict().application(), Application::Hl7, "{kind:?}");
        assert_eq!((inner.packets(), inner.octets()), (1, carried as u64), "{kind:?}");
        let ledger = datapath.ledger();
        assert_eq!(ledger.line(Entry::Encapsulated), 1);
        assert_eq!(ledger.line(Entry::EncapsulatedOctets), carried as u64);
    }
}

#[test]
fn ipv6_is_found_in_ipv4_and_in_ipv6() {
    let mut conversation = conversation();
    conversation.client.address = IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]);
    conversation.server.address = IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 2]);
    let frame = conversation.udp_frame(Side::Client, b"x");
    for (kind, outer) in [
        (Encapsulation::Ipv6InIpv4, over_ipv4(protocol::IPV6, packet_of(&frame))),
        (Encapsulation::Ipv6InIpv6, over_ipv6(protocol::IPV6, packet_of(&frame))),
    ] {
        let (_, inner) = flows(&datapath_after(&[outer]));
        assert_eq!(inner[0].key().encapsulation(), Some(kind));
        assert_eq!(inner[0].key().source_address(), Some(conversation.client.address));
    }
}

#[test]
fn a_conversation_seen_plainly_and_in_a_mirror_is_two_flows() {
    let frame = mirrored();
    let copy = over_ipv4(protocol::GRE, &erspan_ii(1, 20, 5, &frame));
    let (outer, inner) = flows(&datapath_after(&[frame.clone(), copy]));
    assert_eq!((outer.len(), inner.len()), (2, 1));
    let plain = outer.iter().find(|slot| slot.key().protocol() == protocol::TCP).unwrap();
    assert_eq!((plain.packets(), inner[0].packets()), (1, 1));
    assert_eq!(plain.verdict().application(), Application::Hl7);
    assert_eq!(inner[0].verdict().application(), Application::Hl7);
}

#[test]
fn the_address_in_a_tunnel_is_never_that_of_the_station_that_sends_the_tunnel() {
    let inner = EndpointKey { address: [0, 0xffff_0a14_0015], ..EndpointKey::default() }.inside();
    for (kind, outer, _) in every_kind(&mirrored()) {
        let datapath = datapath_after(&[outer]);
        let of_address: Vec<EndpointKey> = endpoints(&datapath)
            .into_iter()
            .map(|(_, key)| key)
            .filter(|key| key.address == inner.address)
            .collect();
        assert!(!of_address.is_empty(), "{kind:?}");
        for key in of_address {
            assert!([0, word(PUMP)].contains(&key.station), "{kind:?}: {key:?}");
            assert!(key.is_encapsulated(), "{kind:?}: {key:?}");
        }
    }
}

#[test]
fn what_is_inside_a_tunnel_does_not_decide_whose_plain_traffic_is() {
    // A forger puts the pump's address into a tunnel before the pump has said a word.
    let forged = over_ipv4(protocol::IPV4, packet_of(&mirrored()));
    let answer = conversation().udp_frame(Side::Server, b"x");
    let datapath = datapath_after(&[forged, answer]);
    let (plain, inner) = flows(&datapath);
    let answer = plain.iter().find(|slot| slot.key().source_port() == 2575).unwrap();
    assert_ne!(answer.tail.destination_endpoint, inner[0].tail.source_endpoint);
    assert_eq!(answer.tail.destination_endpoint, sensor_common::endpoint::ELSEWHERE);
}

#[test]
fn twelve_nested_tunnels_are_two_flows() {
    let mut frame = mirrored();
    for level in 1..=12 {
        frame = in_vxlan(&frame);
        let (outer, inner) = flows(&datapath_after(&[frame.clone()]));
        assert_eq!((outer.len(), inner.len()), (1, 1), "{level} levels");
        let wanted = if level == 1 { Application::Hl7 } else { Application::Vxlan };
        assert_eq!(inner[0].verdict().application(), wanted, "{level} levels");
    }
    let mut packet = packet_of(&mirrored()).to_vec();
    for level in 1..=12 {
        let header = Ipv4Header::between(OUTER[0], OUTER[1]);
        let number = if level % 2 == 0 { protocol::IPV4 } else { protocol::GRE };
        if number == protocol::GRE {
            packet = GreHeader::default().packet(ethertype::IPV4, &packet);
        }
        packet = header.packet(number, &packet);
        let frame = between_switches().frame(ethertype::IPV4, &packet);
        let (outer, inner) = flows(&datapath_after(&[frame]));
        assert_eq!((outer.len(), inner.len()), (1, 1), "{level} levels");
        let wanted = match level {
            1 => Application::Hl7,
            _ if level % 2 == 0 => Application::Gre,
            _ => Application::OtherProtocol,
        };
        assert_eq!(inner[0].verdict().application(), wanted, "{level} levels");
    }
}

#[test]
fn a_later_fragment_of_the_outer_packet_has_no_inner_flow() {
    let content = erspan_ii(1, 20, 5, &mirrored());
    let header = Ipv4Header::between(OUTER[0], OUTER[1]);
    let fragments = header.fragments(protocol::GRE, 7, &content, 80);
    let frames: Vec<Vec<u8>> =
        fragments.iter().map(|packet| between_switches().frame(ethertype::IPV4, packet)).collect();
    let (outer, inner) = flows(&datapath_after(&frames[1..]));
    assert_eq!((outer.len(), inner.len()), (1, 0));
    // The first has the inner headers; octets are those it holds.
    let (_, inner) = flows(&datapath_after(&frames));
    assert_eq!((inner.len(), inner[0].packets(), inner[0].octets()), (1, 1, 80 - 16));
    // A tunnel header that looks as if it began in a later fragment.
    let place = FragmentPlace { offset_octets: 800, more_fragments: false };
    let later = header.as_fragment(7, place).packet(protocol::GRE, &content);
    let (_, inner) = flows(&datapath_after(&[between_switches().frame(ethertype::IPV4, &later)]));
    assert!(inner.is_empty());
}

#[test]
fn a_later_fragment_inside_is_a_fragment_without_ports() {
    let header = Ipv4Header::between([10, 20, 0, 21], [10, 30, 0, 10]);
    let place = FragmentPlace { offset_octets: 800, more_fragments: false };
    let later = header.as_fragment(7, place).packet(protocol::UDP, &[0; 64]);
    let (_, inner) = flows(&datapath_after(&[over_ipv4(protocol::IPV4, &later)]));
    assert_eq!(inner[0].verdict().application(), Application::Fragment);
    assert_eq!((inner[0].key().source_port(), inner[0].key().destination_port()), (0, 0));
}

#[test]
fn a_first_fragment_that_ends_within_the_inner_headers_has_the_outer_flow_only() {
    let content = GreHeader::default().packet(ethertype::IPV4, packet_of(&mirrored()));
    let header = Ipv4Header::between(OUTER[0], OUTER[1]);
    // GRE, an IPv4 header, and the TCP ports of the inner packet; then the frame's padding.
    let first = header.fragments(protocol::GRE, 7, &content, 32).swap_remove(0);
    let mut frame = between_switches().frame(ethertype::IPV4, &first);
    frame.resize(200, 0xa5);
    let datapath = datapath_after(&[frame]);
    let (outer, inner) = flows(&datapath);
    assert_eq!((outer.len(), inner.len()), (1, 0));
    assert_eq!(datapath.ledger().line(Entry::EncapsulatedUndissected), 1);
}

#[test]
fn cut_at_any_octet_a_tunnel_shows_the_same_inner_flow_or_none() {
    for (kind, outer_frame, _) in every_kind(&mirrored()) {
        let (_, whole) = flows(&datapath_after(std::slice::from_ref(&outer_frame)));
        let mut seen = 0;
        for cut in 0..outer_frame.len() {
            let mut datapath = HostDatapath::new(&SIZES);
            datapath.receive(&outer_frame[..cut], outer_frame.len() as u64, 1, 1000);
            let (_, inner) = flows(&datapath);
            for slot in &inner {
                assert_eq!(slot.key(), whole[0].key(), "{kind:?}, {cut} octets");
                assert_eq!(slot.octets(), whole[0].octets(), "{kind:?}, {cut} octets");
            }
            seen += inner.len();
        }
        assert!(seen > HL7.len() / 2, "{kind:?}: {seen} cuts show the inner flow");
    }
}

#[test]
fn vxlan_on_another_port_is_not_opened() {
    let ends = Endpoints::v4(OUTER[0], OUTER[1]);
    let datagram = udp_datagram(&ends, VXLAN_PORT, 50_000, &vxlan(42, &mirrored()));
    let (outer, inner) = flows(&datapath_after(&[over_ipv4(protocol::UDP, &datagram)]));
    assert_eq!((outer.len(), inner.len()), (1, 0));
    assert_eq!(outer[0].verdict().application(), Application::Vxlan);
}
