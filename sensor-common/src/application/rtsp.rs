//! Real Time Streaming Protocol (RFC 7826 section 20, RFC 2326).

use super::{Application, Identification};
use crate::payload::Payload;

/// A status line, or a method and an `rtsp:`, `rtsps:` or `rtspu:` URI (`*` in OPTIONS is HTTP's
/// too).
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.has(0, b"RTSP/1.0") || payload.has(0, b"RTSP/2.0") {
        return Some(Identification::confirmed(Application::Rtsp));
    }
    let uri = if payload.has(0, b"PLAY ") {
        payload.be_u32(5)
    } else if payload.has(0, b"SETUP ") || payload.has(0, b"PAUSE ") {
        payload.be_u32(6)
    } else if payload.has(0, b"RECORD ") {
        payload.be_u32(7)
    } else if payload.has(0, b"OPTIONS ") {
        payload.be_u32(8)
    } else if payload.has(0, b"DESCRIBE")
        || payload.has(0, b"ANNOUNCE")
        || payload.has(0, b"TEARDOWN")
    {
        payload.be_u32(9)
    } else if payload.has(0, b"GET_PARA") || payload.has(0, b"SET_PARA") {
        payload.be_u32(14)
    } else {
        return None;
    };
    (uri | 0x2020_2020 == u32::from_be_bytes(*b"rtsp"))
        .then_some(Identification::confirmed(Application::Rtsp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn requests_and_answers_are_confirmed() {
        for octets in [
            &b"RTSP/1.0 200 OK\r\n"[..],
            b"SETUP rtsp://camera.example/1 RTSP/1.0\r\n",
            b"OPTIONS rtsp://camera.example/1 RTSP/1.0\r\n",
            b"GET_PARAMETER rtsp://camera.example/1 RTSP/1.0\r\n",
        ] {
            assert_eq!(stream(octets), confirmed(Application::Rtsp));
            prefixes_agree(octets, stream);
        }
    }

    #[test]
    fn other_uris_are_refused() {
        assert_eq!(stream(b"SETUP http://camera.example"), unknown());
        assert_ne!(stream(b"OPTIONS * HTTP/1.1\r\n").application, Application::Rtsp);
    }
}
