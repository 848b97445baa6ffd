//! Remote Authentication Dial In User Service (RFC 2865 section 3, RFC 2866, RFC 5176).

use super::{Application, Context, Identification};
use crate::payload::Payload;

const HEADER: usize = 20;
const ACCESS_REJECT: u8 = 3;
/// Access and accounting, challenge and status, disconnect and change of authorisation.
const CODES: u64 = 0b11_1110 | 1 << 11 | 1 << 12 | 1 << 13 | 0b11_1111 << 40;

/// Code, identifier, length, authenticator, attributes of type, length and value.
#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let code = payload.octet(0);
    let length = payload.be_u16(2) as usize;
    if code > 45 || CODES >> (code & 0x3f) & 1 == 0 || length != payload.length() {
        return None;
    }
    let attribute = payload.octet(21) as usize;
    let has_attribute = length > HEADER + 2
        && payload.octet(20) != 0
        && attribute >= 2
        && HEADER + attribute <= length;
    if !(HEADER..=4096).contains(&length) || !has_attribute && length != HEADER {
        return None;
    }
    // A response's first attribute: reply and error texts, state, class, vendor's, timeouts, proxy,
    // EAP (RFC 2865 section 5.44, RFC 3579). Without any, nothing but the length is left.
    const IN_REJECT: u64 = 1 << 18 | 1 << 24 | 1 << 26 | 1 << 33;
    let kind = payload.octet(20);
    let is_usual = code != ACCESS_REJECT
        || (kind < 64 && IN_REJECT >> kind & 1 != 0)
        || matches!(kind, 79 | 80 | 101);
    // X.224 data in TPKT (RFC 1006 section 6) begins as a refusal does.
    let is_tpkt = payload.be_u16(0) == 0x0300 && payload.be_u24(4) == 0x02_f080;
    let on_port = context.has_port(1812) || context.has_port(1813) || context.has_port(3799);
    Some(Identification::marked(
        Application::Radius,
        on_port && has_attribute && is_usual && !is_tpkt,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    fn request() -> [u8; 26] {
        let mut octets = [7; 26];
        octets[..4].copy_from_slice(&[1, 9, 0, 26]);
        octets[20..].copy_from_slice(b"\x04\x06\x0a\x01\x02\x03");
        octets
    }

    fn on_port(octets: &[u8]) -> Identification {
        spoken(protocol::UDP, [50_001, 1812], octets)
    }

    #[test]
    fn a_request_is_confirmed_on_its_port_and_likely_elsewhere() {
        assert_eq!(on_port(&request()), confirmed(Application::Radius));
        assert_eq!(datagram(&request()), likely(Application::Radius));
        no_prefix_is_confirmed(&request(), on_port);
    }

    #[test]
    fn other_codes_lengths_and_attributes_are_refused() {
        for (at, octet) in [(0, 6), (0, 46), (3, 25), (20, 0), (21, 1), (21, 7)] {
            let mut near_miss = request();
            near_miss[at] = octet;
            assert_ne!(on_port(&near_miss).application, Application::Radius, "{at}");
        }
    }

    #[test]
    fn a_packet_without_attributes_is_likely_on_its_port() {
        let mut bare = [7; 20];
        bare[..4].copy_from_slice(&[2, 9, 0, 20]);
        assert_eq!(on_port(&bare), likely(Application::Radius));
    }

    /// So that what begins with 3, 0 and a length, as TPKT does, is not taken for a refusal.
    #[test]
    fn a_refusal_has_an_attribute_that_refusals_have() {
        let mut refusal = request();
        refusal[0] = 3;
        assert_eq!(on_port(&refusal), likely(Application::Radius));
        refusal[20] = 18;
        assert_eq!(on_port(&refusal), confirmed(Application::Radius));
        refusal[1] = 0;
        refusal[4..7].copy_from_slice(&[2, 0xf0, 0x80]);
        assert_eq!(on_port(&refusal), likely(Application::Radius));
    }
}
