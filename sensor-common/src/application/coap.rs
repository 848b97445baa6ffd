//! Constrained Application Protocol over UDP (RFC 7252 section 3). Its header is weak, and the token
//! that an answer repeats is not remembered here, so nothing is more than likely.

use super::{Application, Context, Identification, text};
use crate::payload::Payload;

const PORT: u16 = 5683;
const NOT_IN_TOKEN: u64 = 8;
const PAYLOAD_MARKER: u64 = 0xff;
/// Uri-Host and Uri-Path (section 5.10), as the first option of a request.
const URI_HOST: u64 = 3;
const URI_PATH: u64 = 11;

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let first = payload.octet(0);
    let code = payload.octet(1);
    let token = (first & 0xf) as u64;
    // Version 1, a token of at most 8 octets.
    if first & 0xc0 != 0x40 || token > NOT_IN_TOKEN || payload.length() < 4 + token as usize {
        return None;
    }
    // GET to iPATCH in confirmable and other requests; classes 2, 4 and 5 for answers; or empty.
    let is_request = code.wrapping_sub(1) < 7 && first & 0x20 == 0;
    let is_answer = matches!(code >> 5, 2 | 4 | 5) && code & 0x1f < 16 || code == 0x5f;
    let is_empty = code == 0 && payload.length() == 4;
    if !is_request && !is_answer && !is_empty {
        return None;
    }
    // What stands behind the token: an option, or the marker of the payload, or nothing.
    let behind = if token == 8 {
        payload.be_u64_at(12)
    } else {
        payload.be_u64_at(4) << ((token * 8) & 0x3f)
            | payload.be_u64_at(12) >> ((64 - token * 8 - 1) & 0x3f) >> 1
    };
    let number = behind >> 60;
    let size = behind >> 56 & 0xf;
    let is_end = payload.length() == 4 + token as usize;
    let is_option = number != 15 && size != 15 || behind >> 56 == PAYLOAD_MARKER;
    if context.has_port(PORT) {
        return (is_end || is_option).then_some(Identification::likely(Application::Coap));
    }
    // Elsewhere: a request for a path or to a host, of which the first three octets are a name.
    let name = behind << 8 & 0xffff_ff00_0000_0000 | 0x5a_5a5a_5a5a;
    (is_request
        && (number == URI_PATH || number == URI_HOST)
        && size.wrapping_sub(3) <= 10
        && text::is_within::<0x2d, 0x7a>(name)
        && payload.length() > 8 + token as usize)
        .then_some(Identification::likely(Application::Coap))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    const GET: &[u8] = b"\x42\x01\x8a\x3f\x11\x0a\xb6vitals\x04bed1";

    fn on_port(octets: &[u8]) -> Identification {
        spoken(protocol::UDP, [50_001, 5683], octets)
    }

    #[test]
    fn a_request_for_a_path_is_likely_on_any_port() {
        assert_eq!(datagram(GET), likely(Application::Coap));
        prefixes_agree(GET, datagram);
        let with_token_8 = b"\x48\x01\x8a\x3f\x11\x0a\x01\x02\x03\x04\x05\x06\xb6vitals";
        assert_eq!(datagram(with_token_8), likely(Application::Coap));
    }

    #[test]
    fn answers_are_likely_on_the_registered_port_only() {
        assert_eq!(on_port(b"\x62\x45\x8a\x3f\x11\x0a\xff{}"), likely(Application::Coap));
        assert_eq!(on_port(b"\x60\x00\x8a\x3f"), likely(Application::Coap));
        assert_eq!(datagram(b"\x62\x45\x8a\x3f\x11\x0a\xff{}"), unknown());
    }

    #[test]
    fn other_versions_codes_and_options_are_refused() {
        for (at, octet) in [(0, 0x82), (0, 0x49), (1, 0x3f), (1, 0xe1), (6, 0xff), (7, 1)] {
            let mut near_miss = [0; 18];
            near_miss.copy_from_slice(GET);
            near_miss[at] = octet;
            assert_eq!(datagram(&near_miss), unknown(), "{at}");
        }
    }
}
