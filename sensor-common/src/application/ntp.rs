//! Network Time Protocol (RFC 5905 section 7.3), its control messages (RFC 9327 section 2), and
//! the private mode of the reference implementation.

use super::{Application, Identification};
use crate::payload::Payload;

const HEADER: usize = 48;
const CONTROL: u8 = 6;
const PRIVATE: u8 = 7;
const CONTROL_HEADER: usize = 12;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let first = payload.octet(0);
    let mode = first & 7;
    let length = payload.length();
    // Version 1 to 4.
    if (first >> 3 & 7).wrapping_sub(1) > 3 || mode == 0 {
        return None;
    }
    if mode == CONTROL {
        // Offset 0, count of octets, padded to whole words.
        let count = payload.be_u16(10) as usize;
        let is_message = payload.be_u16(8) == 0
            && count.next_multiple_of(4) + CONTROL_HEADER == length
            && payload.octet(1) & 0x1f <= 12;
        // No leap indicator, a version since there are control messages; and a question has no
        // error, no further part and no status yet.
        let is_answer = payload.octet(1) & 0x80 != 0;
        let is_question = payload.octet(1) & 0xe0 == 0 && payload.be_u16(4) == 0;
        let second_condition =
            first & 0xc0 == 0 && first & 0x38 >= 0x10 && (is_answer || is_question);
        return is_message.then_some(Identification::marked(Application::Ntp, second_condition));
    }
    if mode == PRIVATE {
        // Sequence number, implementation (2 and 3 are in use), request; no error, no items, or
        // the 40 octets of a request with room for authentication.
        let is_request = payload.be_u32(4) == 0 && matches!(length, 8 | 48 | 192);
        return (payload.octet(2).wrapping_sub(2) < 2 && is_request)
            .then_some(Identification::confirmed(Application::Ntp));
    }
    header(payload, length)
}

/// Stratum, poll, precision, root delay and dispersion within what clocks have; alone, with a
/// message digest, or with extension fields.
#[inline(always)]
fn header(payload: &Payload, length: usize) -> Option<Identification> {
    if !(HEADER..500).contains(&length) || !length.is_multiple_of(4) || payload.octet(1) > 16 {
        return None;
    }
    // Clients may leave everything zero but the last field.
    let is_empty = payload.be_u64_at(8) | payload.be_u64_at(16) | payload.be_u64_at(24) == 0
        && payload.be_u32(4) == 0;
    // Below 16 seconds, in 16.16 bits; a poll of 2^17 s, a precision of 1 s to 2^-40 s.
    let has_clock = (payload.be_u32(4) | payload.be_u32(8)) >> 20 == 0
        && payload.octet(2) <= 17
        && (payload.octet(3) == 0 || payload.octet(3) > 0xd8);
    if !is_empty && !has_clock {
        return None;
    }
    // A server's stratum has a reference; or all that a client need not say is absent.
    // Version 1 (RFC 1059) had another header; who says 1 mostly says nothing of the kind.
    let second_condition =
        length == HEADER && (is_empty || payload.octet(3) != 0) && payload.octet(0) & 0x38 >= 0x10;
    Some(Identification::marked(Application::Ntp, second_condition))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn answer() -> [u8; 48] {
        let mut octets = [0x5a; 48];
        octets[..16].copy_from_slice(&[0x24, 2, 6, 0xe9, 0, 0, 2, 0, 0, 0, 3, 0, 192, 0, 2, 1]);
        octets
    }

    #[test]
    fn clients_and_servers_are_confirmed() {
        assert_eq!(datagram(&answer()), confirmed(Application::Ntp));
        no_prefix_is_confirmed(&answer(), datagram);
        let mut question = [0; 48];
        question[0] = 0x1b;
        assert_eq!(datagram(&question), confirmed(Application::Ntp));
    }

    #[test]
    fn control_and_private_modes_are_confirmed() {
        assert_eq!(datagram(&[0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), confirmed(Application::Ntp));
        assert_eq!(datagram(&[0x17, 0, 3, 42, 0, 0, 0, 0]), confirmed(Application::Ntp));
        assert_eq!(datagram(&[0x17, 0, 4, 42, 0, 0, 0, 0]), unknown());
    }

    #[test]
    fn clocks_that_cannot_be_are_refused() {
        for (at, octet) in [(0, 0x04), (0, 0x20), (1, 17), (2, 18), (3, 0x80), (4, 1), (8, 1)] {
            let mut near_miss = answer();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Ntp, "{at}");
        }
    }

    #[test]
    fn control_messages_that_no_clock_sends_are_likely() {
        const QUESTION: [u8; 12] = [0x16, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        for (at, octet) in [(0, 0x0e), (0, 0xce), (1, 0x42), (1, 0x22), (4, 1)] {
            let mut near_miss = QUESTION;
            near_miss[at] = octet;
            assert_eq!(datagram(&near_miss), likely(Application::Ntp), "{at}");
        }
        let mut answer = QUESTION;
        answer[1..6].copy_from_slice(&[0x82, 0, 1, 6, 0x15]);
        assert_eq!(datagram(&answer), confirmed(Application::Ntp));
    }
}
