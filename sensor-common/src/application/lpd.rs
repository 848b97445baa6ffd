//! Line printer daemon protocol (RFC 1179 section 3): a command is one octet and a line of text.

use super::{Application, Identification, text};
use crate::payload::Payload;

const PRINT_WAITING: u8 = 1;
const REMOVE_JOBS: u8 = 5;
/// Words behind the first octet that are looked at: longer lines are not known by their octets.
const WORDS: usize = 3;

/// Sections 5.1 to 5.5: codes 1 to 5, then a queue's name and operands up to a line feed, which
/// ends what is sent. One line is no more than a marker.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.length();
    let first = payload.octet(1);
    if !(PRINT_WAITING..=REMOVE_JOBS).contains(&payload.octet(0))
        || !(4..=1 + 8 * WORDS).contains(&length)
        || first <= b' '
        || first >= 0x7f
    {
        return None;
    }
    is_line(payload).then_some(Identification::likely(Application::Lpd))
}

/// Whether all behind the first octet is printable, but for a line feed and the zeros behind the
/// payload.
#[inline(always)]
fn is_line(payload: &Payload) -> bool {
    let mut feeds = 0;
    let mut others = 0;
    let mut word = 0;
    while word < WORDS {
        let payload = core::hint::black_box(payload);
        // The code itself is passed over.
        let octets = payload.be_u64_at(word * 8 + 1);
        let (printable, feed, zero) = text::line_octets(octets);
        others |= !(printable | feed | zero) & text::HIGH;
        feeds |= feed;
        word += 1;
    }
    others == 0 && feeds != 0
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_command_is_likely() {
        assert_eq!(stream(b"\x02labels\n"), likely(Application::Lpd));
        assert_eq!(stream(b"\x03lp root 12\n"), likely(Application::Lpd));
        assert_eq!(stream(b"\x05lp root 12\n"), likely(Application::Lpd));
        prefixes_agree(b"\x04ward-3/labels root\n", stream);
    }

    #[test]
    fn other_codes_and_octets_are_refused() {
        for octets in [
            &b"\x06labels\n"[..],
            b"\x02labels",
            b"\x02labels\r\n",
            b"\x02lab\x80ls\n",
            b"\x02 labels\n",
        ] {
            assert_eq!(stream(octets), unknown());
        }
        assert_eq!(stream(&[&b"\x02"[..], &[b'q'; 24], b"\n"].concat()), unknown());
    }
}
