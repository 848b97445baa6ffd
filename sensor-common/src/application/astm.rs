//! Clinical instruments: LIS01-A2 frames (ASTM E1381 section 6) and LIS2-A2 records (ASTM E1394
//! section 5), usually carried through a terminal server.

use super::{Application, Identification};
use crate::payload::Payload;

const START_OF_TEXT: u8 = 0x02;

/// Start of text, frame number `0` to `7`, a header record with the usual delimiters.
#[inline(always)]
pub(super) fn recognise_frame(payload: &Payload) -> Option<Identification> {
    if payload.octet(0) != START_OF_TEXT || payload.octet(1) & 0xf8 != b'0' {
        return None;
    }
    if payload.has(2, b"H|\\^&") {
        return Some(Identification::confirmed(Application::Astm));
    }
    // A later record: patient, order, result, comment, query, terminator, with its sequence
    // number, which is one digit in the first frames.
    let record = payload.octet(2);
    let is_record = matches!(record, b'P' | b'O' | b'R' | b'C' | b'Q' | b'L');
    (is_record && payload.octet(3) == b'|' && payload.octet(5) == b'|')
        .then_some(Identification::likely(Application::Astm))
}

/// A header record without framing, as converters send it.
#[inline(always)]
pub(super) fn recognise_record(payload: &Payload) -> Option<Identification> {
    payload.has(0, b"H|\\^&|").then_some(Identification::likely(Application::Astm))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const HEADER: &[u8] = b"\x021H|\\^&|||Analyser^1.0|||||||P|LIS2-A2|20240101\r\x03A5\r\n";

    #[test]
    fn a_header_record_in_a_frame_is_confirmed() {
        assert_eq!(stream(HEADER), confirmed(Application::Astm));
        no_prefix_is_confirmed(&HEADER[..7], stream);
        prefixes_agree(HEADER, stream);
        assert_eq!(stream(&HEADER[2..]), likely(Application::Astm));
        assert_eq!(stream(b"\x022P|1||\r\x0317\r\n"), likely(Application::Astm));
    }

    #[test]
    fn other_frames_are_refused() {
        assert_eq!(stream(b"\x028H|\\^&|||"), unknown());
        assert_eq!(stream(b"\x021H|^~\\&|||"), unknown());
        assert_eq!(stream(b"\x02queue\n"), likely(Application::Lpd));
    }
}
