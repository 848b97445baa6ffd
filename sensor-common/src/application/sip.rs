//! Session Initiation Protocol (RFC 3261 section 7), over UDP and TCP.

use super::{Application, Identification};
use crate::payload::Payload;

/// A status line, or a method of the registry and a `sip:`, `sips:` or `tel:` URI.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.has(0, b"SIP/2.0 ") {
        return Some(Identification::confirmed(Application::Sip));
    }
    let uri = if payload.has(0, b"ACK ") || payload.has(0, b"BYE ") {
        payload.be_u32(4)
    } else if payload.has(0, b"INFO ") {
        payload.be_u32(5)
    } else if payload.has(0, b"PRACK ") || payload.has(0, b"REFER ") {
        payload.be_u32(6)
    } else if payload.has(0, b"INVITE ")
        || payload.has(0, b"CANCEL ")
        || payload.has(0, b"NOTIFY ")
        || payload.has(0, b"UPDATE ")
    {
        payload.be_u32(7)
    } else if payload.has(0, b"OPTIONS ")
        || payload.has(0, b"PUBLISH ")
        || payload.has(0, b"MESSAGE ")
    {
        payload.be_u32(8)
    } else if payload.has(0, b"REGISTER") {
        payload.be_u32(9)
    } else if payload.has(0, b"SUBSCRIB") {
        payload.be_u32(10)
    } else {
        return None;
    };
    const SIP: u32 = u32::from_be_bytes(*b"sip:");
    const SIPS: u32 = u32::from_be_bytes(*b"sips");
    const TEL: u32 = u32::from_be_bytes(*b"tel:");
    let small = uri | 0x2020_2020;
    (small == SIP | 0x20 || small == SIPS || small == TEL | 0x20)
        .then_some(Identification::confirmed(Application::Sip))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn requests_and_answers_are_confirmed_over_both_transports() {
        for octets in [
            &b"SIP/2.0 200 OK\r\n"[..],
            b"REGISTER sip:ward.example SIP/2.0\r\n",
            b"OPTIONS sip:ward.example SIP/2.0\r\n",
            b"INVITE tel:+4312345 SIP/2.0\r\n",
            b"SUBSCRIBE sips:ward.example SIP/2.0\r\n",
        ] {
            assert_eq!(datagram(octets), confirmed(Application::Sip));
            assert_eq!(stream(octets), confirmed(Application::Sip));
            prefixes_agree(octets, datagram);
        }
    }

    #[test]
    fn other_uris_are_refused() {
        assert_eq!(datagram(b"INVITE http://ward.example"), unknown());
        assert_eq!(datagram(b"INVITES sip:ward.example"), unknown());
        assert_ne!(stream(b"OPTIONS * HTTP/1.1\r\n").application, Application::Sip);
    }
}
