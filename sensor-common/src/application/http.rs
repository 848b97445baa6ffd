//! HTTP/1.x (RFC 9112): request line or status line; HTTP/2 by its preface (RFC 9113 section 3.4).
//! What is spoken over it, where the path says so: FHIR, DICOMweb, printing; where header fields say
//! so: web services.

use super::{Application, Identification, soap};
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
        if let Some(identification) = soap::recognise(payload) {
            return Some(identification);
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
    }

    #[test]
    fn near_misses_are_plain_requests_or_nothing() {
        assert_eq!(stream(b"GET x"), unknown());
        assert_eq!(stream(b"GETS /"), unknown());
        assert_eq!(stream(b"HTTP/2 200"), unknown());
    }
}
