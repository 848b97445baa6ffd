//! Remote Desktop Protocol connection set-up (MS-RDPBCGR sections 2.2.1.1, 2.2.1.2): X.224
//! connection request or confirm in a TPKT (RFC 1006), with RDP's cookie or negotiation block.

use super::{Application, Identification};
use crate::payload::Payload;

const CONNECTION_REQUEST: u8 = 0xe0;
const CONNECTION_CONFIRM: u8 = 0xd0;
const TPKT_HEADER: usize = 4;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    // TPKT version 3, reserved, length; X.224 length indicator, code, references, class.
    if payload.be_u16(0) != 0x0300 || payload.be_u16(2) as usize != payload.length() {
        return None;
    }
    let code = payload.octet(5);
    let indicator = payload.octet(4) as usize;
    if indicator + TPKT_HEADER + 1 != payload.length() || payload.be_u16(6) != 0 {
        return None;
    }
    if code == CONNECTION_REQUEST {
        // `Cookie: mstshash=` or `Cookie: msts=`; or a negotiation request of 8 octets.
        let has_cookie = payload.has(11, b"Cookie: ") && payload.has(19, b"msts");
        let has_negotiation = payload.octet(11) == 1 && payload.le_u16(13) == 8;
        return (has_cookie || has_negotiation)
            .then_some(Identification::confirmed(Application::Rdp));
    }
    let is_answer = code == CONNECTION_CONFIRM
        && payload.length() == 19
        && (payload.octet(11) == 2 || payload.octet(11) == 3)
        && payload.le_u16(13) == 8;
    is_answer.then_some(Identification::confirmed(Application::Rdp))
}
