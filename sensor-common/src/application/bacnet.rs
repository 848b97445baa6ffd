//! BACnet/IP (ANSI/ASHRAE 135 annex J): BVLL, then the NPDU.

use super::{Application, Identification};
use crate::payload::Payload;

const BACNET_IP: u8 = 0x81;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let function = payload.octet(1);
    if payload.octet(0) != BACNET_IP
        || function > 0x0b
        || payload.be_u16(2) as usize != payload.length()
    {
        return None;
    }
    // NPDU version 1 (clause 6.2.1): after the header, or after the originator of a forwarded one.
    // Functions without one have entries of 10 octets, or one length (clauses J.2.1 to J.2.9).
    let length = payload.length();
    let is_npdu = match function {
        0x00 | 0x05 => length == 6,
        0x01 | 0x03 | 0x07 => length >= 4 && (length - 4).is_multiple_of(10),
        0x02 | 0x06 => length == 4,
        0x08 => length == 10,
        0x04 => payload.octet(10) == 1,
        0x09..=0x0b => payload.octet(4) == 1,
        _ => length >= 4,
    };
    is_npdu.then_some(Identification::confirmed(Application::Bacnet))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const WHO_IS: [u8; 12] = [0x81, 0x0b, 0, 12, 1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 8];

    #[test]
    fn a_broadcast_is_confirmed_by_its_length_and_version() {
        assert_eq!(datagram(&WHO_IS), confirmed(Application::Bacnet));
        no_prefix_is_confirmed(&WHO_IS, datagram);
        for (at, octet) in [(0, 0x80), (1, 0x0c), (3, 13), (4, 2)] {
            let mut near_miss = WHO_IS;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Bacnet, "{at}");
        }
    }

    #[test]
    fn other_functions_have_their_lengths() {
        let ask = |function, length: u8| {
            let mut octets = [0; 30];
            octets[..4].copy_from_slice(&[0x81, function, 0, length]);
            datagram(&octets[..length as usize])
        };
        for (function, length) in [(0, 6), (1, 14), (2, 4), (3, 24), (5, 6), (8, 10)] {
            assert_eq!(ask(function, length), confirmed(Application::Bacnet), "{function}");
            assert_ne!(ask(function, length + 1).application, Application::Bacnet, "{function}");
        }
    }
}
