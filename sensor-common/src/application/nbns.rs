//! NetBIOS name service (RFC 1002 section 4.2): DNS's header with names in half-octets.

use super::{Application, Identification, text};
use crate::payload::Payload;

/// Octets of an encoded name (RFC 1001 section 14.1): 16 octets in halves, as `A` to `P`.
const NAME: u8 = 32;
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;
const INTERNET: u16 = 1;

/// Transaction, flags, four counts; the first name, its type and class.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.octet(12) != NAME || payload.octet(45) != 0 || payload.length() < 50 {
        return None;
    }
    let kind = payload.be_u16(46);
    let is_name = text::is_within::<b'A', b'P'>(payload.be_u64_at(13))
        && text::is_within::<b'A', b'P'>(payload.be_u64_at(21));
    if !is_name || kind != NB && kind != NBSTAT || payload.be_u16(48) & 0x7fff != INTERNET {
        return None;
    }
    // One question, or an answer without one.
    let has_counts = payload.be_u32(4) == 0x0001_0000 || payload.be_u32(4) == 1;
    Some(Identification::marked(Application::Nbns, has_counts))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A node status request for any name.
    fn request() -> [u8; 50] {
        let mut octets = [b'A'; 50];
        octets[..15].copy_from_slice(b"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x20CK");
        octets[45..].copy_from_slice(&[0, 0, 0x21, 0, 1]);
        octets
    }

    #[test]
    fn a_status_request_is_confirmed() {
        assert_eq!(datagram(&request()), confirmed(Application::Nbns));
        no_prefix_is_confirmed(&request(), datagram);
    }

    #[test]
    fn other_names_and_types_are_refused() {
        for (at, octet) in [(12, 31), (14, b'Q'), (28, b'a'), (45, 1), (47, 0x22), (49, 2)] {
            let mut near_miss = request();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Nbns, "{at}");
        }
    }
}
