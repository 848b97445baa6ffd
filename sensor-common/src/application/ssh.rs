//! Secure Shell (RFC 4253 section 4.2): the identification string opens both directions.

use super::{Application, Identification};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if !payload.has(0, b"SSH-") {
        return None;
    }
    // protoversion "2.0", or "1.x" from old devices ("1.99" speaks both).
    let is_version = payload.has(4, b"2.0-") || payload.has(4, b"1.");
    Some(if is_version {
        Identification::confirmed(Application::Ssh)
    } else {
        Identification::likely(Application::Ssh)
    })
}
