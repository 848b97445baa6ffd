//! DICOM upper layer (PS3.8 section 9.3): the PDUs that open, refuse, carry and end associations.

use super::{Application, Identification, text::is_printable};
use crate::payload::Payload;

const ASSOCIATE_RQ: u8 = 1;
const ASSOCIATE_AC: u8 = 2;
const ASSOCIATE_RJ: u8 = 3;
const DATA_TF: u8 = 4;
const RELEASE_RQ: u8 = 5;
const RELEASE_RP: u8 = 6;
const ABORT: u8 = 7;
/// Fixed part of an A-ASSOCIATE PDU's body (PS3.8 table 9-11): 68 octets, then variable items.
const FIXED_PART: u32 = 68;
/// Tag (0000,0000) and length 4, in implicit little-endian form.
const COMMAND_LENGTH_ELEMENT: u64 = 0x0000_0000_0400_0000;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    // PDU type, reserved octet, length.
    if payload.octet(1) != 0 || payload.length() < 10 {
        return None;
    }
    let length = payload.be_u32(2);
    let confirmed = match payload.octet(0) {
        ASSOCIATE_RQ | ASSOCIATE_AC => {
            // Protocol version bit 0, reserved; AE titles of printable characters; and the PDU
            // fits the segment or goes on after it.
            payload.be_u16(6) == 1
                && payload.be_u16(8) == 0
                && length > FIXED_PART
                && length < 1 << 20
                && payload.length() as u64 <= length as u64 + 6
                && is_printable(payload.be_u64_at(10))
                && is_printable(payload.be_u64_at(26))
        }
        // PS3.8 table 9-21: reserved, result 1-2, source 1-3, reason.
        ASSOCIATE_RJ => {
            length == 4
                && payload.length() == 10
                && payload.octet(6) == 0
                && payload.octet(7).wrapping_sub(1) < 2
                && payload.octet(8).wrapping_sub(1) < 3
                && payload.octet(9).wrapping_sub(1) < 10
        }
        // One PDV (PS3.8 section 9.3.5.1): item length, odd context identifier, control header.
        DATA_TF => {
            let item = payload.be_u32(6);
            let is_item = payload.length() > 12
                && item >= 2
                && item as u64 + 4 <= length as u64
                && payload.octet(10) & 1 == 1
                && payload.octet(11) <= 3
                && length < 1 << 24;
            // A command set, which begins with its own length (PS3.7 section 6.3.1); or one item
            // that fills the PDU. Zeros and small numbers look like an item too easily.
            let second_condition =
                payload.be_u64_at(12) == COMMAND_LENGTH_ELEMENT || item as u64 + 4 == length as u64;
            return is_item.then_some(Identification::marked(Application::Dicom, second_condition));
        }
        RELEASE_RQ | RELEASE_RP => {
            return (length == 4 && payload.length() == 10 && payload.be_u32(6) == 0)
                .then_some(Identification::likely(Application::Dicom));
        }
        ABORT => {
            return (length == 4
                && payload.length() == 10
                && payload.be_u16(6) == 0
                && (payload.octet(8) == 0 || payload.octet(8) == 2)
                && payload.octet(9) <= 6)
                .then_some(Identification::likely(Application::Dicom));
        }
        _ => false,
    };
    confirmed.then_some(Identification::confirmed(Application::Dicom))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// The beginning of a C-ECHO-RQ, in one item of a PDU of 74 octets.
    const ECHO: [u8; 24] =
        [4, 0, 0, 0, 0, 74, 0, 0, 0, 70, 1, 3, 0, 0, 0, 0, 4, 0, 0, 0, 56, 0, 0, 0];

    #[test]
    fn a_command_is_confirmed_by_its_first_element() {
        assert_eq!(stream(&ECHO), confirmed(Application::Dicom));
        let mut one_of_two_items = ECHO;
        one_of_two_items[5] = 174;
        assert_eq!(stream(&one_of_two_items), confirmed(Application::Dicom));
        prefixes_agree(&one_of_two_items, stream);
    }

    #[test]
    fn data_is_confirmed_only_by_an_item_that_fills_its_pdu() {
        let mut data = ECHO;
        data[11..].fill(0);
        assert_eq!(stream(&data), confirmed(Application::Dicom));
        data[5] = 75;
        assert_eq!(stream(&data), likely(Application::Dicom));
        data[9] = 72;
        assert_eq!(stream(&data), unknown());
    }

    #[test]
    fn other_contexts_and_control_headers_are_refused() {
        for (at, octet) in [(0, 8), (1, 1), (9, 1), (10, 2), (11, 4)] {
            let mut near_miss = ECHO;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Dicom, "{at}");
        }
    }
}
