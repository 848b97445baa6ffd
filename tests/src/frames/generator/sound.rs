//! Well-formed frames: application payloads, bare segments and fragments.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Specimen;
use crate::frames::checksum::Endpoints;
use crate::frames::ethernet::{EthernetHeader, MacAddress, Tag, ethertype};
use crate::frames::ipv4::{FragmentPlace, Ipv4Header, protocol};
use crate::frames::ipv6::{Ipv6Extension, Ipv6Header};
use crate::frames::transport::{TcpHeader, USUAL_SYN_OPTIONS, tcp_flags, udp_datagram};
use crate::frames::{SeededRandom, Side};
use crate::speakers::{Saying, Transport};

/// The largest segment behind plain headers; with more headers the frame is cut.
const LONGEST_PAYLOAD: usize = 1_448;

pub(super) fn hardware(random: &mut SeededRandom) -> EthernetHeader {
    let makers = [0x00_0f14, 0x00_30e6, 0x20_e791, 0x58_42e4, 0x00_1338, 0xd4_ae52];
    let source = MacAddress::vendor(*random.pick(&makers), random.next_u32() & 0x00ff_ffff);
    let destination = MacAddress::vendor(*random.pick(&makers), random.next_u32() & 0x00ff_ffff);
    let mut header = EthernetHeader::between(source, destination);
    for _ in 0..[0, 0, 0, 0, 1, 1, 2][random.below(7)] {
        let protocol = *random.pick(&[
            ethertype::CUSTOMER_TAG,
            ethertype::SERVICE_TAG,
            ethertype::OLD_DOUBLE_TAG,
        ]);
        header.tags.push(Tag { protocol, control: random.next_u16() });
    }
    header
}

pub(super) fn ipv4_pair(random: &mut SeededRandom) -> (Ipv4Addr, Ipv4Addr) {
    let mut address = |network| Ipv4Addr::new(10, network, 0, random.next_u8());
    (address(20), address(30))
}

pub(super) fn ipv6_pair(random: &mut SeededRandom) -> (Ipv6Addr, Ipv6Addr) {
    let mut address = |network| Ipv6Addr::new(0xfd00, network, 0, 0, 0, 0, 0, random.next_u16());
    (address(0x20), address(0x30))
}

/// An IP packet over a random family, with random options or extensions, and
/// its EtherType. `message` is made for the addresses that were chosen.
pub(super) fn packet(
    random: &mut SeededRandom,
    protocol_v4: u8,
    protocol_v6: u8,
    description: &mut String,
    message: impl FnOnce(&mut SeededRandom, &Endpoints) -> Vec<u8>,
) -> (u16, Vec<u8>) {
    if random.in_percent(65) {
        let (source, destination) = ipv4_pair(random);
        let mut header = Ipv4Header::between(source, destination);
        header.type_of_service = random.next_u8();
        header.identification = random.next_u16();
        header.dont_fragment = random.in_percent(80);
        description.push_str(" ipv4");
        if random.in_percent(15) {
            let length = random.between(1, 40);
            header.options = random.octets(length);
            description.push_str(" options");
        }
        let message = message(random, &Endpoints::v4(source, destination));
        (ethertype::IPV4, header.packet(protocol_v4, &message))
    } else {
        let (source, destination) = ipv6_pair(random);
        let mut header = Ipv6Header::between(source, destination);
        header.flow_label = random.next_u32();
        description.push_str(" ipv6");
        header.extensions = extensions(random, description);
        let message = message(random, &Endpoints::v6(source, destination));
        (ethertype::IPV6, header.packet(protocol_v6, &message))
    }
}

fn extensions(random: &mut SeededRandom, description: &mut String) -> Vec<Ipv6Extension> {
    let count = [0, 0, 0, 0, 1, 1, 2, 3, 5, 8][random.below(10)];
    (0..count)
        .map(|_| match random.below(5) {
            0 => {
                description.push_str(" hop-by-hop");
                let length = random.below(30);
                Ipv6Extension::HopByHop(random.octets(length))
            }
            1 => {
                description.push_str(" routing");
                let rest = random.octets(20);
                Ipv6Extension::Routing {
                    routing_type: random.next_u8() % 5,
                    segments_left: 1,
                    rest,
                }
            }
            2 => {
                description.push_str(" destination-options");
                let length = random.below(60);
                Ipv6Extension::DestinationOptions(random.octets(length))
            }
            3 => {
                description.push_str(" atomic-fragment");
                let place = FragmentPlace { offset_octets: 0, more_fragments: false };
                Ipv6Extension::Fragment { identification: random.next_u32(), place }
            }
            _ => {
                description.push_str(" authentication");
                Ipv6Extension::Authentication(random.octets(12))
            }
        })
        .collect()
}

/// Server port and client port: the usual port, an odd one, or the usual port
/// on the wrong side.
fn ports(random: &mut SeededRandom, usual: u16, description: &mut String) -> (u16, u16) {
    let client = random.between(1_024, 65_535) as u16;
    match random.below(100) {
        0..60 => (usual, client),
        60..90 => {
            description.push_str(" odd port");
            (random.between(1, 65_535) as u16, client)
        }
        _ => {
            description.push_str(" swapped");
            (client, usual)
        }
    }
}

/// A transport message that carries `payload` as the given side.
pub(super) fn transport_message(
    random: &mut SeededRandom,
    ends: &Endpoints,
    saying: &Saying,
    (server_port, client_port): (u16, u16),
    payload: &[u8],
) -> Vec<u8> {
    let (source_port, destination_port) = match saying.speaker {
        Side::Client => (client_port, server_port),
        Side::Server => (server_port, client_port),
    };
    match saying.transport {
        Transport::Udp => udp_datagram(ends, source_port, destination_port, payload),
        Transport::Tcp => {
            let mut header = TcpHeader::data(source_port, destination_port);
            header.sequence = random.next_u32();
            header.acknowledgement = random.next_u32();
            if random.in_percent(40) {
                header.options =
                    USUAL_SYN_OPTIONS[..random.between(1, USUAL_SYN_OPTIONS.len())].to_vec();
            }
            header.segment(ends, payload)
        }
    }
}

/// A frame that carries `payload` in place of the saying's own octets.
pub(super) fn carrying(
    random: &mut SeededRandom,
    saying: &Saying,
    payload: &[u8],
    mut description: String,
) -> Specimen {
    let ports = ports(random, saying.port, &mut description);
    let number = match saying.transport {
        Transport::Tcp => protocol::TCP,
        Transport::Udp => protocol::UDP,
    };
    let payload = &payload[..payload.len().min(LONGEST_PAYLOAD)];
    let (ethertype, packet) = packet(random, number, number, &mut description, |random, ends| {
        transport_message(random, ends, saying, ports, payload)
    });
    let ethernet = hardware(random);
    for tag in &ethernet.tags {
        description.push_str(&format!(" tag {:#06x}", tag.protocol));
    }
    let mut octets = if random.in_percent(70) {
        ethernet.frame(ethertype, &packet)
    } else {
        ethernet.unpadded_frame(ethertype, &packet)
    };
    if random.in_percent(10) {
        description.push_str(" padding");
        let padding = random.between(1, 46);
        octets.extend(random.octets(padding));
    }
    Specimen { octets, description }
}

pub(super) fn application(random: &mut SeededRandom, repertoire: &[Saying]) -> Specimen {
    let saying = random.pick(repertoire).clone();
    carrying(random, &saying, &saying.octets, saying.name.to_owned())
}

/// Handshakes, closes, resets and nonsense flags, without payload.
pub(super) fn bare_segment(random: &mut SeededRandom) -> Specimen {
    use tcp_flags::{ACK, FIN, PSH, RST, SYN, URG};
    let flags = *random.pick(&[
        SYN,
        SYN | ACK,
        ACK,
        FIN | ACK,
        RST,
        RST | ACK,
        0,
        FIN | PSH | URG,
        0x3f,
        0xff,
    ]);
    let port = *random.pick(&[22, 104, 139, 443, 445, 502, 2_575, 3_389, 11_112, 40_000]);
    let mut description = format!("bare segment flags {flags:#04x}");
    let (ethertype, packet) =
        packet(random, protocol::TCP, protocol::TCP, &mut description, |random, ends| {
            let mut header =
                TcpHeader::with_flags(random.between(1_024, 65_535) as u16, port, flags);
            if random.in_percent(50) {
                header.options = USUAL_SYN_OPTIONS.to_vec();
            }
            header.segment(ends, b"")
        });
    Specimen { octets: hardware(random).frame(ethertype, &packet), description }
}

/// One fragment, first or later, of a datagram that carries a saying.
pub(super) fn fragment(random: &mut SeededRandom, repertoire: &[Saying]) -> Specimen {
    let (description, ethertype, packet) = fragment_of(random, repertoire);
    Specimen { octets: hardware(random).frame(ethertype, &packet), description }
}

/// As [`fragment`], without a frame around it.
pub(super) fn fragmented_packet(
    random: &mut SeededRandom,
    repertoire: &[Saying],
) -> (u16, Vec<u8>) {
    let (_, ethertype, packet) = fragment_of(random, repertoire);
    (ethertype, packet)
}

fn fragment_of(random: &mut SeededRandom, repertoire: &[Saying]) -> (String, u16, Vec<u8>) {
    let saying = random.pick(repertoire).clone();
    let number = match saying.transport {
        Transport::Tcp => protocol::TCP,
        Transport::Udp => protocol::UDP,
    };
    let unit = *random.pick(&[8, 16, 24, 64, 512]);
    let ports = (saying.port, random.between(1_024, 65_535) as u16);
    let payload = &saying.octets[..saying.octets.len().min(LONGEST_PAYLOAD)];
    let identification = random.next_u16();
    let (ethertype, mut pieces): (u16, Vec<Vec<u8>>) = if random.in_percent(60) {
        let (source, destination) = ipv4_pair(random);
        let message =
            transport_message(random, &Endpoints::v4(source, destination), &saying, ports, payload);
        (
            ethertype::IPV4,
            Ipv4Header::between(source, destination).fragments(
                number,
                identification,
                &message,
                unit,
            ),
        )
    } else {
        let (source, destination) = ipv6_pair(random);
        let message =
            transport_message(random, &Endpoints::v6(source, destination), &saying, ports, payload);
        let count = message.len().div_ceil(unit);
        let header = Ipv6Header::between(source, destination);
        let pieces = message.chunks(unit).enumerate().map(|(index, piece)| {
            let place = FragmentPlace {
                offset_octets: (index * unit) as u16,
                more_fragments: index + 1 < count,
            };
            let extension =
                Ipv6Extension::Fragment { identification: u32::from(identification), place };
            header.clone().extended(extension).packet(number, piece)
        });
        (ethertype::IPV6, pieces.collect())
    };
    // Half of the time the first: the only one with a transport header.
    let index = if random.in_percent(50) { 0 } else { random.below(pieces.len()) };
    let description =
        format!("fragment {index} of {} ({unit} octets) of {}", pieces.len(), saying.name);
    (description, ethertype, pieces.swap_remove(index))
}
