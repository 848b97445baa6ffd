//! IEC 60870-5-104 (section 5): APDUs over TCP.

use super::{Application, Identification};
use crate::payload::Payload;

const START: u8 = 0x68;

/// Start, length of the rest, four control octets; an ASDU in I-frames.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.octet(1) as usize;
    if payload.octet(0) != START || !(4..=253).contains(&length) || payload.length() < 6 {
        return None;
    }
    let control = payload.be_u32(2);
    if length == 4 {
        // U: one of start, stop and test, asked or confirmed, then zeros. S: number received.
        let is_unnumbered = control & 0x00ff_ffff == 0
            && matches!(control >> 24, 0x07 | 0x0b | 0x13 | 0x23 | 0x43 | 0x83);
        if is_unnumbered {
            return Some(Identification::confirmed(Application::Iec104));
        }
        return (control & 0xffff_0100 == 0x0100_0000)
            .then_some(Identification::likely(Application::Iec104));
    }
    // I: both numbers have a lowest bit of 0. Type identification 1 to 127, number of objects,
    // cause of transmission 1 to 47 (IEC 60870-5-101 section 7.2).
    let is_information = control & 0x0100_0100 == 0
        && length >= 12
        && length + 2 <= payload.length()
        && payload.octet(6).wrapping_sub(1) < 127
        && (payload.octet(8) & 0x3f).wrapping_sub(1) < 47;
    let objects = (payload.octet(7) & 0x7f) as usize;
    if !is_information || objects == 0 || objects > length - 10 {
        return None;
    }
    // Of the first frames, which have numbers below 128.
    let is_first = control & 0x00ff_00ff == 0;
    Some(Identification::marked(Application::Iec104, length + 2 == payload.length() && is_first))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A general interrogation of station 1.
    const INTERROGATION: [u8; 16] = [0x68, 14, 0, 0, 0, 0, 100, 1, 6, 0, 1, 0, 0, 0, 0, 20];

    #[test]
    fn start_and_interrogation_are_confirmed() {
        assert_eq!(stream(&[0x68, 4, 7, 0, 0, 0]), confirmed(Application::Iec104));
        assert_eq!(stream(&INTERROGATION), confirmed(Application::Iec104));
        no_prefix_is_confirmed(&INTERROGATION, stream);
        assert_eq!(stream(&[0x68, 4, 1, 0, 2, 0]), likely(Application::Iec104));
    }

    #[test]
    fn other_control_octets_and_types_are_refused() {
        for octets in [[0x68, 4, 3, 0, 0, 0], [0x68, 4, 7, 0, 0, 1], [0x68, 3, 7, 0, 0, 0]] {
            assert_eq!(stream(&octets), unknown());
        }
        for (at, octet) in [(0, 0x69), (2, 1), (4, 1), (6, 0), (6, 128), (8, 0), (8, 48)] {
            let mut near_miss = INTERROGATION;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Iec104, "{at}");
        }
    }
}
