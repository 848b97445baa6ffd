//! MongoDB wire protocol (MongoDB Manual, "MongoDB Wire Protocol"): a message header, then by its
//! operation code a document, a query or a reply.

use super::{Application, Identification};
use crate::payload::Payload;

const REPLY: u32 = 1;
const QUERY: u32 = 2004;
const COMPRESSED: u32 = 2012;
const MESSAGE: u32 = 2013;
const HEADER: usize = 16;
/// Flags of OP_MSG that are in use: checksum present, more to come, exhaust allowed.
const FLAGS: u32 = 1 << 16 | 0b11;

/// Length of the whole, request, what it answers, operation code, with the lowest octet first.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.le_u32(0) as usize;
    if length != payload.length() || length < HEADER + 8 {
        return None;
    }
    let flags = payload.le_u32(HEADER);
    let is_body = match payload.le_u32(12) {
        // One document behind the flags and the kind of section; perhaps a checksum behind it.
        MESSAGE => {
            let document = payload.le_u32(HEADER + 5) as usize;
            let rest = length - (HEADER + 5);
            return (flags & !FLAGS == 0 && payload.octet(HEADER + 4) <= 1).then_some(
                Identification::marked(
                    Application::MongoDb,
                    document == rest || document + 4 == rest && flags & 1 != 0,
                ),
            );
        }
        // The name of a collection, as `admin.$cmd`.
        QUERY => flags < 0x100 && payload.octet(HEADER + 4).is_ascii_alphanumeric(),
        // One document behind flags, cursor and two numbers, as servers answer what opens.
        REPLY => {
            let is_whole = payload.le_u32(HEADER + 16) == 1
                && payload.le_u32(HEADER + 20) as usize + HEADER + 20 == length;
            return (flags < 0x10 && length >= HEADER + 20)
                .then_some(Identification::marked(Application::MongoDb, is_whole));
        }
        // The operation that is compressed.
        COMPRESSED => flags == MESSAGE || flags == QUERY,
        _ => false,
    };
    is_body.then_some(Identification::confirmed(Application::MongoDb))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A message with a document of 11 octets (`{a: true}` padded to its length field).
    fn message() -> [u8; 32] {
        let mut octets = [0; 32];
        octets[0] = 32;
        octets[4] = 7;
        octets[12..16].copy_from_slice(&MESSAGE.to_le_bytes());
        octets[21] = 11;
        octets
    }

    #[test]
    fn a_message_is_confirmed_by_both_lengths() {
        assert_eq!(stream(&message()), confirmed(Application::MongoDb));
        no_prefix_is_confirmed(&message(), stream);
        let mut several = message();
        several[21] = 9;
        assert_eq!(stream(&several), likely(Application::MongoDb));
    }

    #[test]
    fn a_query_is_confirmed_by_its_collection() {
        let mut query = [0; 40];
        query[0] = 40;
        query[12..16].copy_from_slice(&QUERY.to_le_bytes());
        query[20..30].copy_from_slice(b"admin.$cmd");
        assert_eq!(stream(&query), confirmed(Application::MongoDb));
        query[20] = 0;
        assert_eq!(stream(&query), unknown());
    }

    #[test]
    fn other_lengths_operations_and_flags_are_refused() {
        for (at, octet) in [(0, 33), (12, 0), (14, 1), (16, 4), (20, 2)] {
            let mut near_miss = message();
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::MongoDb, "{at}");
        }
    }
}
