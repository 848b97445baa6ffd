//! OpenVPN ("OpenVPN protocol" in its source, `ssl_pkt.h`): the resets that open a control channel
//! without further authentication; over TCP after a length of two octets.

use super::{Application, Identification, randomness::looks_random};
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
    let has_session = looks_random(payload.be_u64_at(AT + 1));
    (is_client || is_server).then_some(Identification::marked(Application::OpenVpn, has_session))
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

    #[test]
    fn zeros_in_place_of_a_session_are_likely_only() {
        let mut reset = [0x38, 0x44, 0x76, 0x59, 1, 2, 3, 4, 5, 0, 0, 0, 0, 0];
        assert_eq!(datagram(&reset), confirmed(Application::OpenVpn));
        reset[5..7].fill(0);
        assert_eq!(datagram(&reset), likely(Application::OpenVpn));
    }
}
