//! Web services over HTTP (SOAP 1.2 part 2 section 7, media type of RFC 3902): by header fields IHE's
//! transactions (IHE ITI TF-2 appendix V.3: actions in the name space `urn:ihe:`) and, with what
//! their addresses look like, IEEE 11073 SDC's services.

use super::{Application, Identification, text};
use crate::payload::{Payload, WINDOW, WORDS};

/// The word of the window behind the request line in which header fields may begin to be looked for.
const FIELDS: usize = 8;

/// A POST whose content is `application/soap+xml`; its action may be a parameter behind it.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.length() < WINDOW || !text::has_within::<FIELDS, WORDS>(payload, *b"p+x", Some(b'a'))
    {
        return None;
    }
    let application = if is_provider(payload) {
        Application::Sdc
    } else if text::has_within::<FIELDS, WORDS>(payload, *b"ihe", Some(b':')) {
        Application::Ihe
    } else {
        Application::Soap
    };
    Some(Identification::likely(application))
}

/// Whether the path begins with a UUID of 32 digits without hyphens, as common SDC libraries begin
/// the addresses of providers' services and of subscribers. DPWS leaves addresses to the device
/// (DPWS 1.1 section 2.6); other web services for devices, as those of printers, write hyphens.
#[inline(always)]
fn is_provider(payload: &Payload) -> bool {
    payload.octet(5) == b'/'
        && matches!(payload.octet(38), b'/' | b' ')
        && is_hexadecimal(payload.be_u64_at(6))
        && is_hexadecimal(payload.be_u64_at(14))
        && is_hexadecimal(payload.be_u64_at(22))
        && is_hexadecimal(payload.be_u64_at(30))
}

/// Whether each of eight octets is `0` to `9` or `a` to `f`.
#[inline(always)]
fn is_hexadecimal(octets: u64) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const ONES: u64 = 0x0101_0101_0101_0101;
    // High bits of octets that are at least, or at most, a bound.
    let from = |low: u8| (octets | HIGH) - ONES * low as u64;
    let until = |top: u8| ((ONES * top as u64) | HIGH) - (octets & !HIGH);
    let is_digit = from(b'0') & until(b'9');
    let is_letter = from(b'a') & until(b'f');
    octets & HIGH == 0 && (is_digit | is_letter) & HIGH == HIGH
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const SERVICE: &[u8] = b"POST /00112233445566778899aabbccddeeff/Get HTTP/1.1\r\n\
        Host: 10.1.2.3:50001\r\nContent-Type: application/soap+xml; charset=utf-8\r\n\
        Connection: keep-alive\r\nAccept-Encoding: gzip\r\nContent-Length: 489\r\n\r\n";
    const QUERY: &[u8] = b"POST /services/xdsregistryb HTTP/1.1\r\nHost: registry.example\r\n\
        Content-Type: application/soap+xml; action=\"urn:ihe:iti:2007:RegistryStoredQuery\"\r\n\
        User-Agent: Axis2\r\nTransfer-Encoding: chunked\r\n\r\n";

    #[test]
    fn services_are_likely_by_their_content_and_what_else_they_say() {
        assert_eq!(stream(SERVICE), likely(Application::Sdc));
        assert_eq!(stream(QUERY), likely(Application::Ihe));
        let other = b"POST /wsman HTTP/1.1\r\nHost: server.example:5985\r\n\
            User-Agent: x\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n\
            Connection: keep-alive\r\nAccept-Encoding: gzip, deflate\r\nContent-Length: 489\r\n\r\n";
        assert_eq!(stream(other), likely(Application::Soap));
    }

    #[test]
    fn a_service_of_which_less_is_seen_is_plain_http() {
        for octets in [SERVICE, QUERY] {
            for length in 6..octets.len() {
                let found = stream(&octets[..length]);
                let is_less = found == confirmed(Application::Http)
                    || found == likely(Application::Soap)
                    || found == stream(octets);
                assert!(is_less, "the first {length} octets are {found:?}");
            }
        }
    }

    #[test]
    fn other_contents_and_addresses_are_refused() {
        let json = b"POST /00112233445566778899aabbccddeeff/Get HTTP/1.1\r\n\
            Host: 10.1.2.3:50001\r\nContent-Type: application/json; charset=utf-8\r\n\
            Connection: keep-alive\r\nAccept-Encoding: gzip, deflate\r\nContent-Length: 489\r\n\r\n";
        assert_eq!(stream(json), confirmed(Application::Http));
        let mut hyphen = SERVICE.to_vec();
        hyphen[14] = b'-';
        assert_eq!(stream(&hyphen), likely(Application::Soap));
        let mut action = QUERY.to_vec();
        let at = QUERY.windows(4).position(|octets| octets == b":ihe").expect("it is there");
        action[at] = b'.';
        assert_eq!(stream(&action), likely(Application::Soap));
    }
}
