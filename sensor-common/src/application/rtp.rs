//! Real-time Transport Protocol (RFC 3550 section 5.1, RFC 3551 section 6) and its control protocol.
//! One packet has no marker worth the name, so nothing here is more than likely.

use super::{Application, Context, Identification};
use crate::payload::Payload;

const HEADER: usize = 12;
/// Sender and receiver reports, descriptions, good-byes, application (section 12.1).
const SENDER_REPORT: u8 = 200;
const DYNAMIC: u8 = 96;
/// Even ports carry RTP (section 11), and no service that others use lies above these.
const LOWEST_PORT: u16 = 1024;

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let length = payload.length();
    if length <= HEADER
        || context.source_port < LOWEST_PORT
        || context.destination_port < LOWEST_PORT
        || payload.octet(0) & 0xc0 != 0x80
    {
        return None;
    }
    let second = payload.octet(1);
    if second.wrapping_sub(SENDER_REPORT) < 5 {
        // Length in words less one; whole words; no padding in the first of several.
        let first = payload.be_u16(2) as usize * 4 + 4;
        return (first <= length
            && length.is_multiple_of(4)
            && payload.octet(0) & 0x20 == 0
            && first >= 8)
            .then_some(Identification::likely(Application::Rtcp));
    }
    // Version 2, no padding, no extension, no contributing sources; a source.
    if payload.octet(0) != 0x80 || payload.be_u32(8) == 0 {
        return None;
    }
    let kind = second & 0x7f;
    let media = length - HEADER;
    let is_media = match kind {
        // PCMU, PCMA, G722, 64 kbit/s: 8 octets a millisecond, packets of 10 ms.
        0 | 8 | 9 => media.is_multiple_of(80) && media <= 480,
        // GSM: 33 octets a frame. G729: 10, and 2 for silence.
        3 => media.is_multiple_of(33),
        18 => media.is_multiple_of(10) && media <= 80 || media == 2,
        // MPEG transport stream: packets of 188 octets.
        33 => media.is_multiple_of(188),
        // Agreed on by SIP or RTSP: both ports even.
        DYNAMIC..=127 => (context.source_port | context.destination_port) & 1 == 0,
        _ => false,
    };
    is_media.then_some(Identification::likely(Application::Rtp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    fn voice() -> [u8; 172] {
        let mut octets = [0xd5; 172];
        octets[..12].copy_from_slice(&[0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4]);
        octets
    }

    #[test]
    fn voice_is_likely_by_the_length_of_its_frames() {
        assert_eq!(datagram(&voice()), likely(Application::Rtp));
        assert_eq!(datagram(&voice()[..171]), unknown());
        let mut dynamic = voice();
        dynamic[1] = 0x80 | 111;
        assert_eq!(datagram(&dynamic), unknown());
        let even = spoken(protocol::UDP, [16_384, 20_000], &dynamic);
        assert_eq!(even, likely(Application::Rtp));
    }

    #[test]
    fn reports_are_likely() {
        let report = [0x81, 201, 0, 1, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(datagram(&report), likely(Application::Rtcp));
        assert_eq!(datagram(&report[..15]), unknown());
    }

    #[test]
    fn other_versions_and_kinds_are_refused() {
        for (at, octet) in [(0, 0x40), (0, 0xa0), (1, 1), (1, 72)] {
            let mut near_miss = voice();
            near_miss[at] = octet;
            assert_eq!(datagram(&near_miss), unknown(), "{at}");
        }
    }
}
