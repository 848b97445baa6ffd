//! Oracle's Transparent Network Substrate: packet header and CONNECT, ACCEPT, REFUSE, REDIRECT, by
//! the description in public dissectors (Oracle publishes none).

use super::{Application, Identification};
use crate::payload::Payload;

const CONNECT: u8 = 1;
const ACCEPT: u8 = 2;
const REFUSE: u8 = 4;
const REDIRECT: u8 = 5;
const DATA: u8 = 6;
const RESEND: u8 = 11;
const HEADER: usize = 8;

/// Packet length, its checksum 0, type, flags, header checksum 0.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.be_u16(2) != 0
        || payload.be_u16(6) != 0
        || payload.be_u16(0) as usize != payload.length()
    {
        return None;
    }
    let length = payload.length();
    // Version 3.00 to 3.31 as a number.
    let is_version = payload.be_u16(8).wrapping_sub(300) < 32;
    let is_body = match payload.octet(4) {
        // Version, lowest compatible version; at 24 length and offset of the connect data.
        CONNECT => {
            let end = payload.be_u16(24) as usize + payload.be_u16(26) as usize;
            is_version && (end == length || payload.be_u16(26) as usize == length)
        }
        ACCEPT => is_version && length >= 24,
        // User and system reason, length of the text.
        REFUSE => payload.be_u16(10) as usize + HEADER + 4 == length,
        REDIRECT => payload.be_u16(8) as usize + HEADER + 2 == length,
        // Where a capture begins in a session: flags, then something.
        DATA => payload.octet(5) & !0x20 == 0 && length > HEADER + 2,
        RESEND => length == HEADER,
        _ => false,
    };
    is_body.then_some(Identification::confirmed(Application::Oracle))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn connect() -> [u8; 71] {
        let mut octets = [0; 71];
        octets[..8].copy_from_slice(&[0, 71, 0, 0, 1, 0, 0, 0]);
        octets[8..12].copy_from_slice(&[1, 0x36, 1, 0x2c]);
        octets[24..28].copy_from_slice(&[0, 13, 0, 58]);
        octets[58..].copy_from_slice(b"(DESCRIPTION=");
        octets
    }

    #[test]
    fn a_connect_is_confirmed_by_both_its_lengths() {
        assert_eq!(stream(&connect()), confirmed(Application::Oracle));
        no_prefix_is_confirmed(&connect(), stream);
    }

    #[test]
    fn a_resend_is_confirmed() {
        assert_eq!(stream(&[0, 8, 0, 0, 11, 0, 0, 0]), confirmed(Application::Oracle));
    }

    #[test]
    fn data_in_mid_session_is_confirmed() {
        let data = [0, 16, 0, 0, 6, 0, 0, 0, 0, 0, 3, 0x5e, 0x15, 2, 0x80, 0x21];
        assert_eq!(stream(&data), confirmed(Application::Oracle));
        no_prefix_is_confirmed(&data, stream);
        for (at, octet) in [(1, 15), (3, 1), (4, 7), (5, 1), (6, 1)] {
            let mut near_miss = data;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Oracle, "{at}");
        }
    }

    #[test]
    fn other_types_lengths_and_versions_are_refused() {
        for (at, octet) in [(1, 70), (2, 1), (4, 3), (7, 1), (8, 2), (25, 12)] {
            let mut near_miss = connect();
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Oracle, "{at}");
        }
    }
}
