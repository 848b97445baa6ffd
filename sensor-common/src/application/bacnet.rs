//! BACnet/IP (ANSI/ASHRAE 135 annex J): BVLL, then the NPDU.

use super::{Application, Identification};
use crate::payload::Payload;

const BACNET_IP: u8 = 0x81;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let function = payload.octet(1);
    if payload.octet(0) != BACNET_IP
        || function > 0x0b
        || payload.be_u16(2) as usize != payload.length()
    {
        return None;
    }
    // NPDU version 1 (clause 6.2.1): after the header, or after the originator of a forwarded one.
    // Functions without one have entries of 10 octets, or one length (clauses J.2.1 to J.2.9).
    let length = payload.length();
    let is_npdu = match function {
        0x00 | 0x05 => length == 6,
        0x01 | 0x03 | 0x07 => length >= 4 && (length - 4).is_multiple_of(10),
        0x02 | 0x06 => length == 4,
        0x08 => length == 10,
        0x04 => payload.octet(10) == 1,
        0x09..=0x0b => payload.octet(4) == 1,
        _ => length >= 4,
    };
    is_npdu.then_some(Identification::confirmed(Application::Bacnet))
}

/// Octets that may leave the kernel: of confirmed requests (clause 20.1.2) that write, silence or
/// restart a device, up to the service. Addresses of networks behind routers have the lengths that
/// MS/TP and Ethernet have, 1 and 6 (clause 6.2.2); of others nothing leaves.
#[inline(never)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const UNICAST: u16 = 0x810a;
    const DESTINATION: u8 = 0x20;
    const SOURCE: u8 = 0x08;
    const NETWORK_MESSAGE: u8 = 0x80;
    if payload.be_u16(0) != UNICAST || payload.octet(4) != 1 {
        return 0;
    }
    let addresses = payload.octet(5) & (DESTINATION | SOURCE | NETWORK_MESSAGE);
    let first_length = payload.octet(8);
    // Each address has its network and its length before it, and a destination a hop count.
    match (addresses, first_length) {
        (0, _) => request::<6>(payload),
        (SOURCE, 1) => request::<10>(payload),
        (SOURCE, 6) => request::<15>(payload),
        (DESTINATION, 1) => request::<11>(payload),
        (DESTINATION, 6) => request::<16>(payload),
        (BOTH, 1) if payload.octet(12) == 1 => request::<15>(payload),
        (BOTH, 1) if payload.octet(12) == 6 => request::<20>(payload),
        (BOTH, 6) if payload.octet(17) == 1 => request::<20>(payload),
        (BOTH, 6) if payload.octet(17) == 6 => request::<25>(payload),
        _ => 0,
    }
}

/// Both addresses.
const BOTH: u8 = 0x28;

/// Octets up to the service of the request at `AT`, if it is one of those.
#[inline(always)]
fn request<const AT: usize>(payload: &Payload) -> usize {
    const CONFIRMED: u8 = 0;
    const SEGMENTED: u8 = 0x08;
    let kind = payload.octet(AT);
    // Number and window of a segment stand before the service.
    let segment = if kind & SEGMENTED != 0 { 2 } else { 0 };
    let service = if segment == 0 { payload.octet(AT + 3) } else { payload.octet(AT + 5) };
    // WriteProperty, WritePropertyMultiple, DeviceCommunicationControl, ReinitializeDevice.
    let is_write = matches!(service, 15 | 16 | 17 | 20);
    if kind >> 4 == CONFIRMED && is_write { AT + 4 + segment } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const WHO_IS: [u8; 12] = [0x81, 0x0b, 0, 12, 1, 0x20, 0xff, 0xff, 0, 0xff, 0x10, 8];

    #[test]
    fn a_broadcast_is_confirmed_by_its_length_and_version() {
        assert_eq!(datagram(&WHO_IS), confirmed(Application::Bacnet));
        no_prefix_is_confirmed(&WHO_IS, datagram);
        for (at, octet) in [(0, 0x80), (1, 0x0c), (3, 13), (4, 2)] {
            let mut near_miss = WHO_IS;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Bacnet, "{at}");
        }
    }

    #[test]
    fn of_writes_the_service_leaves_wherever_it_stands() {
        // Control, then addresses, then the place of the request.
        let layouts: [(u8, &[u8], usize); 10] = [
            (0x04, &[], 6),
            (0x0c, &[0, 5, 1, 9], 10),
            (0x0c, &[0, 5, 6, 9, 9, 9, 9, 9, 9], 15),
            (0x24, &[0, 5, 1, 9, 255], 11),
            (0x24, &[0, 5, 6, 9, 9, 9, 9, 9, 9, 255], 16),
            (0x2c, &[0, 5, 1, 9, 0, 6, 1, 8, 255], 15),
            (0x2c, &[0, 5, 1, 9, 0, 6, 6, 8, 8, 8, 8, 8, 8, 255], 20),
            (0x2c, &[0, 5, 6, 9, 9, 9, 9, 9, 9, 0, 6, 1, 8, 255], 20),
            (0x2c, &[0, 5, 6, 9, 9, 9, 9, 9, 9, 0, 6, 6, 8, 8, 8, 8, 8, 8, 255], 25),
            (0x24, &[0, 5, 2, 9, 9, 255], 0),
        ];
        for (control, addresses, at) in layouts {
            for service in 0..30 {
                let mut octets = [0x55; 60];
                octets[..6].copy_from_slice(&[0x81, 0x0a, 0, 60, 1, control]);
                let end = 6 + addresses.len();
                octets[6..end].copy_from_slice(addresses);
                let is_write = at > 0 && [15, 16, 17, 20].contains(&service);
                for (kind, before) in [(0, 3), (0x0e, 5), (0x20, 3), (0x30, 3)] {
                    octets[end] = kind;
                    octets[end + before] = service;
                    let wanted = if is_write && kind < 0x10 { at + before + 1 } else { 0 };
                    let length = sample_length(&Payload::from_octets(&octets));
                    assert_eq!(length, wanted, "{control:#x} {at} {kind:#x} {service}");
                }
            }
        }
    }

    #[test]
    fn other_functions_have_their_lengths() {
        let ask = |function, length: u8| {
            let mut octets = [0; 30];
            octets[..4].copy_from_slice(&[0x81, function, 0, length]);
            datagram(&octets[..length as usize])
        };
        for (function, length) in [(0, 6), (1, 14), (2, 4), (3, 24), (5, 6), (8, 10)] {
            assert_eq!(ask(function, length), confirmed(Application::Bacnet), "{function}");
            assert_ne!(ask(function, length + 1).application, Application::Bacnet, "{function}");
        }
    }
}
