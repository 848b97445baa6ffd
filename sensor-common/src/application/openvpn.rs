//! OpenVPN ("OpenVPN protocol" in its source, `ssl_pkt.h`): the resets that open a control channel
//! without further authentication; over TCP after a length of two octets.

use super::{Application, Identification};
use crate::payload::Payload;

/// Opcodes 7 and 8 (hard reset of client and server, version 2), key 0.
const CLIENT_RESET: u8 = 7 << 3;
const SERVER_RESET: u8 = 8 << 3;

#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload) -> Option<Identification> {
    (payload.be_u16(0) as usize + 2 == payload.length()).then_some(reset::<2>(payload)).flatten()
}

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    reset::<0>(payload)
}

/// Opcode, session, number of acknowledgements, those and the peer's session, packet number 0.
#[inline(always)]
fn reset<const AT: usize>(payload: &Payload) -> Option<Identification> {
    let opcode = payload.octet(AT);
    let is_client = opcode == CLIENT_RESET
        && payload.length() == AT + 14
        && payload.be_u64_at(AT + 9) >> 24 == 0;
    let is_server = opcode == SERVER_RESET
        && payload.length() == AT + 26
        && payload.be_u64_at(AT + 9) >> 24 == 0x01_0000_0000
        && payload.be_u32(AT + 22) == 0;
    (is_client || is_server).then_some(Identification::confirmed(Application::OpenVpn))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const RESET: [u8; 14] = [0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0];

    #[test]
    fn a_reset_is_confirmed_over_both_transports() {
        assert_eq!(datagram(&RESET), confirmed(Application::OpenVpn));
        no_prefix_is_confirmed(&RESET, datagram);
        let mut octets = [0; 16];
        octets[1] = 14;
        octets[2..].copy_from_slice(&RESET);
        assert_eq!(stream(&octets), confirmed(Application::OpenVpn));
        no_prefix_is_confirmed(&octets, stream);
    }

    #[test]
    fn other_opcodes_and_numbers_are_refused() {
        for (at, octet) in [(0, 0x39), (9, 1), (13, 1)] {
            let mut near_miss = RESET;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::OpenVpn, "{at}");
        }
    }
}
