//! KNXnet/IP (EN 13321-2, ISO 22510 section 5.2), over UDP and TCP.

use super::{Application, Identification};
use crate::payload::Payload;

const HEADER_SIZE: u8 = 6;

/// Header size, version 1.0 or 2.0, service, length of the whole.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let version = payload.octet(1);
    let family = payload.octet(2);
    let whole = payload.be_u16(4) as usize;
    // Families: core, management, tunnelling, routing, remote logging, remote diagnosis, object
    // server, security. Services of a family are few.
    if payload.octet(0) != HEADER_SIZE
        || version != 0x10 && version != 0x20
        || family.wrapping_sub(2) > 8
        || payload.octet(3) > 0x47
        || whole < HEADER_SIZE as usize + 2
        || whole > payload.length()
    {
        return None;
    }
    Some(Identification::marked(Application::Knx, whole == payload.length()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A search request of a host at 192.0.2.1:3671.
    const SEARCH: [u8; 14] = [6, 0x10, 2, 1, 0, 14, 8, 1, 192, 0, 2, 1, 0x0e, 0x57];

    #[test]
    fn a_search_is_confirmed_by_its_length() {
        assert_eq!(datagram(&SEARCH), confirmed(Application::Knx));
        no_prefix_is_confirmed(&SEARCH, datagram);
    }

    #[test]
    fn two_frames_in_a_segment_are_likely() {
        let mut both = [0; 28];
        both[..14].copy_from_slice(&SEARCH);
        both[14..].copy_from_slice(&SEARCH);
        assert_eq!(stream(&both), likely(Application::Knx));
    }

    #[test]
    fn other_sizes_versions_and_families_are_refused() {
        for (at, octet) in [(0, 5), (1, 0x11), (2, 1), (2, 11), (3, 0x48), (5, 15)] {
            let mut near_miss = SEARCH;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Knx, "{at}");
        }
    }
}
