//! Kerberos version 5 (RFC 4120): messages of section 5.4 and 5.9, over TCP after a length of four
//! octets (section 7.2.2).

use super::{Application, Identification};
use crate::payload::Payload;

const CONFIRMED: Option<Identification> = Some(Identification::confirmed(Application::Kerberos));

#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload) -> Option<Identification> {
    // A message may need several segments, and segments may be captured in part.
    if payload.octet(0) != 0 || (payload.be_u32(0) as usize) + 4 < payload.length() {
        return None;
    }
    message::<4>(payload)
}

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    message::<0>(payload)
}

/// An application tag of 10 to 15 (requests and replies), 20 to 22 (safe, private, credentials) or
/// 30 (error), constructed; a SEQUENCE; then the version number 5 in context tag 0 or 1.
#[inline(always)]
fn message<const AT: usize>(payload: &Payload) -> Option<Identification> {
    const TAGS: u32 = 0b0100_0000_0111_0000_1111_1100_0000_0000;
    let tag = payload.octet(AT);
    if tag & 0xe0 != 0x60 || TAGS >> (tag & 0x1f) & 1 == 0 {
        return None;
    }
    // Where it stands depends on the two lengths before it, each of one to three octets.
    (has_version::<AT, 4>(payload)
        || has_version::<AT, 5>(payload)
        || has_version::<AT, 6>(payload)
        || has_version::<AT, 7>(payload)
        || has_version::<AT, 8>(payload))
    .then_some(CONFIRMED)
    .flatten()
}

/// `A0 03 02 01 05` in replies and errors, `A1 03 02 01 05` in requests.
#[inline(always)]
fn has_version<const AT: usize, const AFTER: usize>(payload: &Payload) -> bool {
    payload.be_u64_at(AT + AFTER) >> 24 & 0xfe_ffff_ffff == 0xa0_0302_0105
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// The beginning of an AS-REQ of 166 octets with lengths of two octets each.
    const REQUEST: [u8; 19] =
        [0x6a, 0x81, 0xa3, 0x30, 0x81, 0xa0, 0xa1, 3, 2, 1, 5, 0xa2, 3, 2, 1, 10, 0xa3, 14, 0x30];

    #[test]
    fn requests_and_errors_are_confirmed() {
        assert_eq!(datagram(&REQUEST), confirmed(Application::Kerberos));
        prefixes_agree(&REQUEST, datagram);
        let error = [0x7e, 0x20, 0x30, 0x1e, 0xa0, 3, 2, 1, 5, 0xa1, 3, 2, 1, 30];
        assert_eq!(datagram(&error), confirmed(Application::Kerberos));
    }

    #[test]
    fn over_tcp_a_length_comes_first() {
        let mut octets = [0; 23];
        octets[4..].copy_from_slice(&REQUEST);
        octets[3] = 19;
        assert_eq!(stream(&octets), confirmed(Application::Kerberos));
        octets[3] = 18;
        assert_eq!(stream(&octets), unknown());
        assert_eq!(stream(&REQUEST), unknown());
    }

    #[test]
    fn another_version_or_tag_is_refused() {
        for (at, octet) in [(0, 0x69), (0, 0x2a), (10, 4), (7, 4), (6, 0xa2)] {
            let mut near_miss = REQUEST;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Kerberos, "{at}");
        }
    }
}
