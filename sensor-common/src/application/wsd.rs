//! WS-Discovery (OASIS WS-DD 1.1): SOAP 1.2 envelopes over UDP. IEEE 11073 SDC finds devices so.

use super::{Application, Context, Identification};
use crate::{frame::Frame, payload::Payload};

#[inline(always)]
pub(super) fn recognise<F: Frame + ?Sized>(
    _frame: &F,
    payload: &Payload,
    context: &Context,
) -> Option<Identification> {
    let is_xml = payload.has(0, b"<?xml ") || payload.has(0, b"\xef\xbb\xbf<?xml");
    // `<s:Envelope`, `<soap:Envelope`, `<SOAP-ENV:Envelope`, ... without a declaration.
    let is_envelope = payload.octet(0) == b'<'
        && (payload.has(3, b"Envelope")
            || payload.has(5, b"Envelope")
            || payload.has(6, b"Envelope")
            || payload.has(10, b"Envelope")
            || payload.has(1, b"Envelope"));
    if !(is_xml || is_envelope) || payload.length() < 40 {
        return None;
    }
    Some(if context.has_port(3702) {
        Identification::confirmed(Application::Wsd)
    } else {
        Identification::likely(Application::Wsd)
    })
}
