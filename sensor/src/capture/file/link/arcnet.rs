//! ARCNET (ANSI 878.1), which building controls still run over, with the headers of RFC 1201 and,
//! before it, RFC 1051.

use super::{ARP, Header, IPV4, IPV6, NO_ETHERTYPE};

/// System codes (RFC 1201).
const IPV4_CODE: u8 = 212;
const ARP_CODE: u8 = 213;
/// RFC 2497.
const IPV6_CODE: u8 = 196;
/// Those of RFC 1051, whose header ends with the code.
const OLD_IPV4_CODE: u8 = 240;
const OLD_ARP_CODE: u8 = 241;
/// A packet of a length that needs padding has its header twice.
const EXCEPTION: u8 = 0xff;

/// `before` octets stand before the system code: two addresses, in Linux's form two more.
pub(super) fn header(packet: &[u8], before: usize) -> Option<Header<'_>> {
    let (code, rest) = packet.get(before..)?.split_first()?;
    let ethertype = match *code {
        IPV4_CODE | OLD_IPV4_CODE => IPV4,
        ARP_CODE | OLD_ARP_CODE => ARP,
        IPV6_CODE => IPV6,
        _ => NO_ETHERTYPE,
    };
    if matches!(*code, OLD_IPV4_CODE | OLD_ARP_CODE) {
        return Some(Header::without_stations(ethertype, rest));
    }
    let (mut flag, mut payload) = fragment(rest)?;
    if flag == EXCEPTION {
        // Of the repeated header, the code is passed over with the sequence number.
        (flag, payload) = fragment(payload.get(1..)?)?;
    }
    // Even flags count the fragments behind the first.
    let is_beginning = flag == 0 || flag % 2 == 1;
    Some(Header::without_stations(if is_beginning { ethertype } else { NO_ETHERTYPE }, payload))
}

/// The flag of a fragment, and what stands behind the sequence number.
fn fragment(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (header, payload) = rest.split_first_chunk::<3>()?;
    Some((header[0], payload))
}
