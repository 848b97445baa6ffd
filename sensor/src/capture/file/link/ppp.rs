//! The Point-to-Point Protocol (RFC 1661 section 2), in frames like HDLC's (RFC 1662), and Cisco's
//! HDLC, which has Ethernet's types.

use super::{Header, IPV4, IPV6, NO_ETHERTYPE};

/// Address and control field (RFC 1662 section 3.1), which may be left out.
const ADDRESS_AND_CONTROL: [u8; 2] = [0xff, 0x03];
/// Cisco's addresses: to one station and to all.
const CISCO: [u8; 2] = [0x0f, 0x8f];
const IPV4_PROTOCOL: u16 = 0x0021;
const IPV6_PROTOCOL: u16 = 0x0057;

pub(super) fn header(packet: &[u8]) -> Option<Header<'_>> {
    if CISCO.contains(packet.first()?) {
        return cisco(packet);
    }
    let packet = packet.strip_prefix(&ADDRESS_AND_CONTROL).unwrap_or(packet);
    let (first, rest) = packet.split_first()?;
    // A number whose first octet is odd has no second one (RFC 1661 section 6.5).
    let (protocol, payload) = if first & 1 == 1 {
        (u16::from(*first), rest)
    } else {
        let (second, payload) = rest.split_first()?;
        (u16::from_be_bytes([*first, *second]), payload)
    };
    let ethertype = match protocol {
        IPV4_PROTOCOL => IPV4,
        IPV6_PROTOCOL => IPV6,
        _ => NO_ETHERTYPE,
    };
    Some(Header::without_stations(ethertype, payload))
}

/// Address, control 0, type.
pub(super) fn cisco(packet: &[u8]) -> Option<Header<'_>> {
    let (header, payload) = packet.split_first_chunk::<4>()?;
    let ethertype = u16::from_be_bytes([header[2], header[3]]);
    Some(Header::without_stations(ethertype, payload))
}
