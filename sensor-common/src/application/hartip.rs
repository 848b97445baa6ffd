//! HART-IP (FieldComm Group TP10300, HART-IP network protocol): messages over TCP and UDP.

use super::{Application, Identification};
use crate::payload::Payload;

const HEADER: usize = 8;
const VERSION: u8 = 1;

/// Version, request, response, published message or refusal; session, keep-alive, HART frame,
/// discovery; status, sequence number, length of the whole.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let is_kind = matches!(payload.octet(1), 0..=2 | 15);
    let is_message = matches!(payload.octet(2), 0..=5 | 128);
    let length = payload.be_u16(6) as usize;
    (payload.octet(0) == VERSION
        && is_kind
        && is_message
        && length >= HEADER
        && length == payload.length())
    .then_some(Identification::confirmed(Application::HartIp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// Asks for a session that ends after 30 s of silence.
    const INITIATE: [u8; 13] = [1, 0, 0, 0, 0, 2, 0, 13, 1, 0, 0, 0x75, 0x30];

    #[test]
    fn a_message_is_confirmed_by_its_length() {
        for speak in [stream, datagram] {
            assert_eq!(speak(&INITIATE), confirmed(Application::HartIp));
            no_prefix_is_confirmed(&INITIATE, speak);
        }
        assert_eq!(stream(&[1, 0, 2, 0, 0, 2, 0, 8]), confirmed(Application::HartIp));
    }

    #[test]
    fn other_versions_kinds_and_lengths_are_refused() {
        for (at, octet) in [(0, 3), (1, 3), (2, 6), (6, 1), (7, 12)] {
            let mut near_miss = INITIATE;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::HartIp, "{at}");
            assert_ne!(datagram(&near_miss).application, Application::HartIp, "{at}");
        }
    }
}
