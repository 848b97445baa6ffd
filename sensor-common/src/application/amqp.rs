//! Advanced Message Queuing Protocol 0-9-1 (sections 2.3 and 4.2) and 1.0 (part 2 section 2.2).

use super::{Application, Identification};
use crate::payload::Payload;

const METHOD: u8 = 1;
const HEARTBEAT: u8 = 8;

/// `AMQP`, then a protocol identifier and the version.
#[inline(always)]
pub(super) fn recognise_header(payload: &Payload) -> Option<Identification> {
    if !payload.has(0, b"AMQP") {
        return None;
    }
    // 0-9-1 and 0-9, 0-8; 1.0 plain, in TLS, in SASL.
    let is_version = matches!(
        payload.be_u32(4),
        0x0000_0901 | 0x0101_0009 | 0x0101_0800 | 0x0001_0000 | 0x0201_0000 | 0x0301_0000
    );
    Some(Identification::marked(Application::Amqp, is_version && payload.length() == 8))
}

/// A frame of 0-9-1: type, channel, size, payload, end octet `CE`. A method begins with its class.
#[inline(always)]
pub(super) fn recognise_frame(payload: &Payload) -> Option<Identification> {
    let size = payload.be_u32(3) as usize;
    match payload.octet(0) {
        METHOD => {
            // connection, channel, exchange, queue, basic, confirm, tx; methods are numbered in
            // tens and ones up to 120.
            let class = payload.be_u16(7);
            let is_class = matches!(class, 10 | 20 | 40 | 50 | 60 | 85 | 90);
            (is_class && payload.be_u16(9).wrapping_sub(10) <= 110 && (4..1 << 17).contains(&size))
                .then_some(Identification::marked(Application::Amqp, size + 8 == payload.length()))
        }
        // Channel 0, size 0, the end octet.
        HEARTBEAT => (payload.be_u64_at(0) == 0x0800_0000_0000_00ce && payload.length() >= 8)
            .then_some(Identification::confirmed(Application::Amqp)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// Basic.Ack of delivery 1 on channel 1.
    const ACK: [u8; 21] = [1, 0, 1, 0, 0, 0, 13, 0, 60, 0, 80, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0xce];

    #[test]
    fn headers_of_both_versions_are_confirmed() {
        assert_eq!(stream(b"AMQP\0\0\x09\x01"), confirmed(Application::Amqp));
        assert_eq!(stream(b"AMQP\0\x01\0\0"), confirmed(Application::Amqp));
        assert_eq!(stream(b"AMQP\x03\x01\0\0"), confirmed(Application::Amqp));
        assert_eq!(stream(b"AMQP is a protocol"), likely(Application::Amqp));
    }

    #[test]
    fn frames_are_confirmed_by_their_size() {
        assert_eq!(stream(&ACK), confirmed(Application::Amqp));
        no_prefix_is_confirmed(&ACK, stream);
        assert_eq!(stream(&[8, 0, 0, 0, 0, 0, 0, 0xce]), confirmed(Application::Amqp));
        for (at, octet) in [(0, 4), (8, 61), (10, 9), (10, 121), (3, 1)] {
            let mut near_miss = ACK;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Amqp, "{at}");
        }
    }
}
