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
    fn other_versions_and_lengths_are_refused() {
        for (at, octet) in [(0, 0x31), (1, 14), (2, 4), (3, 2), (4, 2), (5, 0x30)] {
            let mut near_miss = MESSAGE;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Snmp, "{at}");
        }
    }
}
