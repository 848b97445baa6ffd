//! MQTT 3.1, 3.1.1 (OASIS, section 3.1) and 5.0: CONNECT; CONNACK, PUBLISH and pings where only those
//! are seen.

use super::{Application, Identification, text::is_printable};
use crate::payload::Payload;

const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const PINGREQ: u8 = 0xc0;
const PINGRESP: u8 = 0xd0;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    match payload.octet(0) {
        CONNECT => connect(payload),
        CONNACK => connack(payload),
        PINGREQ | PINGRESP => (payload.octet(1) == 0 && payload.length() == 2)
            .then_some(Identification::likely(Application::Mqtt)),
        first if first & 0xf0 == PUBLISH => publish(payload),
        _ => None,
    }
}

/// Remaining length (section 2.2.3: seven bits an octet, the lowest first), then the protocol's
/// name and level.
#[inline(always)]
fn connect(payload: &Payload) -> Option<Identification> {
    let low = payload.octet(1) as usize;
    let (remaining, header, name) = if low < 0x80 {
        (low, 2, payload.be_u64_at(2))
    } else if payload.octet(2) < 0x80 {
        (low & 0x7f | (payload.octet(2) as usize) << 7, 3, payload.be_u64_at(3))
    } else {
        let middle = (payload.octet(2) as usize & 0x7f) << 7;
        (low & 0x7f | middle | (payload.octet(3) as usize) << 14, 4, payload.be_u64_at(4))
    };
    const MQTT: u64 = u64::from_be_bytes([0, 0, 0, 4, b'M', b'Q', b'T', b'T']);
    const MQISDP: u64 = u64::from_be_bytes([0, 6, b'M', b'Q', b'I', b's', b'd', b'p']);
    let is_mqtt = name >> 16 == MQTT && (name >> 8 & 0xff).wrapping_sub(3) < 3;
    (is_mqtt || name == MQISDP).then_some(Identification::marked(
        Application::Mqtt,
        remaining + header == payload.length(),
    ))
}

/// Session present or not, return code of 3.1.1 (section 3.2.2.3).
#[inline(always)]
fn connack(payload: &Payload) -> Option<Identification> {
    (payload.length() == 4
        && payload.octet(1) == 2
        && payload.octet(2) <= 1
        && payload.octet(3) <= 5)
        .then_some(Identification::likely(Application::Mqtt))
}

/// A message that is as long as it says, to a topic of text (section 3.3.2.1).
#[inline(always)]
fn publish(payload: &Payload) -> Option<Identification> {
    let low = payload.octet(1) as usize;
    let (remaining, header, topic) = if low < 0x80 {
        (low, 2, payload.be_u64_at(2))
    } else {
        (low & 0x7f | (payload.octet(2) as usize) << 7, 3, payload.be_u64_at(3))
    };
    let length = (topic >> 48) as usize;
    // Six letters at least: shorter topics are too like numbers.
    (remaining < 1 << 14
        && remaining + header == payload.length()
        && (6..256).contains(&length)
        && length + 2 < remaining
        && is_printable(topic << 16 | 0x2020))
    .then_some(Identification::likely(Application::Mqtt))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const CONNECT_311: [u8; 16] =
        [0x10, 14, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 2, b'b', b'1'];

    #[test]
    fn a_connect_is_confirmed_by_its_remaining_length() {
        assert_eq!(stream(&CONNECT_311), confirmed(Application::Mqtt));
        no_prefix_is_confirmed(&CONNECT_311, stream);
    }

    #[test]
    fn a_message_in_the_midst_is_likely_by_its_length_and_topic() {
        let message = *b"\x32\x0e\0\x08ward/bed\0\x02{}";
        assert_eq!(stream(&message), likely(Application::Mqtt));
        for (at, octet) in [(1, 0x0f), (2, 1), (3, 5), (3, 13), (4, 7), (9, 0x80)] {
            let mut near_miss = message;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Mqtt, "{at}");
        }
        let mut long = [b'x'; 203];
        long[..7].copy_from_slice(b"\x30\xc8\x01\0\x06wa");
        assert_eq!(stream(&long), likely(Application::Mqtt));
    }

    #[test]
    fn pings_are_likely() {
        for ping in [[0xc0, 0], [0xd0, 0]] {
            assert_eq!(stream(&ping), likely(Application::Mqtt));
        }
        assert_eq!(stream(&[0xc0, 1]), unknown());
        assert_eq!(stream(&[0xc0, 0, 0]), unknown());
    }

    #[test]
    fn the_remaining_length_may_take_two_octets() {
        let mut long = [b'x'; 203];
        long[..8].copy_from_slice(&[0x10, 0xc8, 1, 0, 6, b'M', b'Q', b'I']);
        long[8..12].copy_from_slice(b"sdp\x03");
        assert_eq!(stream(&long), confirmed(Application::Mqtt));
    }

    #[test]
    fn an_answer_alone_is_likely_and_near_misses_are_nothing() {
        assert_eq!(stream(&[0x20, 2, 0, 0]), likely(Application::Mqtt));
        assert_eq!(stream(&[0x20, 2, 0, 6]), unknown());
        assert_eq!(stream(&[0x20, 2, 0, 0, 0]), unknown());
        for (at, octet) in [(0, 0x11), (3, 5), (7, b't'), (8, 2)] {
            let mut near_miss = CONNECT_311;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Mqtt, "{at}");
        }
    }
}
