//! DICOM upper layer (PS3.8 section 9.3): the PDUs that open, refuse, carry and end associations.

use super::{Application, Identification, text::is_printable};
use crate::payload::Payload;

/// The element that a command set begins with: tag (0000,0000) and a length of 4, in implicit
/// little-endian form (PS3.7 section 6.3.1).
const GROUP_LENGTH: u64 = 0x0000_0000_0400_0000;
/// That element with its value.
const GROUP_LENGTH_ELEMENT: u32 = 12;
/// PDU header, PDV length, context, control header: what stands before a PDV's fragment.
const PDV_HEADER: usize = 12;
/// Longer than any command set: its longest element is a list of tags (0000,1005).
const LONGEST_COMMAND_SET: u32 = 1024;

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
            is_item && second_condition
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

/// How many octets of a payload may leave the kernel: association PDUs, and command sets to their
/// end. Nothing of a data set, which is about a patient, is counted in.
///
/// A command set stands in the first PDV of a PDU, or alone: some implementations send the headers
/// before it in a segment of their own. It must begin as only command sets do.
#[inline(never)]
pub(crate) fn sample_length(payload: &Payload) -> usize {
    let length = payload.be_u32(2);
    let is_pdu = payload.octet(1) == 0 && payload.length() >= 10;
    let permitted = match payload.octet(0) {
        ASSOCIATE_RQ | ASSOCIATE_AC => {
            let is_association = payload.be_u16(6) == 1
                && payload.be_u16(8) == 0
                && length > FIXED_PART
                && length < 1 << 20;
            if is_pdu && is_association { length as usize + 6 } else { 0 }
        }
        ASSOCIATE_RJ => {
            // All of the PDU, or nothing.
            (is_pdu && length == 4) as usize * 10
        }
        DATA_TF => {
            let item = payload.be_u32(6);
            let is_command = payload.octet(10) & 1 == 1 && payload.octet(11) & 0xfd == 1;
            // Of an item that is longer than its command set, the set; PS3.8 has no such item.
            let end = PDV_HEADER + command_set_length::<PDV_HEADER>(payload);
            let is_within = item >= 2 && item as u64 + 4 <= length as u64;
            if is_pdu && is_command && is_within && end > PDV_HEADER {
                let item_end = item as usize + 10;
                if item_end < end { item_end } else { end }
            } else {
                0
            }
        }
        0 => command_set_length::<0>(payload),
        _ => 0,
    };
    if permitted < payload.length() { permitted } else { payload.length() }
}

/// Octets of the command set at `AT`, 0 if there is none: its own length, then an element that it
/// begins with, of a SOP class (0000,0002), (0000,0003) or of the operation (0000,0100).
#[inline(always)]
fn command_set_length<const AT: usize>(payload: &Payload) -> usize {
    let length = payload.le_u32(AT + 8);
    let element = payload.le_u32(AT + 12);
    let is_command_set = payload.be_u64_at(AT) == GROUP_LENGTH
        && (element == 0x0002_0000 || element == 0x0003_0000 || element == 0x0100_0000)
        && length <= LONGEST_COMMAND_SET;
    if is_command_set { (length + GROUP_LENGTH_ELEMENT) as usize } else { 0 }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use super::super::testing::*;
    use super::*;

    /// A command set for a C-FIND-RQ: group length, SOP class, operation, kind of data set.
    const COMMAND_SET: &[u8] = b"\0\0\0\0\x04\0\0\0\x38\0\0\0\0\0\x02\0\x1c\0\0\0\
        1.2.840.10008.5.1.4.1.2.2.1\0\0\0\0\x01\x02\0\0\0\x20\0\0\0\0\x08\x02\0\0\0\x01\0";
    /// (0010,0010), and a name that must not leave the kernel.
    const DATA_SET: &[u8] = b"\x10\0\x10\0\x0e\0\0\0CANARY^PATIENT";

    fn pdu(control: u8, fragment: &[u8]) -> Vec<u8> {
        let mut octets = Vec::from([DATA_TF, 0, 0, 0, 0, fragment.len() as u8 + 6]);
        octets.extend([0, 0, 0, fragment.len() as u8 + 2, 1, control]);
        octets.extend(fragment);
        octets
    }

    fn sample(octets: &[u8]) -> &[u8] {
        &octets[..sample_length(&Payload::from_octets(octets))]
    }

    #[test]
    fn a_command_leaves_and_the_data_set_after_it_does_not() {
        assert_eq!(COMMAND_SET.len(), 12 + 0x38);
        let command = pdu(3, COMMAND_SET);
        let whole = [&command, pdu(2, DATA_SET).as_slice()].concat();
        assert_eq!(sample(&whole), command);
        let alone = [COMMAND_SET, &pdu(2, DATA_SET)].concat();
        assert_eq!(sample(&alone), COMMAND_SET);
        for length in 0..command.len() {
            let part = &whole[..length];
            assert!(sample(part).is_empty() || sample(part) == part, "{length}");
        }
    }

    #[test]
    fn a_length_that_lies_takes_no_data_set_along() {
        // The item, or the PDU, says that it goes on to the end of the segment.
        let mut item = [pdu(3, COMMAND_SET), pdu(2, DATA_SET)].concat();
        let end = item.len() as u8;
        (item[5], item[9]) = (end - 6, end - 10);
        assert_eq!(sample(&item).len(), PDV_HEADER + COMMAND_SET.len());
        for (at, octet) in [(9, 1), (9, end), (10, 2), (11, 2), (12, 8), (21, 0x10), (26, 4)] {
            let mut near_miss = pdu(3, COMMAND_SET);
            near_miss[at] = octet;
            assert_eq!(sample(&near_miss), b"", "{octet:#x} at {at}");
        }
        let short = [&COMMAND_SET[..8], &[4, 0, 0, 0], &COMMAND_SET[12..]].concat();
        assert_eq!(sample(&short).len(), 16);
    }

    #[test]
    fn data_sets_stay() {
        assert_eq!(sample(&pdu(2, DATA_SET)), b"");
        assert_eq!(sample(&pdu(3, DATA_SET)), b"");
        assert_eq!(sample(DATA_SET), b"");
        assert_eq!(sample(&[0; 1400]), b"");
        for kind in [5, 6, 7, 8] {
            assert_eq!(sample(&[kind, 0, 0, 0, 0, 4, 0, 0, 0, 0]), b"");
        }
    }

    #[test]
    fn association_pdus_leave_to_their_end() {
        let mut request = Vec::from([ASSOCIATE_RQ, 0, 0, 0, 0, 120, 0, 1, 0, 0]);
        request.resize(126, b'x');
        let whole = [&request, DATA_SET].concat();
        assert_eq!(sample(&whole), request);
        assert_eq!(sample(&request[..90]), &request[..90]);
        for (at, octet) in [(1, 1), (2, 0x10), (5, 68), (7, 2), (9, 1)] {
            let mut near_miss = whole.clone();
            near_miss[at] = octet;
            assert_eq!(sample(&near_miss), b"", "{octet:#x} at {at}");
        }
        let rejection = [ASSOCIATE_RJ, 0, 0, 0, 0, 4, 0, 1, 1, 7];
        assert_eq!(sample(&[&rejection, DATA_SET].concat()), rejection);
        assert_eq!(sample(&[ASSOCIATE_RJ, 0, 0, 0, 0, 5, 0, 1, 1, 7, 0]), b"");
    }

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
