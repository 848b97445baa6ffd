//! Domain Name System (RFC 1035 section 4.1), multicast DNS (RFC 6762), LLMNR (RFC 4795).

use super::{Application, Context, Identification};
use crate::payload::Payload;

const HEADER: usize = 12;

/// Over TCP a two-octet length precedes the message (RFC 1035 section 4.2.2).
#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload, context: &Context) -> Option<Identification> {
    let length = payload.be_u16(0) as usize;
    (length + 2 == payload.length() && is_message(payload, 2)).then_some(if context.has_port(53) {
        Identification::confirmed(Application::Dns)
    } else {
        Identification::likely(Application::Dns)
    })
}

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    if !is_message(payload, 0) {
        return None;
    }
    if context.has_port(5353) {
        return Some(Identification::confirmed(Application::Mdns));
    }
    if context.has_port(5355) {
        return Some(Identification::confirmed(Application::Llmnr));
    }
    if context.has_port(53) {
        return Some(Identification::confirmed(Application::Dns));
    }
    // Off its port a query has exactly one question and nothing random fits all conditions.
    (payload.be_u16(4) == 1).then_some(Identification::likely(Application::Dns))
}

/// A header whose counts are plausible and a first name that begins with a label.
#[inline(always)]
fn is_message(payload: &Payload, at: usize) -> bool {
    let flags = payload.be_u16(at + 2);
    let is_response = flags & 0x8000 != 0;
    let opcode = flags >> 11 & 0xf;
    let questions = payload.be_u16(at + 4);
    let answers = payload.be_u16(at + 6);
    let authorities = payload.be_u16(at + 8);
    let additionals = payload.be_u16(at + 10);
    if payload.length() < at + HEADER + 5 || opcode > 5 || opcode == 3 || flags & 0x0040 != 0 {
        return false;
    }
    let counts = if is_response {
        questions <= 4 && answers <= 256 && authorities <= 64 && additionals <= 64
    } else {
        // Reply code 0; a query may carry known answers (RFC 6762 section 7.1) and additionals.
        flags & 0x000f == 0
            && questions <= 16
            && answers <= 32
            && authorities <= 16
            && additionals <= 8
    };
    if !counts || questions + answers + authorities == 0 {
        return false;
    }
    // A label of at most 63 octets, or the root followed by a known class.
    let label = payload.octet(at + HEADER);
    let first = payload.octet(at + HEADER + 1);
    let is_label = (1..=63).contains(&label) && first > 0x20 && first < 0x7f;
    let is_root = label == 0 && questions == 1 && payload.be_u16(at + HEADER + 3) == 1;
    is_label || is_root
}
