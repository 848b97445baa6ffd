//! The frame that the mutator writes flows into.

use std::net::Ipv6Addr;

use super::programs::{Mutator, Turn};
use crate::frames::{
    Endpoints, EthernetHeader, Ipv4Header, Ipv6Header, MacAddress, Tag, TcpHeader, ethertype,
    protocol,
};

/// Octets of an untagged IPv4 frame.
const FRAME: usize = 128;
const SOURCE: [u8; 4] = [10, 20, 0, 0];
const PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x20, 0, 0, 0, 0, 0, 0);
/// The lower half of the first IPv6 address.
const FIRST_INTERFACE: u64 = 0x1_0000;
/// Sources and destinations are 1024 each.
pub const BITS: u64 = 10;

pub fn link() -> EthernetHeader {
    EthernetHeader::between(MacAddress::vendor(0x20e791, 1), MacAddress::vendor(0xd4ae52, 1))
}

/// A TCP segment with `payload` octets of zeros.
fn segment(ends: &Endpoints, payload: usize, flags: u8) -> Vec<u8> {
    TcpHeader::with_flags(0x8000, 104, flags).segment(ends, &vec![0; payload])
}

/// A frame with TCP control bits and the turn that begins with it: flow n goes from host n mod
/// 1024 to another host of the same 1024, so that senders are known endpoints on both sides.
pub fn frame(mutator: Mutator, flags: u8) -> (Vec<u8>, Turn) {
    let payload = FRAME - 14 - 20 - 20;
    let ends = Endpoints::v4(SOURCE, SOURCE);
    let ipv4 =
        Ipv4Header::between(SOURCE, SOURCE).packet(protocol::TCP, &segment(&ends, payload, flags));
    let (frame, network) = match mutator {
        Mutator::Ipv4 | Mutator::Packet => (link().frame(ethertype::IPV4, &ipv4), 14),
        Mutator::Vlan => (link().tagged(Tag::customer(20)).frame(ethertype::IPV4, &ipv4), 18),
        Mutator::Ipv6 => {
            let ends = Endpoints::v6(PREFIX, PREFIX);
            let segment = segment(&ends, payload, flags);
            let packet = Ipv6Header::between(PREFIX, PREFIX).packet(protocol::TCP, &segment);
            (link().frame(ethertype::IPV6, &packet), 14)
        }
    };
    let turn = match mutator {
        Mutator::Ipv6 => Turn {
            source: FIRST_INTERFACE,
            destination: FIRST_INTERFACE,
            transport: word(&frame, network + 40) & 0xffff_ffff_ffff,
            ..turn_of_ipv4(&frame, network)
        },
        _ => turn_of_ipv4(&frame, network),
    };
    (frame, turn)
}

/// The turn that begins with the IPv4 frame given, whose network header is at `network`.
pub fn turn_of_ipv4(frame: &[u8], network: usize) -> Turn {
    let first = u64::from(u32::from_be_bytes(SOURCE));
    Turn {
        source: first,
        destination: first,
        source_bits: BITS,
        destination_bits: BITS,
        lifetime_and_protocol: word(frame, network + 8) >> 32,
        transport: word(frame, network + 20) & 0xffff_ffff_ffff,
        ..Turn::default()
    }
}

fn word(frame: &[u8], at: usize) -> u64 {
    let octets = frame[at..at + 8].first_chunk().expect("eight octets were asked for");
    u64::from_be_bytes(*octets)
}
