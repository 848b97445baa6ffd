//! Philips IntelliVue data export over UDP (Data Export Interface Programming Guide, 4535 642
//! 59271): association, data, and the announcement of a monitor.

use super::{Application, Identification};
use crate::payload::Payload;

/// What follows the session header of an association's request and acceptance.
const SESSION_DATA: u64 = 0x0508_1301_0016_0102;
/// Session identifier E100 and presentation context 2 of data messages.
const DATA: u32 = 0xe100_0002;
/// Remote operations: invoke, result, error, linked result.
const OPERATIONS: u16 = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 5;
/// NOM_NOTI_MDS_CONNECT_INDIC.
const CONNECT_INDICATION: u16 = 0x0d17;

const CONFIRMED: Option<Identification> = Some(Identification::confirmed(Application::Intellivue));

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    // Type CN or AC, then the length: one octet, or FF and two.
    let is_association = matches!(payload.octet(0), 0x0d | 0x0e)
        && (payload.be_u64_at(2) == SESSION_DATA || payload.be_u64_at(4) == SESSION_DATA);
    if is_association {
        return CONFIRMED;
    }
    // Both kinds of message carry an operation and its length at the same place.
    let operation = payload.be_u16(4);
    if operation > 5
        || OPERATIONS >> operation & 1 == 0
        || payload.be_u16(6) as usize + 8 != payload.length()
    {
        return None;
    }
    if payload.be_u32(0) == DATA {
        return CONFIRMED;
    }
    // Nomenclature; invoke and command with its length; managed object, time, event and length.
    (operation == 1
        && payload.be_u16(0) == 0
        && payload.be_u16(10) <= 1
        && payload.be_u16(12) as usize + 14 == payload.length()
        && payload.be_u16(24) == CONNECT_INDICATION)
        .then_some(CONFIRMED)
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn indication() -> [u8; 32] {
        let mut octets = [0; 32];
        octets[..8].copy_from_slice(&[0, 0, 1, 0, 0, 1, 0, 24]);
        octets[13] = 18;
        octets[24..28].copy_from_slice(&[0x0d, 0x17, 0, 4]);
        octets
    }

    #[test]
    fn data_is_confirmed_by_its_length() {
        let octets = [0xe1, 0, 0, 2, 0, 1, 0, 4, 0, 1, 0, 7];
        assert_eq!(datagram(&octets), confirmed(Application::Intellivue));
        no_prefix_is_confirmed(&octets, datagram);
    }

    #[test]
    fn an_announcement_is_confirmed_by_its_event() {
        assert_eq!(datagram(&indication()), confirmed(Application::Intellivue));
        no_prefix_is_confirmed(&indication(), datagram);
        for (at, octet) in [(0, 1), (5, 2), (7, 25), (13, 17), (25, 0x18)] {
            let mut near_miss = indication();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Intellivue, "{at}");
        }
    }

    #[test]
    fn an_association_is_confirmed_with_either_length() {
        let short = b"\x0d\xec\x05\x08\x13\x01\x00\x16\x01\x02\x80\x00\x14\x02\x00\x02";
        assert_eq!(datagram(short), confirmed(Application::Intellivue));
        let mut long = [0; 18];
        long[..4].copy_from_slice(&[0x0e, 0xff, 1, 0x10]);
        long[4..].copy_from_slice(&short[2..]);
        assert_eq!(datagram(&long), confirmed(Application::Intellivue));
    }
}
