//! WireGuard ("WireGuard: Next Generation Kernel Network Tunnel", section 5.4): the handshake.

use super::{Application, Identification, randomness::looks_random};
use crate::payload::Payload;

/// Type and three reserved zeros; each kind of message has one length.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.length();
    let kind = payload.be_u32(0);
    // Initiation and response end in a second authenticator, zeros unless under load.
    let is_handshake = kind == 0x0100_0000 && length == 148 || kind == 0x0200_0000 && length == 92;
    let is_cookie = kind == 0x0300_0000 && length == 64;
    // A handshake's key, from 8 or 12 on; a cookie's nonce, from 8 on, and what it encrypts.
    let is_encrypted = looks_random(payload.be_u64_at(12))
        && looks_random(payload.be_u64_at(20))
        && looks_random(payload.be_u64_at(28))
        && looks_random(payload.be_u64_at(36));
    (is_handshake || is_cookie)
        .then_some(Identification::marked(Application::Wireguard, is_encrypted))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn an_initiation_has_one_length() {
        let mut octets = [0x5a; 149];
        octets[..4].copy_from_slice(&[1, 0, 0, 0]);
        assert_eq!(datagram(&octets[..148]), confirmed(Application::Wireguard));
        no_prefix_is_confirmed(&octets[..148], datagram);
        assert_ne!(datagram(&octets).application, Application::Wireguard);
        octets[1] = 1;
        assert_ne!(datagram(&octets[..148]).application, Application::Wireguard);
    }

    #[test]
    fn zeros_in_place_of_a_key_are_likely_only() {
        let mut octets = [0x5a; 92];
        octets[..4].copy_from_slice(&[2, 0, 0, 0]);
        assert_eq!(datagram(&octets), confirmed(Application::Wireguard));
        octets[30..32].fill(0);
        assert_eq!(datagram(&octets), likely(Application::Wireguard));
    }
}
