//! MySQL and MariaDB (MySQL client/server protocol, "Connection Phase"): the server's greeting and
//! the client's answer.

use super::{Application, Identification};
use crate::payload::Payload;

const HEADER: usize = 4;
/// CLIENT_PROTOCOL_41.
const PROTOCOL_41: u16 = 0x0200;
/// CLIENT_SSL: a request for TLS ends after the reserved octets.
const SSL_REQUEST: usize = 32;

/// Payload length (3 octets, little-endian), sequence number, payload.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = (payload.be_u32(0) >> 8).swap_bytes() as usize >> 8;
    if length + HEADER != payload.length() {
        return None;
    }
    match payload.octet(3) {
        // Protocol version 10, then the server's version as text: `5.7.`, `8.4.`, `10.11`.
        0 => {
            let version = payload.be_u24(5);
            let is_digit = (version >> 16).wrapping_sub(b'0' as u32) < 10;
            let has_point = version >> 8 & 0xff == b'.' as u32 || version & 0xff == b'.' as u32;
            (payload.octet(4) == 10 && is_digit && has_point && length > 20)
                .then_some(Identification::confirmed(Application::Mysql))
        }
        // Capabilities, largest packet, character set, 23 reserved zeros (MariaDB uses the last 4).
        1 => (payload.le_u16(4) & PROTOCOL_41 != 0
            && length >= SSL_REQUEST
            && payload.be_u64_at(13) == 0
            && payload.be_u64_at(21) == 0
            && payload.be_u24(29) == 0)
            .then_some(Identification::confirmed(Application::Mysql)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn greeting() -> [u8; 60] {
        let mut octets = [0; 60];
        octets[..12].copy_from_slice(b"\x38\0\0\0\x0a8.0.36\0");
        octets
    }

    #[test]
    fn a_greeting_is_confirmed() {
        assert_eq!(stream(&greeting()), confirmed(Application::Mysql));
        no_prefix_is_confirmed(&greeting(), stream);
    }

    #[test]
    fn a_login_and_a_request_for_tls_are_confirmed() {
        let mut login = [0; 40];
        login[..13].copy_from_slice(&[36, 0, 0, 1, 0x85, 0xa6, 15, 0, 0, 0, 0, 1, 45]);
        login[36..].copy_from_slice(b"hl7\0");
        assert_eq!(stream(&login), confirmed(Application::Mysql));
        login[0] = 32;
        assert_eq!(stream(&login[..36]), confirmed(Application::Mysql));
        no_prefix_is_confirmed(&login[..36], stream);
    }

    #[test]
    fn other_versions_and_numbers_are_refused() {
        for (at, octet) in [(0, 0x37), (3, 2), (4, 9), (5, b'v'), (6, b',')] {
            let mut near_miss = greeting();
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Mysql, "{at}");
        }
    }
}
