//! Frames without TCP or UDP payload at the usual place: control protocols,
//! link-layer announcements and stacks of tags.

use super::{Specimen, sound};
use crate::frames::announcements::{
    ArpParty, arp_announcement, arp_message, arp_reply, arp_request, cdp_announcement,
    lldp_announcement,
};
use crate::frames::checksum::Endpoints;
use crate::frames::ethernet::{EthernetHeader, MacAddress, Tag, ethertype};
use crate::frames::ipv4::{Ipv4Header, protocol};
use crate::frames::ipv6::Ipv6Header;
use crate::frames::transport::{sctp_init, udp_datagram};
use crate::frames::{SeededRandom, signalling};
use crate::speakers::Saying;

pub(super) fn network_control(random: &mut SeededRandom) -> Specimen {
    match random.below(6) {
        0 => icmp(random),
        1 => icmpv6(random),
        2 => {
            over_ipv4(random, "igmp", protocol::IGMP, signalling::igmp_report([239, 255, 255, 250]))
        }
        3 => {
            let tag = random.next_u32();
            over_ipv4(random, "sctp", protocol::SCTP, sctp_init(2_905, 36_412, tag))
        }
        4 => {
            let content = random.octets(64);
            over_ipv4(random, "esp", protocol::ESP, content)
        }
        _ => unassigned(random),
    }
}

fn over_ipv4(random: &mut SeededRandom, name: &str, number: u8, message: Vec<u8>) -> Specimen {
    let (source, destination) = sound::ipv4_pair(random);
    let packet = Ipv4Header::between(source, destination).packet(number, &message);
    Specimen {
        octets: sound::hardware(random).frame(ethertype::IPV4, &packet),
        description: format!("{name} over ipv4"),
    }
}

fn icmp(random: &mut SeededRandom) -> Specimen {
    let (identifier, sequence) = (random.next_u16(), random.next_u16());
    let message = match random.below(3) {
        0 => signalling::icmp_echo_request(identifier, sequence, &random.octets(56)),
        1 => signalling::icmp_echo_reply(identifier, sequence, &random.octets(56)),
        _ => {
            let (source, destination) = sound::ipv4_pair(random);
            let datagram = udp_datagram(&Endpoints::v4(source, destination), 53, 50_000, b"");
            let original =
                Ipv4Header::between(source, destination).packet(protocol::UDP, &datagram);
            signalling::icmp_unreachable(random.next_u8() % 16, &original)
        }
    };
    over_ipv4(random, "icmp", protocol::ICMP, message)
}

fn icmpv6(random: &mut SeededRandom) -> Specimen {
    let (source, destination) = sound::ipv6_pair(random);
    let ends = Endpoints::v6(source, destination);
    let message = if random.in_percent(50) {
        signalling::neighbour_solicitation(&ends, destination, MacAddress::vendor(0x00_0f14, 1))
    } else {
        signalling::icmpv6_echo_request(&ends, random.next_u16(), 1, &random.octets(32))
    };
    let packet = Ipv6Header::between(source, destination).packet(protocol::ICMPV6, &message);
    Specimen {
        octets: sound::hardware(random).frame(ethertype::IPV6, &packet),
        description: "icmpv6 over ipv6".to_owned(),
    }
}

/// The packet inside an application frame.
pub(super) fn inner_packet(random: &mut SeededRandom, repertoire: &[Saying]) -> (u16, Vec<u8>) {
    let saying = random.pick(repertoire).clone();
    let ports = (saying.port, 50_000);
    let payload = &saying.octets[..saying.octets.len().min(1_200)];
    let number = match saying.transport {
        crate::speakers::Transport::Tcp => protocol::TCP,
        crate::speakers::Transport::Udp => protocol::UDP,
    };
    sound::packet(random, number, number, &mut String::new(), |random, ends| {
        sound::transport_message(random, ends, &saying, ports, payload)
    })
}

/// Protocol numbers without ports, or without anything after them.
fn unassigned(random: &mut SeededRandom) -> Specimen {
    let number = random.next_u8();
    let length = random.below(80);
    let content = random.octets(length);
    let mut description = format!("protocol {number}");
    let (kind, packet) = sound::packet(random, number, number, &mut description, |_, _| content);
    Specimen { octets: sound::hardware(random).frame(kind, &packet), description }
}

pub(super) fn link_control(random: &mut SeededRandom) -> Specimen {
    let hardware = MacAddress::vendor(0x00_30e6, random.next_u32() & 0x00ff_ffff);
    let (address, other) = sound::ipv4_pair(random);
    let sender = ArpParty { hardware, address };
    let target = ArpParty { hardware: MacAddress::vendor(0x00_0f14, 9), address: other };
    let header = EthernetHeader::between(hardware, target.hardware);
    let (name, octets) = match random.below(10) {
        0 => ("arp request", arp_request(sender, other)),
        1 => ("arp reply", arp_reply(sender, target)),
        2 => ("arp announcement", arp_announcement(sender)),
        3 => {
            let mut message = arp_message(1 + random.next_u16() % 9, sender, target);
            message[4] = random.next_u8();
            message[5] = random.next_u8();
            ("arp with odd address lengths", header.frame(ethertype::ARP, &message))
        }
        4 => (
            "lldp",
            lldp_announcement(hardware, "ge-0/0/1", "ward-switch-3", "Example switch, release 4"),
        ),
        5 => ("cdp", cdp_announcement(hardware, "ward-switch-3", "Example 2960")),
        6 => {
            let kinds = [
                ethertype::PROFINET,
                ethertype::PTP,
                ethertype::EAPOL,
                ethertype::MPLS,
                ethertype::PPPOE_SESSION,
            ];
            let kind = *random.pick(&kinds);
            ("other known ethertype", header.frame(kind, &random.octets(46)))
        }
        7 => {
            let kind = random.between(0x0600, 0xffff) as u16;
            ("unknown ethertype", header.frame(kind, &random.octets(46)))
        }
        8 => {
            let length = random.between(3, 200);
            ("802.3 with llc", header.length_frame(&random.octets(length)))
        }
        _ => {
            let (kind, content) = (random.next_u16() % 0x0600, random.octets(46));
            ("802.3 with wrong length", header.frame(kind, &content))
        }
    };
    Specimen { octets, description: name.to_owned() }
}

/// A packet in a session of PPPoE, or behind one to six labels, more than the dissector goes past.
pub(super) fn carried(random: &mut SeededRandom, repertoire: &[Saying]) -> Specimen {
    let (kind, packet) = inner_packet(random, repertoire);
    let header = sound::hardware(random);
    match random.between(0, 6) {
        0 => Specimen {
            octets: header.session_frame(kind, &packet),
            description: "pppoe session".to_owned(),
        },
        labels => Specimen {
            octets: header.labelled_frame(labels as u8, &packet),
            description: format!("{labels} mpls labels"),
        },
    }
}

/// One to twelve tags, more than any parser follows.
pub(super) fn stacked_tags(random: &mut SeededRandom, repertoire: &[Saying]) -> Specimen {
    let (kind, packet) = inner_packet(random, repertoire);
    let count = random.between(1, 12);
    let mut header =
        EthernetHeader::between(MacAddress::vendor(0x00_0f14, 1), MacAddress::vendor(0x20_e791, 1));
    for _ in 0..count {
        header = header.tagged(Tag::customer(random.next_u16()));
    }
    Specimen { octets: header.frame(kind, &packet), description: format!("{count} stacked tags") }
}
