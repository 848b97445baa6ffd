//! HTTP/1.x (RFC 9112): request line or status line; HTTP/2 by its preface (RFC 9113 section 3.4).
//! What is spoken over it, where the path says so: FHIR, DICOMweb, printing, IEEE 11073 SDC.

use super::{Application, Identification};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.has(0, b"HTTP/1.") || payload.has(0, b"PRI * HT") {
        return Some(Identification::confirmed(Application::Http));
    }
    // A method of RFC 9110 section 9 (or PATCH, RFC 5789), one space, then a request target in
    // origin, absolute or asterisk form.
    let target = if payload.has(0, b"GET ") || payload.has(0, b"PUT ") {
        payload.be_u64_at(4)
    } else if payload.has(0, b"POST ") {
        if is_provider(payload) {
            return Some(Identification::likely(Application::Sdc));
        }
        payload.be_u64_at(5)
    } else if payload.has(0, b"HEAD ") {
        payload.be_u64_at(5)
    } else if payload.has(0, b"PATCH ") || payload.has(0, b"TRACE ") {
        payload.be_u64_at(6)
    } else if payload.has(0, b"DELETE ") {
        payload.be_u64_at(7)
    } else if payload.has(0, b"OPTIONS ") {
        payload.be_u64_at(8)
    } else if payload.has(0, b"CONNECT ") {
        // A host and a port.
        return Some(Identification::confirmed(Application::Http));
    } else {
        return None;
    };
    by_path(target)
}

/// Paths that servers of an application have by convention; the names are case-sensitive.
#[inline(always)]
fn by_path(target: u64) -> Option<Identification> {
    const FHIR: u64 = u64::from_be_bytes(*b"\0\0\0/fhir");
    const DICOM_WEB: u64 = u64::from_be_bytes(*b"/dicom-w");
    const DICOMWEB: u64 = u64::from_be_bytes(*b"/dicomwe");
    const WADO: u64 = u64::from_be_bytes(*b"\0\0\0/wado");
    const IPP: u64 = u64::from_be_bytes(*b"\0\0\0/ipp/");
    let beginning = target >> 24;
    Some(if beginning == FHIR {
        Identification::likely(Application::Fhir)
    } else if beginning == WADO || target == DICOM_WEB || target == DICOMWEB {
        Identification::likely(Application::Dicomweb)
    } else if beginning == IPP {
        Identification::likely(Application::Ipp)
    } else if matches!((target >> 56) as u8, b'/' | b'*' | b'h' | b'H') {
        Identification::confirmed(Application::Http)
    } else {
        return None;
    })
}

/// Whether a request goes to a service of an SDC provider or to a subscription's consumer: their
/// addresses (DPWS 1.1 section 2.6) begin with the device's UUID, 32 digits without hyphens, as the
/// common SDC libraries write it. Other web services for devices write it with hyphens.
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

    #[test]
    fn requests_and_status_lines_are_confirmed() {
        for octets in [
            &b"HTTP/1.1 200 OK\r\n"[..],
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET / HTTP/1.1\r\n",
            b"POST /upload HTTP/1.1\r\n",
            b"OPTIONS * HTTP/1.1\r\n",
            b"CONNECT ward.example:443 HTTP/1.1\r\n",
        ] {
            assert_eq!(stream(octets), confirmed(Application::Http));
            prefixes_agree(octets, stream);
        }
    }

    #[test]
    fn what_is_spoken_over_it_is_likely_by_the_path() {
        assert_eq!(stream(b"GET /fhir/Patient HTTP/1.1\r\n"), likely(Application::Fhir));
        assert_eq!(stream(b"GET /dicom-web/studies HTTP/1.1"), likely(Application::Dicomweb));
        assert_eq!(stream(b"GET /wado?requestType=WADO"), likely(Application::Dicomweb));
        assert_eq!(stream(b"POST /ipp/print HTTP/1.1\r\n"), likely(Application::Ipp));
        let service = b"POST /00112233445566778899aabbccddeeff/Get HTTP/1.1\r\n";
        assert_eq!(stream(service), likely(Application::Sdc));
    }

    #[test]
    fn near_misses_are_plain_requests_or_nothing() {
        let hyphens = b"POST /00112233-4455-6677-8899-aabbccddeeff HTTP/1.1\r\n";
        assert_eq!(stream(hyphens), confirmed(Application::Http));
        let letters = b"POST /00112233445566778899aabbccddeefg/Get HTTP/1.1\r\n";
        assert_eq!(stream(letters), confirmed(Application::Http));
        assert_eq!(stream(b"GET x"), unknown());
        assert_eq!(stream(b"GETS /"), unknown());
        assert_eq!(stream(b"HTTP/2 200"), unknown());
    }
}
