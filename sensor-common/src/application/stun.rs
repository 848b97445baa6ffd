//! Session Traversal Utilities for NAT (RFC 8489 section 5) and TURN, over UDP and TCP, there also
//! framed (RFC 4571); and what it was before it had a cookie (RFC 3489 section 11).

use super::{Application, Identification};
use crate::payload::Payload;

const MAGIC_COOKIE: u32 = 0x2112_a442;
const HEADER: usize = 20;
/// Octets of a length before a message in a stream.
const FRAME: usize = 2;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let fits = payload.be_u16(2) as usize + HEADER == payload.length();
    if payload.be_u32(4) != MAGIC_COOKIE {
        return if fits { classic(payload) } else { None };
    }
    message::<0>(payload, fits)
}

#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload) -> Option<Identification> {
    if payload.be_u32(FRAME + 4) == MAGIC_COOKIE {
        let length = payload.be_u16(0) as usize;
        let fits = length + FRAME == payload.length()
            && payload.be_u16(FRAME + 2) as usize + HEADER == length;
        return message::<FRAME>(payload, fits);
    }
    message::<0>(payload, payload.be_u16(2) as usize + HEADER <= payload.length())
}

/// Two zero bits and the type, a length in whole words, the cookie, a transaction of 96 bits.
#[inline(always)]
fn message<const AT: usize>(payload: &Payload, fits: bool) -> Option<Identification> {
    (payload.be_u32(AT + 4) == MAGIC_COOKIE
        && payload.octet(AT) & 0xc0 == 0
        && payload.octet(AT + 3) & 3 == 0
        && payload.length() >= AT + HEADER)
        .then_some(Identification::marked(Application::Stun, fits))
}

/// A binding or shared secret, asked for, granted or refused; an attribute of those that there were
/// (section 11.2), or one of any number that is all.
#[inline(always)]
fn classic(payload: &Payload) -> Option<Identification> {
    let kind = payload.be_u16(0);
    let is_kind =
        (kind & 0x00ff).wrapping_sub(1) < 2 && (kind & 0xff00 == 0 || kind & 0xff00 == 0x0100);
    let attribute = payload.be_u16(HEADER);
    let end = payload.be_u16(HEADER + 2) as usize + HEADER + 4;
    let is_attribute = attribute.wrapping_sub(1) < 11 && end < payload.length();
    (is_kind && payload.length() > HEADER + 4 && (is_attribute || end == payload.length()))
        .then_some(Identification::likely(Application::Stun))
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
    fn a_framed_request_is_confirmed_by_both_lengths() {
        let mut framed = [0; 22];
        framed[1] = 20;
        framed[2..].copy_from_slice(&REQUEST);
        assert_eq!(stream(&framed), confirmed(Application::Stun));
        framed[1] = 24;
        assert_eq!(stream(&framed), likely(Application::Stun));
    }

    #[test]
    fn without_a_cookie_an_attribute_is_a_marker() {
        let mut request = [0x7b; 28];
        request[..4].copy_from_slice(&[0, 1, 0, 8]);
        request[20..24].copy_from_slice(&[0, 3, 0, 4]);
        assert_eq!(datagram(&request), likely(Application::Stun));
        for (at, octet) in [(0, 2), (1, 3), (3, 12), (23, 5)] {
            let mut near_miss = request;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Stun, "{at}");
        }
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
