//! HART-IP (FieldComm Group TP10300, HART-IP network protocol): messages over TCP and UDP.

use super::{Application, Context, Identification};
use crate::payload::Payload;

const PORT: u16 = 5094;
const HEADER: usize = 8;
/// With the kind of master and the silence after which the session ends.
const INITIATION: usize = 13;
const LONGEST_SILENCE_MILLISECONDS: u32 = 86_400_000;
const VERSION: u8 = 1;

/// Version, request, response, published message or refusal; session, keep-alive, HART frame,
/// discovery; status, sequence number, length of the whole.
#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let is_kind = matches!(payload.octet(1), 0..=2 | 15);
    let is_message = matches!(payload.octet(2), 0..=5 | 128);
    let length = payload.be_u16(6) as usize;
    let is_hart = payload.octet(0) == VERSION
        && is_kind
        && is_message
        && length >= HEADER
        && length == payload.length();
    // Small numbers and a length are in many a message of others; what opens a session says more.
    let is_initiation = length == INITIATION
        && payload.octet(2) == 0
        && payload.octet(8) <= 1
        && payload.be_u32(9).wrapping_sub(1) < LONGEST_SILENCE_MILLISECONDS;
    let second_condition = context.has_port(PORT) || is_initiation;
    is_hart.then_some(Identification::marked(Application::HartIp, second_condition))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    /// Asks for a session that ends after 30 s of silence.
    const INITIATE: [u8; 13] = [1, 0, 0, 0, 0, 2, 0, 13, 1, 0, 0, 0x75, 0x30];

    #[test]
    fn what_opens_a_session_is_confirmed_and_the_rest_on_the_port_only() {
        for speak in [stream, datagram] {
            assert_eq!(speak(&INITIATE), confirmed(Application::HartIp));
            no_prefix_is_confirmed(&INITIATE, speak);
        }
        let keep_alive = [1, 0, 2, 0, 0, 2, 0, 8];
        assert_eq!(stream(&keep_alive), likely(Application::HartIp));
        let on_port = spoken(protocol::TCP, [50_001, PORT], &keep_alive);
        assert_eq!(on_port, confirmed(Application::HartIp));
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
