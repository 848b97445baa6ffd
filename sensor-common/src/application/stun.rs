//! Session Traversal Utilities for NAT (RFC 8489 section 5) and TURN, over UDP and TCP.

use super::{Application, Identification};
use crate::payload::Payload;

const MAGIC_COOKIE: u32 = 0x2112_a442;
const HEADER: usize = 20;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    message(payload, payload.be_u16(2) as usize + HEADER == payload.length())
}

#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload) -> Option<Identification> {
    message(payload, payload.be_u16(2) as usize + HEADER <= payload.length())
}

/// Two zero bits and the type, a length in whole words, the cookie, a transaction of 96 bits.
#[inline(always)]
fn message(payload: &Payload, fits: bool) -> Option<Identification> {
    (payload.be_u32(4) == MAGIC_COOKIE
        && payload.octet(0) & 0xc0 == 0
        && payload.octet(3) & 3 == 0
        && payload.length() >= HEADER)
        .then_some(Identification::marked(Application::Stun, fits))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A binding request.
    const REQUEST: [u8; 20] =
        [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    #[test]
    fn a_request_is_confirmed_by_its_length() {
        assert_eq!(datagram(&REQUEST), confirmed(Application::Stun));
        assert_eq!(stream(&REQUEST), confirmed(Application::Stun));
        no_prefix_is_confirmed(&REQUEST, datagram);
        prefixes_agree(&REQUEST, datagram);
    }

    #[test]
    fn other_cookies_and_lengths_are_not() {
        for (at, octet) in [(0, 0x40), (3, 1), (4, 0x20), (7, 0x43)] {
            let mut near_miss = REQUEST;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Stun, "{at}");
        }
        let mut longer = REQUEST;
        longer[3] = 4;
        assert_eq!(datagram(&longer), likely(Application::Stun));
    }
}
