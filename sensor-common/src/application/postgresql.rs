//! PostgreSQL (documentation of protocol 3.0, "Message Formats"): start-up and the server's first
//! answer.

use super::{Application, Identification};
use crate::payload::Payload;

const PROTOCOL_3: u32 = 3 << 16;
/// Request codes for cancelling, TLS and GSSAPI encryption: major number 1234, minor from 5678.
const REQUEST: u32 = 1234 << 16 | 5678;
const AUTHENTICATION: u32 = (b'R' as u32) << 24;
const ERROR: u32 = (b'E' as u32) << 24;

const CONFIRMED: Option<Identification> = Some(Identification::confirmed(Application::Postgresql));

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let first = payload.be_u32(0);
    let second = payload.be_u32(4);
    if first as usize == payload.length() && first >= 8 {
        // A request; or a version 3.x and the name of a parameter.
        let is_request = (first == 8 || first == 16) && second.wrapping_sub(REQUEST) < 3;
        let is_startup =
            second & 0xffff_fff0 == PROTOCOL_3 && payload.octet(8).wrapping_sub(b'_') < 28;
        return if is_request || is_startup { CONFIRMED } else { None };
    }
    // `R`, length, method; or `E`, length, and the severity as the first field.
    let length = first << 8 | second >> 24;
    if first & 0xffff_0000 == AUTHENTICATION {
        let method = payload.be_u32(5);
        let fits = (length as usize) < payload.length();
        // A method without data, one with a salt of four octets, those with data of their own.
        let is_method = match method {
            0 | 2 | 3 | 6 | 7 | 9 => length == 8,
            5 => length == 12,
            8 | 10..=12 => length > 8,
            _ => false,
        };
        return (is_method && fits).then_some(CONFIRMED).flatten();
    }
    let is_error = first & 0xffff_0000 == ERROR
        && length as usize + 1 == payload.length()
        && (payload.has(5, b"SERROR\0") || payload.has(5, b"SFATAL\0"));
    is_error.then_some(CONFIRMED).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const TLS: [u8; 8] = [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
    const STARTUP: &[u8] = b"\0\0\0\x14\0\x03\0\0user\0pacs\0\0";

    #[test]
    fn requests_and_startup_are_confirmed() {
        assert_eq!(stream(&TLS), confirmed(Application::Postgresql));
        no_prefix_is_confirmed(&TLS, stream);
        let mut startup = [0; 19];
        startup.copy_from_slice(STARTUP);
        startup[3] = 19;
        assert_eq!(stream(&startup), confirmed(Application::Postgresql));
        no_prefix_is_confirmed(&startup, stream);
    }

    #[test]
    fn the_servers_first_word_is_confirmed() {
        assert_eq!(stream(b"R\0\0\0\x08\0\0\0\0"), confirmed(Application::Postgresql));
        assert_eq!(stream(b"R\0\0\0\x0c\0\0\0\x05abcd"), confirmed(Application::Postgresql));
        assert_eq!(stream(b"E\0\0\0\x0dSFATAL\0\0\0"), confirmed(Application::Postgresql));
    }

    #[test]
    fn other_codes_and_lengths_are_refused() {
        for (at, octet) in [(3, 9), (4, 5), (5, 0xd3), (7, 0x2d), (7, 0x31)] {
            let mut near_miss = TLS;
            near_miss[at] = octet;
            assert_eq!(stream(&near_miss), unknown(), "{at}");
        }
        assert_eq!(stream(b"R\0\0\0\x08\0\0\0\x0d"), unknown());
        assert_eq!(stream(b"R\0\0\0\x0c\0\0\0\x05abc"), unknown());
    }

    #[test]
    fn a_method_has_its_length() {
        let method = |length, method| {
            let mut octets = [1; 13];
            octets[..9].copy_from_slice(&[b'R', 0, 0, 0, length, 0, 0, 0, method]);
            stream(&octets)
        };
        assert_eq!(method(12, 5), confirmed(Application::Postgresql));
        assert_eq!(method(12, 10), confirmed(Application::Postgresql));
        for (length, number) in [(11, 5), (12, 0), (8, 10), (8, 1), (12, 4)] {
            assert_eq!(method(length, number), unknown(), "{number}");
        }
    }
}
