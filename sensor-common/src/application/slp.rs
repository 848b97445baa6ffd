//! Service Location Protocol, version 2 (RFC 2608 section 8) and version 1 (RFC 2165 section 4), by
//! which printers and directory servers are found.

use super::{Application, Identification};
use crate::payload::Payload;

const FIRST_VERSION: u8 = 1;
const VERSION: u8 = 2;
/// Overflow, fresh, request by multicast; the others are 0.
const FLAGS: u16 = 0xe000;
const HEADER: usize = 14;

/// Version, function 1 to 11, length of the whole, flags, offset of extensions, transaction, length
/// of the language's tag, which is a letter first.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.octet(0) == FIRST_VERSION {
        return first_version(payload);
    }
    let tag = payload.be_u16(12) as usize;
    (payload.octet(0) == VERSION
        && payload.octet(1).wrapping_sub(1) < 11
        && payload.be_u24(2) as usize == payload.length()
        && payload.be_u16(5) & !FLAGS == 0
        && (1..=35).contains(&tag)
        && HEADER + tag <= payload.length()
        && payload.octet(HEADER).is_ascii_alphabetic())
    .then_some(Identification::confirmed(Application::Slp))
}

/// Version, function 1 to 10, length of the whole, flags in the upper five bits, dialect 0, two small
/// letters for the language, a character set by its number in the MIB of IANA, transaction.
#[inline(always)]
fn first_version(payload: &Payload) -> Option<Identification> {
    let language = payload.be_u16(6);
    let is_language = language & 0xe0e0 == 0x6060 && language & 0x1f1f != 0;
    (payload.octet(1).wrapping_sub(1) < 10
        && payload.be_u16(2) as usize == payload.length()
        && payload.be_u16(4) & 0x07ff == 0
        && is_language
        && payload.be_u16(8).wrapping_sub(1) < 2999
        && payload.length() > 12)
        .then_some(Identification::confirmed(Application::Slp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const REQUEST: &[u8] =
        b"\x02\x01\0\0\x30\x20\0\0\0\0\x73\x5a\0\x02en\0\0\0\x0fservice:printer\0\x07DEFAULT\0\0\0\0";

    #[test]
    fn a_request_is_confirmed_by_its_length() {
        assert_eq!(datagram(REQUEST), confirmed(Application::Slp));
        no_prefix_is_confirmed(REQUEST, datagram);
    }

    #[test]
    fn the_first_version_is_confirmed_by_its_length_and_language() {
        let reply = *b"\x01\x02\0\x18\0\0en\0\x03\x1d\x79\0\0\0\x01\0\x3c\0\x04a:b:";
        assert_eq!(datagram(&reply), confirmed(Application::Slp));
        no_prefix_is_confirmed(&reply, datagram);
        for (at, octet) in [(0, 3), (1, 0), (1, 11), (3, 0x19), (4, 1), (5, 1), (6, b'E'), (9, 0)] {
            let mut near_miss = reply;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Slp, "{at}");
        }
    }

    #[test]
    fn other_versions_functions_and_flags_are_refused() {
        for (at, octet) in [(0, 1), (1, 12), (4, 1), (5, 0x10), (12, 1), (14, 0)] {
            let mut near_miss = REQUEST.to_vec();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Slp, "{at}");
        }
    }
}
