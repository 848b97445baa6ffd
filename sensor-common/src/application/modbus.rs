//! Modbus over TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b section 3.1.3).

use super::{Application, Identification};
use crate::payload::Payload;

/// Transaction, protocol identifier 0, length, unit; then the function code.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.be_u16(4) as usize;
    // Section 4.1 of the application protocol: a PDU has at most 253 octets, plus the unit.
    if payload.be_u16(2) != 0 || !(3..=254).contains(&length) || length + 6 != payload.length() {
        return None;
    }
    let function = payload.octet(7);
    // Public function codes (MODBUS Application Protocol V1.1b3 section 5.1), exceptions with
    // the high bit and one code.
    let is_exception = function & 0x80 != 0 && length == 3;
    let code = function & 0x7f;
    let is_public = (1..=8).contains(&code)
        || matches!(code, 11 | 12 | 15 | 16 | 17 | 20 | 21 | 22 | 23 | 24 | 43);
    if !is_public || (function & 0x80 != 0 && !is_exception) {
        return None;
    }
    // A read request or answer has a length that follows from its fields.
    let is_request = (1..=6).contains(&code) && length == 6;
    let is_answer = code <= 4 && payload.octet(8) as usize + 3 == length;
    let is_write_many =
        matches!(code, 15 | 16) && (length == 6 || payload.octet(12) as usize + 7 == length);
    Some(if is_exception || is_request || is_answer || is_write_many {
        Identification::confirmed(Application::Modbus)
    } else {
        Identification::likely(Application::Modbus)
    })
}
