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
            payload.length() > 12
                && item >= 2
                && item as u64 + 4 <= length as u64
                && payload.octet(10) & 1 == 1
                && payload.octet(11) <= 3
                && length < 1 << 24
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

/// Octets that may leave the kernel: the PDUs that open or refuse an association, and the command
/// at the beginning of a message (PS3.7 section 6.3.1), never the data set after it.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const COMMAND: u8 = 1;
    match payload.octet(0) {
        ASSOCIATE_RQ | ASSOCIATE_AC | ASSOCIATE_RJ => payload.length(),
        DATA_TF if payload.octet(11) & COMMAND != 0 => 10 + payload.be_u32(6) as usize,
        _ => 0,
    }
}
