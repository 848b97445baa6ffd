//! HL7 version 2 in the Minimal Lower Layer Protocol (HL7 Transport Specification, MLLP R1/R2).

use super::{Application, Identification};
use crate::payload::Payload;

const START_BLOCK: u8 = 0x0b;

/// Start block, then a message, batch or file header segment (HL7 v2 chapter 2) whose field
/// separator and encoding characters follow.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let framed = payload.octet(0) == START_BLOCK;
    let header = if framed { payload.be_u32(1) } else { payload.be_u32(0) };
    let name = header >> 8;
    const MSH: u32 = u32::from_be_bytes([0, b'M', b'S', b'H']);
    const BHS: u32 = u32::from_be_bytes([0, b'B', b'H', b'S']);
    const FHS: u32 = u32::from_be_bytes([0, b'F', b'H', b'S']);
    if name != MSH && name != BHS && name != FHS {
        return None;
    }
    let encoding = if framed { payload.be_u32(5) } else { payload.be_u32(4) };
    // MSH-2 is `^~\&` in practice; the standard only recommends it.
    let usual = encoding >> 8 == u32::from_be_bytes([0, b'^', b'~', b'\\']);
    match (framed, usual) {
        (true, true) => Some(Identification::confirmed(Application::Hl7)),
        (true, false) | (false, true) => Some(Identification::likely(Application::Hl7)),
        (false, false) => None,
    }
}
