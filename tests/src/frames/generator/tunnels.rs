//! Frames that carry others: every kind of tunnel, nested, in fragments, and some that only look
//! like it.

use super::{Specimen, sound};
use crate::frames::SeededRandom;
use crate::frames::checksum::Endpoints;
use crate::frames::ethernet::ethertype;
use crate::frames::ipv4::{FragmentPlace, Ipv4Header, protocol};
use crate::frames::ipv6::{Ipv6Extension, Ipv6Header};
use crate::frames::transport::udp_datagram;
use crate::frames::tunnels::{
    GreHeader, VXLAN_PORT, erspan_i, erspan_ii, erspan_iii, gre_type, vxlan,
};
use crate::speakers::Saying;

/// What is carried: a packet of IP, from which a frame can be made, or any frame.
#[derive(Clone)]
struct Content {
    ethertype: u16,
    packet: Vec<u8>,
    frame: Vec<u8>,
}

/// One kind of tunnel around `content`: the protocol above IP and its octets.
fn around(
    random: &mut SeededRandom,
    content: &Content,
    ends: &Endpoints,
) -> (&'static str, u8, Vec<u8>) {
    let is_ipv4 = content.ethertype == ethertype::IPV4;
    let is_ip = is_ipv4 || content.ethertype == ethertype::IPV6;
    let sequence = random.next_u32();
    let header = GreHeader {
        checksum: random.in_percent(20).then(|| random.next_u16()),
        key: random.in_percent(40).then(|| random.next_u32()),
        sequence: random.in_percent(20).then_some(sequence),
    };
    match random.below(10) {
        0 | 1 if is_ipv4 => ("4 in ip", protocol::IPV4, content.packet.clone()),
        0 | 1 if is_ip => ("6 in ip", protocol::IPV6, content.packet.clone()),
        2 if is_ip => ("gre ip", protocol::GRE, header.packet(content.ethertype, &content.packet)),
        3 => ("gre ethernet", protocol::GRE, header.packet(gre_type::ETHERNET, &content.frame)),
        4 => ("erspan 1", protocol::GRE, erspan_i(&content.frame)),
        5 => {
            let vlan = random.next_u16();
            ("erspan 2", protocol::GRE, erspan_ii(sequence, vlan, 7, &content.frame))
        }
        6 | 7 => {
            let mut platform = [0; 8];
            platform.copy_from_slice(&random.octets(8));
            let platform = random.in_percent(50).then_some(platform);
            let (kind, mirrored) = if is_ip && random.in_percent(25) {
                (2, &content.packet)
            } else {
                ([0, 0, 0, 0, 1, 31][random.below(6)], &content.frame)
            };
            let octets = erspan_iii(sequence, 7, kind, platform, mirrored);
            ("erspan 3", protocol::GRE, octets)
        }
        _ => {
            let port = *random.pick(&[VXLAN_PORT, VXLAN_PORT, 8_472, 4_790]);
            let payload = vxlan(random.next_u32() & 0x00ff_ffff, &content.frame);
            ("vxlan", protocol::UDP, udp_datagram(ends, random.next_u16(), port, &payload))
        }
    }
}

/// A frame that carries `content`, plainly or in one fragment, and how.
fn carrying(random: &mut SeededRandom, content: &Content) -> (String, Content) {
    let mut description = String::new();
    let is_fragment = random.in_percent(12);
    let place = FragmentPlace {
        offset_octets: if random.in_percent(60) { 0 } else { 64 },
        more_fragments: true,
    };
    let (ethertype, packet) = if random.in_percent(70) {
        let (source, destination) = sound::ipv4_pair(random);
        let (kind, number, octets) = around(random, content, &Endpoints::v4(source, destination));
        description.push_str(kind);
        let mut header = Ipv4Header::between(source, destination);
        if random.in_percent(10) {
            header.options = random.octets(8);
        }
        if is_fragment {
            header = header.as_fragment(random.next_u16(), place);
        }
        (ethertype::IPV4, header.packet(number, &octets))
    } else {
        let (source, destination) = sound::ipv6_pair(random);
        let (kind, number, octets) = around(random, content, &Endpoints::v6(source, destination));
        description.push_str(kind);
        let mut header = Ipv6Header::between(source, destination);
        if random.in_percent(20) {
            // As tunnels have that limit their own nesting (RFC 2473 section 5.1).
            header = header.extended(Ipv6Extension::DestinationOptions(vec![4, 1, 4, 1, 1, 0]));
        }
        if is_fragment {
            let identification = random.next_u32();
            header = header.extended(Ipv6Extension::Fragment { identification, place });
        }
        (ethertype::IPV6, header.packet(number, &octets))
    };
    if is_fragment {
        description.push_str(" fragment");
    }
    let frame = sound::hardware(random).unpadded_frame(ethertype, &packet);
    (description, Content { ethertype, packet, frame })
}

/// A frame in a tunnel, or in up to twelve.
pub(super) fn tunnelled(
    random: &mut SeededRandom,
    carried: &Specimen,
    packet: (u16, Vec<u8>),
) -> Specimen {
    let mut content = if random.in_percent(50) {
        let frame = sound::hardware(random).unpadded_frame(packet.0, &packet.1);
        Content { ethertype: packet.0, packet: packet.1, frame }
    } else {
        // Any frame, which only tunnels for frames carry.
        Content { ethertype: 0, packet: Vec::new(), frame: carried.octets.clone() }
    };
    let levels = if random.in_percent(75) { 1 } else { random.between(2, 12) };
    let mut description =
        if content.ethertype == 0 { carried.description.clone() } else { "a packet".to_owned() };
    for _ in 0..levels {
        let (kind, next) = carrying(random, &content);
        description = format!("{kind} [{description}]");
        content = next;
    }
    Specimen { octets: content.frame, description: format!("tunnel of {levels}: {description}") }
}

/// A small frame in each kind of tunnel, for tests that cut them everywhere.
pub(super) fn one_of_each(random: &mut SeededRandom, repertoire: &[Saying]) -> Vec<Specimen> {
    let mut found: Vec<Specimen> = Vec::new();
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let carried = super::oddities::inner_packet(random, repertoire);
        let frame = sound::hardware(random).unpadded_frame(carried.0, &carried.1);
        let content = Content { ethertype: carried.0, packet: carried.1, frame };
        let (kind, outer) = carrying(random, &content);
        if kinds.insert((kind.clone(), outer.ethertype, content.ethertype)) {
            let description = format!("{kind} in {:#06x}", outer.ethertype);
            found.push(Specimen { octets: outer.frame, description });
        }
    }
    found
}
