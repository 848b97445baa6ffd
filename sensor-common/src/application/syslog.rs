//! Syslog (RFC 5424 section 6.2.1, RFC 3164 section 4.1), over UDP and TCP.

use super::{Application, Identification};
use crate::payload::Payload;

/// Facilities 0 to 23, eight severities each.
const LARGEST_PRIORITY: u64 = 191;

/// `<`, one to three digits, `>`; then a version and a year, or the name of a month.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let word = payload.be_u64_at(0);
    if word >> 56 != b'<' as u64 {
        return None;
    }
    let digit = |at: u64| (word >> (56 - 8 * at) & 0xff).wrapping_sub(b'0' as u64);
    let (first, second, third) = (digit(1), digit(2), digit(3));
    const END: u64 = (b'>' - b'0') as u64;
    let (priority, behind) = if first >= 10 {
        return None;
    } else if second == END {
        (first, payload.be_u64_at(3))
    } else if second >= 10 {
        return None;
    } else if third == END {
        (first * 10 + second, payload.be_u64_at(4))
    } else if digit(4) == END && third < 10 {
        (first * 100 + second * 10 + third, payload.be_u64_at(5))
    } else {
        return None;
    };
    if priority > LARGEST_PRIORITY {
        return None;
    }
    // `1 2026-`; or `Nov 23 ` with a space for the day's missing digit.
    let is_version_1 = behind >> 40 == u64::from_be_bytes(*b"\0\0\0\0\x001 2");
    let is_date = behind >> 56 & 0xe0 == 0x40
        && behind >> 32 & 0xff == b' ' as u64
        && behind >> 8 & 0xff == b' ' as u64;
    Some(Identification::marked(Application::Syslog, is_version_1 || is_date))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn both_forms_are_confirmed() {
        for octets in [
            &b"<142>Nov 23 13:06:07 vm pumpd: alarm"[..],
            b"<7>Nov  3 13:06:07 vm pumpd: alarm",
            b"<34>1 2026-11-23T13:06:07Z vm pumpd - - - alarm",
        ] {
            assert_eq!(datagram(octets), confirmed(Application::Syslog));
            assert_eq!(stream(octets), confirmed(Application::Syslog));
            prefixes_agree(octets, datagram);
        }
        assert_eq!(datagram(b"<191>pumpd: alarm"), likely(Application::Syslog));
    }

    #[test]
    fn other_priorities_are_refused() {
        for octets in [&b"<192>pumpd"[..], b"<1234>pumpd", b"<a>pumpd", b"<>pumpd", b"<1a>pumpd"] {
            assert_eq!(datagram(octets), unknown());
        }
    }
}
