//! Remote Desktop Protocol connection set-up (MS-RDPBCGR sections 2.2.1.1, 2.2.1.2): X.224
//! connection request or confirm in a TPKT (RFC 1006), with RDP's cookie or negotiation block.

use super::{Application, Identification};
use crate::payload::Payload;

const CONNECTION_REQUEST: u8 = 0xe0;
const CONNECTION_CONFIRM: u8 = 0xd0;
const TPKT_HEADER: usize = 4;
/// Of a request with no parameter behind code, references and class.
const PLAIN_INDICATOR: usize = 6;
const CRLF: u16 = 0x0d0a;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    // TPKT version 3, reserved, length; X.224 length indicator, code, references, class.
    if payload.be_u16(0) != 0x0300 || payload.be_u16(2) as usize != payload.length() {
        return None;
    }
    let code = payload.octet(5);
    let indicator = payload.octet(4) as usize;
    if indicator + TPKT_HEADER + 1 != payload.length() || payload.be_u16(6) != 0 {
        return None;
    }
    if code == CONNECTION_REQUEST {
        // The oldest clients ask for nothing, or send an empty cookie. ISO on TCP's other users name
        // their access points in parameters (ISO 8073 section 13.3.4).
        let is_empty = indicator == PLAIN_INDICATOR + 2 && payload.be_u16(11) == CRLF;
        if (indicator == PLAIN_INDICATOR || is_empty) && payload.be_u24(8) == 0 {
            return Some(Identification::likely(Application::Rdp));
        }
        // `Cookie: mstshash=` or `Cookie: msts=`; or a negotiation request of 8 octets.
        let has_cookie = payload.has(11, b"Cookie: ") && payload.has(19, b"msts");
        let has_negotiation = payload.octet(11) == 1 && payload.le_u16(13) == 8;
        return (has_cookie || has_negotiation)
            .then_some(Identification::confirmed(Application::Rdp));
    }
    let is_answer = code == CONNECTION_CONFIRM
        && payload.length() == 19
        && (payload.octet(11) == 2 || payload.octet(11) == 3)
        && payload.le_u16(13) == 8;
    is_answer.then_some(Identification::confirmed(Application::Rdp))
}

/// RDP over UDP (MS-RDPEUDP section 2.2.2.1): a SYN has no acknowledgement yet, a receive window
/// and flags, and is padded to a full packet (section 3.1.5.1.1).
#[inline(always)]
pub(super) fn recognise_datagram(payload: &Payload) -> Option<Identification> {
    const SYN: u16 = 1;
    (payload.be_u32(0) == u32::MAX
        && payload.be_u16(6) & SYN != 0
        && payload.octet(6) & 0xe0 == 0
        && payload.be_u16(4) != 0
        && (1132..=1232).contains(&payload.length()))
    .then_some(Identification::confirmed(Application::Rdp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A request for TLS or CredSSP.
    const REQUEST: [u8; 19] = [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0];

    #[test]
    fn a_request_and_its_answer_are_confirmed() {
        assert_eq!(stream(&REQUEST), confirmed(Application::Rdp));
        no_prefix_is_confirmed(&REQUEST, stream);
        let mut answer = REQUEST;
        (answer[5], answer[11]) = (0xd0, 2);
        assert_eq!(stream(&answer), confirmed(Application::Rdp));
    }

    #[test]
    fn a_request_for_nothing_is_likely_and_one_for_an_access_point_is_not() {
        let plain = [3, 0, 0, 11, 6, 0xe0, 0, 0, 0, 0, 0];
        assert_eq!(stream(&plain), likely(Application::Rdp));
        assert_eq!(stream(&plain[..10]), unknown());
        let empty = [3, 0, 0, 13, 8, 0xe0, 0, 0, 0, 0, 0, 0x0d, 0x0a];
        assert_eq!(stream(&empty), likely(Application::Rdp));
        assert_eq!(stream(&[3, 0, 0, 11, 6, 0xe0, 0, 0, 0, 1, 0]), unknown());
        let access_point = [3, 0, 0, 15, 10, 0xe0, 0, 0, 0, 1, 0, 0xc2, 2, 1, 2];
        assert_eq!(stream(&access_point), unknown());
    }

    #[test]
    fn a_syn_over_udp_fills_a_packet() {
        let mut syn = [0; 1232];
        syn[..8].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 64, 0, 1]);
        assert_eq!(datagram(&syn), confirmed(Application::Rdp));
        assert_ne!(datagram(&syn[..1131]).application, Application::Rdp);
        syn[7] = 0;
        assert_ne!(datagram(&syn).application, Application::Rdp);
    }

    #[test]
    fn other_users_of_tpkt_are_refused() {
        for (at, octet) in [(1, 1), (3, 20), (4, 13), (5, 0xf0), (6, 1), (11, 4), (13, 9)] {
            let mut near_miss = REQUEST;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Rdp, "{at}");
        }
    }
}
