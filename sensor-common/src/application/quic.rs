//! QUIC (RFC 9000 section 17.2, RFC 9369, RFC 8999): long headers of known versions; and the public
//! header that Google's had before (draft-hamilton-early-deployment-quic-00).

use super::{Application, Identification, randomness::looks_random};
use crate::payload::Payload;

const VERSION_1: u32 = 1;
const VERSION_2: u32 = 0x6b33_43cf;
/// Drafts of version 1, of which the last was 34.
const DRAFT: u32 = 0x00ff_0000;
const LAST_DRAFT: u32 = 34;
/// Before it the header had another form.
const FIRST_DRAFT_OF_THIS_FORM: u32 = 22;
/// A client's first datagram has at least so many octets (section 14.1), and so has a server's that
/// asks for an acknowledgement.
const FULL_DATAGRAM: usize = 1200;
const LONGEST_CONNECTION: u8 = 20;

/// Form and fixed bit, version, length of the destination's connection identifier.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let version = payload.be_u32(1);
    let length = payload.octet(5);
    if payload.octet(0) & 0x80 == 0 || payload.length() < 21 {
        return None;
    }
    let is_draft = version >> 8 == DRAFT && version & 0xff <= LAST_DRAFT;
    let is_known = version == VERSION_1 || version == VERSION_2 || is_draft || is_reserved(version);
    // `Q0` and two digits.
    let is_google = version & 0xffff_f0f0 == u32::from_be_bytes(*b"Q000");
    // Google's versions until Q046: two lengths of 4 bits in one octet, 5 for 8 octets. Else the
    // length of the first identifier; where that is empty, the second one is not.
    let is_length = if is_google {
        length & 0xf0 == 0x50 || length <= 8
    } else {
        length <= LONGEST_CONNECTION && (length != 0 || payload.octet(6) != 0)
    };
    if (is_known || is_google) && payload.octet(0) & 0x40 != 0 && is_length {
        return Some(Identification::marked(Application::Quic, is_google || has_form(payload)));
    }
    // Version negotiation (RFC 8999 section 6): version 0, then both identifiers and a list.
    let is_negotiation = version == 0 && (length == 8 || length == 20) && payload.octet(14) <= 20;
    (is_negotiation && payload.length() >= 27 && payload.length() < 300)
        .then_some(Identification::likely(Application::Quic))
}

/// Versions by which a client asks for a negotiation (RFC 9000 section 15).
#[inline(always)]
fn is_reserved(version: u32) -> bool {
    version & 0x0f0f_0f0f == 0x0a0a_0a0a
}

/// Flags that name a version and an identifier of 8 octets, the identifier, `Q0` and two digits. The
/// version is the second condition: it is in a client's first packets only.
#[inline(always)]
pub(super) fn recognise_public_header(payload: &Payload) -> Option<Identification> {
    const FLAGS: u8 = 0x09;
    (payload.octet(0) & 0xc9 == FLAGS
        && payload.be_u32(9) & 0xffff_f0f0 == u32::from_be_bytes(*b"Q000")
        && payload.length() > 14)
        .then_some(Identification::confirmed(Application::Quic))
}

/// A second condition on a long header: a full datagram, or identifiers of usual lengths, one of
/// which was drawn at random (section 5.1), the other being where the first one says.
#[inline(always)]
fn has_form(payload: &Payload) -> bool {
    let version = payload.be_u32(1);
    let is_old_draft = version >> 8 == DRAFT && version & 0xff < FIRST_DRAFT_OF_THIS_FORM;
    let length = payload.octet(5);
    let is_usual = match length {
        0 => {
            (8..=LONGEST_CONNECTION).contains(&payload.octet(6))
                && looks_random(payload.be_u64_at(7))
        }
        8 => payload.octet(14) <= LONGEST_CONNECTION && looks_random(payload.be_u64_at(6)),
        20 => payload.octet(26) <= LONGEST_CONNECTION && looks_random(payload.be_u64_at(6)),
        _ => false,
    };
    let is_full = payload.length() >= FULL_DATAGRAM;
    // There are so many reserved versions that chance has one now and then.
    if is_reserved(version) { is_full && is_usual } else { !is_old_draft && (is_full || is_usual) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn initial() -> [u8; 64] {
        let mut octets = [0x5a; 64];
        octets[..6].copy_from_slice(&[0xc3, 0, 0, 0, 1, 8]);
        octets[14] = 0;
        octets
    }

    #[test]
    fn long_headers_of_known_versions_are_confirmed() {
        for version in [[0, 0, 0, 1], [0x6b, 0x33, 0x43, 0xcf], [0xff, 0, 0, 29]] {
            let mut octets = initial();
            octets[1..5].copy_from_slice(&version);
            assert_eq!(datagram(&octets), confirmed(Application::Quic));
            prefixes_agree(&octets, datagram);
        }
        let mut google = initial();
        google[1..6].copy_from_slice(b"Q046\x50");
        assert_eq!(datagram(&google), confirmed(Application::Quic));
    }

    #[test]
    fn a_reserved_version_is_known_by_its_nibbles() {
        let mut reserved = [0x5a; 1200];
        reserved[..6].copy_from_slice(&[0xc3, 0x1a, 0x2a, 0x3a, 0xfa, 8]);
        reserved[14] = 0;
        assert_eq!(datagram(&reserved), confirmed(Application::Quic));
        assert_eq!(datagram(&reserved[..1199]), likely(Application::Quic));
        reserved[3] = 0x3b;
        assert_eq!(datagram(&reserved), unknown());
    }

    #[test]
    fn a_public_header_is_confirmed_by_its_version() {
        let mut first = [0x5a; 40];
        (first[0], first[13]) = (0x0d, 1);
        first[9..13].copy_from_slice(b"Q035");
        assert_eq!(datagram(&first), confirmed(Application::Quic));
        prefixes_agree(&first, datagram);
        for (at, octet) in [(0, 0x05), (0, 0x0c), (9, b'R'), (10, b'1'), (11, b'a')] {
            let mut near_miss = first;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Quic, "{at}");
        }
    }

    #[test]
    fn other_forms_versions_and_lengths_are_refused() {
        for (at, octet) in [(0, 0x43), (0, 0x83), (1, 1), (4, 2), (5, 21)] {
            let mut near_miss = initial();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Quic, "{at}");
        }
    }

    #[test]
    fn unusual_identifiers_are_confirmed_in_a_full_datagram() {
        let mut full = [0x5a; 1200];
        full[..7].copy_from_slice(&[0xc3, 0, 0, 0, 1, 5, 1]);
        assert_eq!(datagram(&full), confirmed(Application::Quic));
        assert_eq!(datagram(&full[..1199]), likely(Application::Quic));
        full[5] = 0;
        assert_eq!(datagram(&full[..100]), likely(Application::Quic));
        full[6] = 8;
        assert_eq!(datagram(&full[..100]), confirmed(Application::Quic));
    }

    #[test]
    fn a_draft_of_another_form_is_likely() {
        let mut old = initial();
        old[1..5].copy_from_slice(&[0xff, 0, 0, 21]);
        assert_eq!(datagram(&old), likely(Application::Quic));
    }
}
