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
    let is_npdu = match function {
        0x04 => payload.octet(10) == 1,
        0x09..=0x0b => payload.octet(4) == 1,
        _ => payload.length() >= 4,
    };
    is_npdu.then_some(Identification::confirmed(Application::Bacnet))
}
