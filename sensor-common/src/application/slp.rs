//! Service Location Protocol, version 2 (RFC 2608 section 8), by which printers and directory
//! servers are found.

use super::{Application, Identification};
use crate::payload::Payload;

const VERSION: u8 = 2;
/// Overflow, fresh, request by multicast; the others are 0.
const FLAGS: u16 = 0xe000;
const HEADER: usize = 14;

/// Version, function 1 to 11, length of the whole, flags, offset of extensions, transaction, length
/// of the language's tag, which is a letter first.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
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
    fn other_versions_functions_and_flags_are_refused() {
        for (at, octet) in [(0, 1), (1, 12), (4, 1), (5, 0x10), (12, 1), (14, 0)] {
            let mut near_miss = REQUEST.to_vec();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Slp, "{at}");
        }
    }
}
