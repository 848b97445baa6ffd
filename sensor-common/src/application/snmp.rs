//! Simple Network Management Protocol (RFC 1157, RFC 3416, RFC 3412), BER-encoded.

use super::{Application, Identification};
use crate::payload::Payload;

const SEQUENCE: u8 = 0x30;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.octet(0) != SEQUENCE {
        return None;
    }
    // X.690 section 8.1.3: short form, or one or two octets in long form.
    let first = payload.octet(1);
    if first < 0x80 {
        return version(payload, first as usize + 2, payload.be_u24(2), payload.octet(5));
    }
    if first == 0x81 {
        return version(
            payload,
            payload.octet(2) as usize + 3,
            payload.be_u24(3),
            payload.octet(6),
        );
    }
    if first == 0x82 {
        return version(
            payload,
            payload.be_u16(2) as usize + 4,
            payload.be_u24(4),
            payload.octet(7),
        );
    }
    None
}

/// INTEGER of one octet, version 0, 1 or 3; then a community string, or the v3 header sequence.
#[inline(always)]
fn version(payload: &Payload, whole: usize, field: u32, next: u8) -> Option<Identification> {
    if whole != payload.length() || field >> 8 != 0x0201 {
        return None;
    }
    match field & 0xff {
        0 | 1 if next == 0x04 => Some(Identification::confirmed(Application::Snmp)),
        3 if next == SEQUENCE => Some(Identification::confirmed(Application::Snmp)),
        _ => None,
    }
}
