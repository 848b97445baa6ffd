//! Network Time Protocol (RFC 5905 section 7.3).

use super::{Application, Context, Identification};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let version = payload.octet(0) >> 3 & 7;
    let mode = payload.octet(0) & 7;
    // Header alone, with a message digest (20 or 24 octets), or with extension fields.
    let length = payload.length();
    let is_length =
        matches!(length, 48 | 68 | 72) || (length > 48 && length.is_multiple_of(4) && length < 500);
    let is_header = (1..=4).contains(&version)
        && (1..=5).contains(&mode)
        && payload.octet(1) <= 16
        && is_length;
    // Mode 6 and 7 (control) only on the registered port.
    let on_port = context.has_port(123);
    if on_port && (is_header || (mode >= 6 && version >= 1 && length >= 8)) {
        return Some(Identification::confirmed(Application::Ntp));
    }
    // Off its port: poll and precision within what the protocol allows, 48 octets.
    let poll = payload.octet(2);
    let precision = payload.octet(3) as i8;
    (is_header && length == 48 && version >= 3 && poll <= 17 && precision < 0 && precision > -40)
        .then_some(Identification::likely(Application::Ntp))
}
