//! Virtual eXtensible Local Area Network (RFC 7348 section 5): an Ethernet frame after 8 octets.

use super::{Application, Identification};
use crate::payload::Payload;

/// Flags with a valid network identifier and three reserved zeros.
const FLAGS: u32 = 0x0800_0000;

/// Flags, network identifier, reserved zero; then a frame, with its type at 12.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.be_u32(0) != FLAGS || payload.octet(7) != 0 || payload.length() < 22 {
        return None;
    }
    // IPv4, ARP, IPv6, VLAN tags; or a length (IEEE 802.3), which bridges and switches send.
    let ethertype = payload.be_u16(20);
    let is_known = matches!(ethertype, 0x0800 | 0x0806 | 0x86dd | 0x8100 | 0x88a8 | 0x88cc);
    // What the type announces begins as it must: a version, Ethernet as the hardware, a tag that is
    // no priority alone, the chassis (IEEE 802.1AB clause 8.5).
    let next = payload.be_u16(22);
    let begins = match ethertype {
        0x0800 => next >> 12 == 4,
        0x86dd => next >> 12 == 6,
        0x0806 => next == 1,
        0x88cc => next >> 9 == 1,
        _ => next & 0xfff != 0,
    };
    (is_known || ethertype <= 1500)
        .then_some(Identification::marked(Application::Vxlan, is_known && begins))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn frame() -> [u8; 50] {
        let mut octets = [2; 50];
        octets[..8].copy_from_slice(&[8, 0, 0, 0, 0, 0, 42, 0]);
        octets[20..24].copy_from_slice(&[8, 6, 0, 1]);
        octets
    }

    #[test]
    fn a_frame_of_a_known_type_is_confirmed() {
        assert_eq!(datagram(&frame()), confirmed(Application::Vxlan));
        prefixes_agree(&frame(), datagram);
    }

    #[test]
    fn other_flags_and_types_are_refused() {
        for (at, octet) in [(0, 0x0c), (2, 1), (7, 1), (20, 0x10)] {
            let mut near_miss = frame();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Vxlan, "{at}");
        }
    }

    #[test]
    fn a_frame_that_does_not_begin_as_its_type_says_is_likely() {
        for (type_octets, first) in [([8, 0], 0x60), ([8, 6], 1), ([0x86, 0xdd], 0x45)] {
            let mut near_miss = frame();
            near_miss[20..22].copy_from_slice(&type_octets);
            near_miss[22] = first;
            assert_eq!(datagram(&near_miss), likely(Application::Vxlan), "{type_octets:?}");
        }
        let mut packet = frame();
        packet[20..24].copy_from_slice(&[8, 0, 0x45, 0]);
        assert_eq!(datagram(&packet), confirmed(Application::Vxlan));
    }
}
