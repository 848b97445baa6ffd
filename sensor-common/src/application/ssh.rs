//! Secure Shell (RFC 4253 section 4.2): the identification string opens both directions.

use super::{Application, Identification, text};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if !payload.has(0, b"SSH-") {
        return None;
    }
    // protoversion "2.0", or "1.x" from old devices ("1.99" speaks both).
    let is_version = payload.has(4, b"2.0-") || payload.has(4, b"1.");
    Some(if is_version {
        Identification::confirmed(Application::Ssh)
    } else {
        Identification::likely(Application::Ssh)
    })
}

/// The offer of algorithms that follows (sections 6 and 7.1), where a capture begins behind the
/// identification strings: packet length, padding of at least 4 octets, KEXINIT, a cookie of 16
/// octets, then a list of names.
#[inline(always)]
pub(super) fn recognise_offer(payload: &Payload) -> Option<Identification> {
    const KEXINIT: u8 = 20;
    const FIRST_LIST: usize = 22;
    let length = payload.be_u32(0) as usize;
    let names = payload.be_u32(FIRST_LIST) as usize;
    (payload.octet(5) == KEXINIT
        && payload.octet(4) >= 4
        && (8..0x8000).contains(&names)
        && FIRST_LIST + names < length
        && length < 0x8000
        && text::is_from::<0x21>(payload.be_u64_at(FIRST_LIST + 4)))
    .then_some(Identification::marked(Application::Ssh, length + 4 == payload.length()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn an_identification_is_confirmed_by_its_version() {
        assert_eq!(stream(b"SSH-2.0-OpenSSH_9.2\r\n"), confirmed(Application::Ssh));
        assert_eq!(stream(b"SSH-1.99-Cisco-1.25\n"), confirmed(Application::Ssh));
        assert_eq!(stream(b"SSH-3.0-x\r\n"), likely(Application::Ssh));
        assert_eq!(stream(b"SSL-2.0-x\r\n"), unknown());
        no_prefix_is_confirmed(b"SSH-2.0-", stream);
    }

    #[test]
    fn an_offer_of_algorithms_is_confirmed_by_its_length() {
        let mut offer = [0; 72];
        offer[..6].copy_from_slice(&[0, 0, 0, 68, 6, 20]);
        offer[22..26].copy_from_slice(&17u32.to_be_bytes());
        offer[26..43].copy_from_slice(b"curve25519-sha256");
        assert_eq!(stream(&offer), confirmed(Application::Ssh));
        no_prefix_is_confirmed(&offer, stream);
        for (at, octet) in [(2, 0x80), (4, 3), (5, 21), (24, 1), (25, 3), (26, 0)] {
            let mut near_miss = offer;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Ssh, "{at}");
        }
    }
}
