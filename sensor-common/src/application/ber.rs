//! The outermost element of a BER encoding (X.690 section 8.1).

use crate::payload::Payload;

/// An element that begins at the payload's first octet or after a length before it.
#[derive(Clone, Copy)]
pub(super) struct Element {
    /// Octets of the whole element, from its identifier on.
    pub whole: usize,
    /// Octets of its contents.
    pub length: usize,
    /// Its first eight octets of contents.
    pub contents: u64,
}

/// Reads the length at `at + 1`: short form, or one to four octets in long form.
#[inline(always)]
pub(super) fn element<const AT: usize>(payload: &Payload) -> Option<Element> {
    let first = payload.octet(AT + 1);
    let (length, header, contents) = match first {
        0..=0x7f => (first as usize, 2, payload.be_u64_at(AT + 2)),
        0x81 => (payload.octet(AT + 2) as usize, 3, payload.be_u64_at(AT + 3)),
        0x82 => (payload.be_u16(AT + 2) as usize, 4, payload.be_u64_at(AT + 4)),
        0x83 => (payload.be_u24(AT + 2) as usize, 5, payload.be_u64_at(AT + 5)),
        0x84 => (payload.be_u32(AT + 2) as usize, 6, payload.be_u64_at(AT + 6)),
        _ => return None,
    };
    Some(Element { whole: length + header, length, contents })
}
