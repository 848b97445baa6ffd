//! Simple Network Management Protocol (RFC 1157, RFC 3416, RFC 3412), BER-encoded.

use super::{Application, Identification, ber};
use crate::payload::Payload;

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.octet(0) != SEQUENCE {
        return None;
    }
    // INTEGER of one octet, version 0, 1 or 3; then a community string, or the v3 header sequence.
    let message = ber::element::<0>(payload)?;
    let next = (message.contents >> 32) as u8;
    let is_next = match message.contents >> 40 {
        0x02_0100 | 0x02_0101 => next == OCTET_STRING,
        0x02_0103 => next == SEQUENCE,
        _ => false,
    };
    (is_next && message.whole == payload.length())
        .then_some(Identification::confirmed(Application::Snmp))
}

/// Octets that may leave the kernel: of messages of version 1 and 2c up to the end of the community,
/// only if that is one of the two that everybody knows. Any other is a secret.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    match payload.octet(1) {
        0..=0x7f => community::<2>(payload),
        0x81 => community::<3>(payload),
        0x82 => community::<4>(payload),
        _ => 0,
    }
}

/// Octets up to the end of the community, in a message whose contents begin at `AT`.
#[inline(always)]
fn community<const AT: usize>(payload: &Payload) -> usize {
    // Version: an INTEGER of one octet, 0 or 1.
    if payload.octet(0) != SEQUENCE || payload.be_u24(AT) & 0xff_fffe != 0x02_0100 {
        return 0;
    }
    let text = payload.be_u64_at(AT + 5);
    match payload.be_u16(AT + 3) {
        0x0406 if text >> 16 == u64::from_be_bytes(*b"\0\0public") => AT + 5 + 6,
        0x0407 if text >> 8 == u64::from_be_bytes(*b"\0private") => AT + 5 + 7,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// The beginning of a message of version 2c with the community `public`.
    const MESSAGE: [u8; 15] = *b"\x30\x0d\x02\x01\x01\x04\x06public\xa0\x00";

    #[test]
    fn messages_of_every_version_are_confirmed_by_their_length() {
        assert_eq!(datagram(&MESSAGE), confirmed(Application::Snmp));
        no_prefix_is_confirmed(&MESSAGE, datagram);
        let version_3 = [0x30, 7, 2, 1, 3, 0x30, 2, 2, 0];
        assert_eq!(datagram(&version_3), confirmed(Application::Snmp));
    }

    #[test]
    fn a_community_leaves_if_everybody_knows_it_and_no_secret_does() {
        let length = |octets: &[u8]| sample_length(&Payload::from_octets(octets));
        assert_eq!(length(&MESSAGE), 13);
        assert_eq!(length(b"\x30\x81\x8e\x02\x01\0\x04\x07private\xa0\x00"), 15);
        assert_eq!(length(b"\x30\x82\x01\x8e\x02\x01\x01\x04\x06public\xa0\x00"), 15);
        for (at, octet) in [(0, 0x31), (4, 2), (4, 3), (6, 5), (6, 7), (7, b'P'), (12, b'k')] {
            let mut near_miss = MESSAGE;
            near_miss[at] = octet;
            assert_eq!(length(&near_miss), 0, "{at}");
        }
        assert_eq!(length(b"\x30\x0f\x02\x01\x01\x04\x08public-7\xa0\x00"), 0);
    }

    #[test]
    fn other_versions_and_lengths_are_refused() {
        for (at, octet) in [(0, 0x31), (1, 14), (2, 4), (3, 2), (4, 2), (5, 0x30)] {
            let mut near_miss = MESSAGE;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Snmp, "{at}");
        }
    }
}
