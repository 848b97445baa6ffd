//! HTTP/1.x (RFC 9112): request line or status line; HTTP/2 by its preface (RFC 9113 section 3.4).

use super::{Application, Identification};
use crate::payload::Payload;

const CONFIRMED: Option<Identification> = Some(Identification::confirmed(Application::Http));

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.has(0, b"HTTP/1.") || payload.has(0, b"PRI * HT") {
        return CONFIRMED;
    }
    // A method of RFC 9110 section 9 (or PATCH, RFC 5789), one space, then a request target in
    // origin, absolute or asterisk form.
    let target = if payload.has(0, b"GET ") || payload.has(0, b"PUT ") {
        payload.octet(4)
    } else if payload.has(0, b"POST ") || payload.has(0, b"HEAD ") {
        payload.octet(5)
    } else if payload.has(0, b"PATCH ") || payload.has(0, b"TRACE ") {
        payload.octet(6)
    } else if payload.has(0, b"DELETE ") {
        payload.octet(7)
    } else if payload.has(0, b"OPTIONS ") || payload.has(0, b"CONNECT ") {
        payload.octet(8)
    } else {
        return None;
    };
    match target {
        b'/' | b'*' | b'h' | b'H' => CONFIRMED,
        _ => Some(Identification::likely(Application::Http)),
    }
}
