//! Transport Layer Security (RFC 8446, RFC 5246) and DTLS-free SSL 3.0 records.

use super::{Application, Identification};
use crate::payload::Payload;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const LARGEST_RECORD: u16 = (1 << 14) + 2048;

/// A record header (section 5.1): content type, version 3.x, length; then, in a handshake, a
/// ClientHello or ServerHello whose length stands in relation to the record's.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let record_length = payload.be_u16(3);
    if payload.octet(1) != 3
        || payload.octet(2) > 4
        || payload.length() < 6
        || record_length == 0
        || record_length > LARGEST_RECORD
    {
        return None;
    }
    let content = payload.octet(0);
    if content == HANDSHAKE {
        let message = payload.octet(5);
        let message_length = payload.be_u24(6);
        let is_hello = message == 1 || message == 2;
        // The hello's own version (section 4.1.2) stays 3.x for ever.
        if is_hello && payload.octet(9) == 3 && message_length >= 38 {
            return Some(Identification::confirmed(Application::Tls));
        }
        if message <= 24 && message_length + 4 <= record_length as u32 {
            return Some(Identification::likely(Application::Tls));
        }
        return None;
    }
    if content == ALERT && record_length == 2 && payload.length() >= 7 {
        let level = payload.octet(5);
        return (level == 1 || level == 2).then_some(Identification::likely(Application::Tls));
    }
    // Mid-stream: one whole record, or application data longer than the segment.
    let whole = record_length as usize + 5;
    let is_record =
        content == APPLICATION_DATA && payload.length() < whole && payload.octet(2) == 3
            || (content == APPLICATION_DATA || content == ALERT || content == CHANGE_CIPHER_SPEC)
                && payload.length() == whole;
    is_record.then_some(Identification::likely(Application::Tls))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn hello() -> [u8; 60] {
        let mut octets = [0; 60];
        octets[..11].copy_from_slice(&[22, 3, 1, 0, 55, 1, 0, 0, 51, 3, 3]);
        octets
    }

    #[test]
    fn a_hello_is_confirmed() {
        assert_eq!(stream(&hello()), confirmed(Application::Tls));
        no_prefix_is_confirmed(&hello()[..10], stream);
        prefixes_agree(&hello(), stream);
    }

    #[test]
    fn records_in_mid_stream_are_likely() {
        let mut record = [0x5a; 31];
        record[..5].copy_from_slice(&[21, 3, 3, 0, 26]);
        assert_eq!(stream(&record), likely(Application::Tls));
        record[0] = 23;
        assert_eq!(stream(&record), likely(Application::Tls));
        record[4] = 25;
        assert_eq!(stream(&record), unknown());
    }

    #[test]
    fn other_contents_versions_and_messages_are_refused() {
        for (at, octet) in [(0, 24), (1, 2), (2, 5), (3, 0x50), (9, 2)] {
            let mut near_miss = hello();
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss), confirmed(Application::Tls), "{at}");
        }
    }
}
