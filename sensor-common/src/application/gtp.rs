//! GPRS Tunnelling Protocol: user plane (3GPP TS 29.281 section 5.1) and control plane version 2
//! (TS 29.274 section 5.1).

use super::{Application, Identification};
use crate::payload::Payload;

const USER_DATA: u8 = 0xff;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let first = payload.octet(0);
    let kind = payload.octet(1);
    let rest = payload.be_u16(2) as usize;
    // Version 1, protocol type 1; extension, sequence number and N-PDU flags. An IP packet comes
    // after the header, which any of them makes longer by 4.
    if first & 0xf8 == 0x30 && rest + 8 == payload.length() && kind == USER_DATA {
        let packet = if first & 7 == 0 { payload.octet(8) } else { payload.octet(12) };
        return matches!(packet >> 4, 4 | 6).then_some(Identification::marked(
            Application::Gtp,
            first & 7 == 0 && (packet == 0x45 || packet >> 4 == 6),
        ));
    }
    // Version 2 with a tunnel: type of session management, and a spare zero after the sequence.
    (first == 0x48
        && rest + 4 == payload.length()
        && kind.wrapping_sub(32) < 8
        && payload.octet(11) == 0)
        .then_some(Identification::confirmed(Application::Gtp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn user_data() -> [u8; 28] {
        let mut octets = [0; 28];
        octets[..9].copy_from_slice(&[0x30, 0xff, 0, 20, 1, 2, 3, 4, 0x45]);
        octets
    }

    #[test]
    fn a_packet_in_a_tunnel_is_confirmed() {
        assert_eq!(datagram(&user_data()), confirmed(Application::Gtp));
        no_prefix_is_confirmed(&user_data(), datagram);
    }

    #[test]
    fn other_versions_lengths_and_contents_are_refused() {
        for (at, octet) in [(0, 0x20), (1, 0xfd), (3, 21), (8, 0x55)] {
            let mut near_miss = user_data();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Gtp, "{at}");
        }
    }
}
