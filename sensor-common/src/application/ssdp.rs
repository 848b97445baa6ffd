//! Simple Service Discovery Protocol (UPnP Device Architecture 2.0 section 1): HTTP over UDP.

use super::{Application, Identification};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let is_search = payload.has(0, b"M-SEARCH") && payload.has(8, b" * HTTP/");
    let is_notify = payload.has(0, b"NOTIFY *") && payload.has(8, b" HTTP/1.");
    let is_answer = payload.has(0, b"HTTP/1.1") && payload.has(8, b" 200 OK\r");
    (is_search || is_notify || is_answer).then_some(Identification::confirmed(Application::Ssdp))
}
