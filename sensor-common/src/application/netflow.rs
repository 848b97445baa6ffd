//! Flow export: NetFlow version 5 (Cisco NetFlow Export Datagram Format), version 9 (RFC 3954
//! section 5) and IPFIX (RFC 7011 section 3), over UDP.

use super::{Application, Identification};
use crate::payload::Payload;

const VERSION_5: u16 = 5;
const VERSION_9: u16 = 9;
const IPFIX: u16 = 10;
const HEADER_5: usize = 24;
const RECORD_5: usize = 48;
const HEADER_9: usize = 20;
const HEADER_IPFIX: usize = 16;
/// The year 2000 and the year 2036, as seconds since 1970.
const EARLIEST: u32 = 946_684_800;
const LATEST: u32 = 2_082_758_400;
const NANOSECONDS: u32 = 1_000_000_000;
/// Data records have the number of their template, from here on.
const FIRST_TEMPLATE: u16 = 256;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.length();
    let second = payload.be_u16(2);
    match payload.be_u16(0) {
        // Count, uptime, seconds, nanoseconds: as many records as it says.
        VERSION_5 => (second.wrapping_sub(1) < 30
            && length == HEADER_5 + RECORD_5 * second as usize
            && is_time(payload.be_u32(8))
            && payload.be_u32(12) < NANOSECONDS)
            .then_some(Identification::confirmed(Application::NetFlow)),
        // Count, uptime, seconds, sequence, source; then the first set and its length.
        VERSION_9 => {
            let set = payload.be_u16(HEADER_9);
            let rest = payload.be_u16(HEADER_9 + 2) as usize + HEADER_9;
            (second != 0
                && is_time(payload.be_u32(8))
                && (set <= 1 || set >= FIRST_TEMPLATE)
                && rest >= HEADER_9 + 8
                && rest <= length)
                .then_some(Identification::marked(Application::NetFlow, rest == length))
        }
        // Length of the whole, seconds, sequence, domain; then the first set and its length.
        IPFIX => {
            let set = payload.be_u16(HEADER_IPFIX);
            let rest = payload.be_u16(HEADER_IPFIX + 2) as usize + HEADER_IPFIX;
            (second as usize == length
                && is_time(payload.be_u32(4))
                && (matches!(set, 2 | 3) || set >= FIRST_TEMPLATE)
                && rest >= HEADER_IPFIX + 4
                && rest <= length)
                .then_some(Identification::confirmed(Application::NetFlow))
        }
        _ => None,
    }
}

#[inline(always)]
fn is_time(seconds: u32) -> bool {
    (EARLIEST..LATEST).contains(&seconds)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn version_5() -> [u8; 72] {
        let mut octets = [0; 72];
        octets[..16].copy_from_slice(&[0, 5, 0, 1, 0x21, 2, 3, 4, 0x65, 0, 0, 0, 0, 1, 2, 3]);
        octets
    }

    fn version_9() -> [u8; 28] {
        let mut octets = [0; 28];
        octets[..12].copy_from_slice(&[0, 9, 0, 1, 0, 2, 3, 4, 0x65, 0, 0, 0]);
        octets[20..24].copy_from_slice(&[1, 0, 0, 8]);
        octets
    }

    fn ipfix() -> [u8; 28] {
        let mut octets = [0; 28];
        octets[..8].copy_from_slice(&[0, 10, 0, 28, 0x65, 0, 0, 0]);
        octets[16..20].copy_from_slice(&[0, 2, 0, 12]);
        octets
    }

    #[test]
    fn exports_of_each_version_are_confirmed_by_their_length() {
        assert_eq!(datagram(&version_5()), confirmed(Application::NetFlow));
        no_prefix_is_confirmed(&version_5(), datagram);
        assert_eq!(datagram(&version_9()), confirmed(Application::NetFlow));
        no_prefix_is_confirmed(&version_9(), datagram);
        assert_eq!(datagram(&ipfix()), confirmed(Application::NetFlow));
        no_prefix_is_confirmed(&ipfix(), datagram);
    }

    #[test]
    fn several_sets_are_likely_in_version_9() {
        let several = [&version_9()[..], &[1, 1, 0, 8, 0, 0, 0, 0]].concat();
        assert_eq!(datagram(&several), likely(Application::NetFlow));
    }

    #[test]
    fn other_times_counts_and_sets_are_refused() {
        let refused = |octets: &[u8], at: usize| {
            assert_ne!(datagram(octets).application, Application::NetFlow, "{at}");
        };
        for (at, octet) in [(1, 6), (3, 2), (3, 0), (8, 0x20), (8, 0xff), (12, 0x7f)] {
            let mut near_miss = version_5();
            near_miss[at] = octet;
            refused(&near_miss, at);
        }
        for (at, octet) in [(3, 27), (4, 0), (17, 4), (19, 13)] {
            let mut near_miss = ipfix();
            near_miss[at] = octet;
            refused(&near_miss, at);
        }
        let mut near_miss = version_9();
        near_miss[23] = 9;
        refused(&near_miss, 23);
    }
}
