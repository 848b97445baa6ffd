//! The record layer (RFC 8446 section 5.1): one handshake message, out of as many records as it
//! takes.

use super::{Reading, octets::Octets};

/// Content type of handshake records.
const HANDSHAKE: u8 = 22;

/// Octets of plaintext in a record (RFC 8446 section 5.1).
const RECORD_OCTETS: u16 = 1 << 14;

/// The body of the first handshake message, if it is of the type asked for.
pub(super) fn first_message(octets: &[u8], message_type: u8) -> Reading<Vec<u8>> {
    let mut records = Octets::new(octets);
    let mut message = Vec::new();
    loop {
        let fragment = match next_fragment(&mut records) {
            Reading::Complete(fragment) => fragment,
            Reading::Incomplete => return Reading::Incomplete,
            Reading::Foreign => return Reading::Foreign,
        };
        message.extend_from_slice(fragment);
        match body(&message, message_type) {
            Reading::Complete(body) => return Reading::Complete(body.to_vec()),
            Reading::Foreign => return Reading::Foreign,
            Reading::Incomplete => {}
        }
    }
}

/// The body of a handshake message (RFC 8446 section 4) of the type asked for.
pub(super) fn body(message: &[u8], message_type: u8) -> Reading<&[u8]> {
    let mut octets = Octets::new(message);
    match octets.u8() {
        None => return Reading::Incomplete,
        Some(other) if other != message_type => return Reading::Foreign,
        Some(_) => {}
    }
    // No hello is near 64 KiB: its longest parts have lengths of 16 bits.
    match octets.u24() {
        None => Reading::Incomplete,
        Some(length) if length > usize::from(u16::MAX) => Reading::Foreign,
        Some(length) => octets.take(length).map_or(Reading::Incomplete, Reading::Complete),
    }
}

/// What there is of the next record's content; a record may be cut off at its end.
fn next_fragment<'a>(records: &mut Octets<'a>) -> Reading<&'a [u8]> {
    let header = records.take_at_most(5);
    let wrong = |at: usize, is_right: fn(u8) -> bool| header.get(at).is_some_and(|&o| !is_right(o));
    if wrong(0, |content_type| content_type == HANDSHAKE) || wrong(1, |major| major == 3) {
        return Reading::Foreign;
    }
    let &[_, _, _, high, low] = header else { return Reading::Incomplete };
    let length = u16::from_be_bytes([high, low]);
    if length == 0 || length > RECORD_OCTETS {
        return Reading::Foreign;
    }
    match records.take_at_most(usize::from(length)) {
        [] => Reading::Incomplete,
        fragment => Reading::Complete(fragment),
    }
}
