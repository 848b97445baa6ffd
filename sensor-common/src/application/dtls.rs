//! Datagram Transport Layer Security (RFC 6347 section 4.1, RFC 9147 section 4).

use super::{Application, Identification};
use crate::payload::Payload;

const HEADER: usize = 13;
const HANDSHAKE: u8 = 22;
const HANDSHAKE_HEADER: usize = 12;

/// Before the standard (Cisco AnyConnect still speaks it); the hello in it says 1.0 as in TLS.
const BEFORE_1_0: u16 = 0x0100;

/// Content type, version 1.0 or 1.2 as ones' complements, epoch, sequence number, length.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let content = payload.octet(0);
    let version = payload.be_u16(1);
    let whole = payload.be_u16(11) as usize + HEADER;
    // Change cipher spec, alert, handshake, application data, heartbeat.
    if content.wrapping_sub(20) > 4
        || version != 0xfeff && version != 0xfefd && version != BEFORE_1_0
        || payload.be_u16(3) > 8
        || whole > payload.length()
        || whole == HEADER
    {
        return None;
    }
    if content != HANDSHAKE {
        return Some(Identification::marked(Application::Dtls, whole == payload.length()));
    }
    // Type and length of the message, its number, and of the fragment: offset and length.
    let is_clear = payload.be_u16(3) == 0;
    let fragment = payload.be_u24(22) as usize;
    let fits =
        fragment + HANDSHAKE_HEADER + HEADER <= whole && fragment <= payload.be_u24(14) as usize;
    Some(Identification::marked(
        Application::Dtls,
        !is_clear && whole == payload.length() || is_clear && fits,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn hello() -> [u8; 67] {
        let mut octets = [0; 67];
        octets[..14].copy_from_slice(&[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, 1]);
        (octets[16], octets[24]) = (42, 42);
        octets
    }

    #[test]
    fn a_hello_is_confirmed_by_its_fragment() {
        assert_eq!(datagram(&hello()), confirmed(Application::Dtls));
        no_prefix_is_confirmed(&hello(), datagram);
    }

    #[test]
    fn the_version_before_the_standard_is_known() {
        let mut old = hello();
        old[1..3].copy_from_slice(&[1, 0]);
        assert_eq!(datagram(&old), confirmed(Application::Dtls));
    }

    #[test]
    fn other_contents_versions_and_lengths_are_refused() {
        for (at, octet) in [(0, 19), (0, 25), (1, 3), (2, 0xfc), (3, 1), (12, 55)] {
            let mut near_miss = hello();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Dtls, "{at}");
        }
    }
}
