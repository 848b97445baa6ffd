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

/// Octets that may leave the kernel: of frames (cEMI, EN 50090-4-3) that write or program, up to the
/// service of the application layer: to the bus through a tunnel, or to all on a line.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const TUNNELLING_REQUEST: u16 = 0x0420;
    const ROUTING_INDICATION: u16 = 0x0530;
    match payload.be_u16(2) {
        TUNNELLING_REQUEST => frame::<10>(payload, 0x11),
        ROUTING_INDICATION => frame::<6>(payload, 0x29),
        _ => 0,
    }
}

/// Octets up to the service of the frame at `AT`: message code, no additional information, two
/// control fields, source, destination, length, then the service's ten bits.
#[inline(always)]
fn frame<const AT: usize>(payload: &Payload, code: u8) -> usize {
    const CONTROL: u16 = 0x8000;
    let service = payload.be_u16(AT + 9);
    // GroupValue_Write, IndividualAddress_Write, Memory_Write, Restart; PropertyValue_Write.
    let is_write =
        matches!(service & 0x03c0, 0x080 | 0x0c0 | 0x280 | 0x380) || service & 0x03ff == 0x03d7;
    let is_data = service & CONTROL == 0;
    if payload.be_u16(AT) == (code as u16) << 8 && is_data && is_write { AT + 11 } else { 0 }
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
    fn of_writes_the_service_leaves_without_the_value() {
        let length = |octets: &[u8]| sample_length(&Payload::from_octets(octets));
        let routed =
            [6, 0x10, 5, 0x30, 0, 19, 0x29, 0, 0xbc, 0xe0, 0x11, 1, 8, 1, 3, 0, 0x80, 12, 26];
        assert_eq!(length(&routed), 17);
        let tunnelled = [
            6, 0x10, 4, 0x20, 0, 23, 4, 1, 0, 0, 0x11, 0, 0xbc, 0xe0, 0, 0, 8, 1, 3, 0, 0x80, 12,
            26,
        ];
        assert_eq!(length(&tunnelled), 21);
        for (at, octet) in [(3, 0x31), (6, 0x2e), (7, 4), (15, 0x80), (16, 0), (16, 0x40)] {
            let mut near_miss = routed;
            near_miss[at] = octet;
            assert_eq!(length(&near_miss), 0, "{at}");
        }
        for (high, low) in [(0, 0xc0), (2, 0x81), (3, 0x81), (3, 0xd7)] {
            let mut program = routed;
            (program[15], program[16]) = (high, low);
            assert_eq!(length(&program), 17, "{high} {low}");
        }
        assert_eq!(length(&SEARCH), 0);
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
