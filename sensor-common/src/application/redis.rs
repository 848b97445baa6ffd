//! Redis serialization protocol (RESP specification, "Sending commands to a Redis server"): an
//! array of bulk strings.

use super::{Application, Identification};
use crate::payload::Payload;

const CRLF: u64 = 0x0d0a;

/// `*`, the number of strings, CR LF; then `$`, the length of the first, CR LF and a letter. Both
/// numbers have one or two digits in what clients begin with.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let first = payload.be_u64_at(0);
    let second = if payload.be_u16(2) as u64 == CRLF {
        payload.be_u64_at(4)
    } else if payload.be_u16(3) as u64 == CRLF && is_digit(first >> 40) {
        payload.be_u64_at(5)
    } else {
        return None;
    };
    if first >> 56 != b'*' as u64 || !is_digit(first >> 48) || second >> 56 != b'$' as u64 {
        return None;
    }
    let is_short = second >> 32 & 0xffff == CRLF;
    let is_long = second >> 24 & 0xffff == CRLF && is_digit(second >> 40);
    let letter = if is_short { second >> 24 } else { second >> 16 };
    (is_digit(second >> 48) && (is_short || is_long) && (letter & 0x5f).wrapping_sub(0x41) < 26)
        .then_some(Identification::confirmed(Application::Redis))
}

/// The answer to PING, by which clients keep a connection.
#[inline(always)]
pub(super) fn recognise_answer(payload: &Payload) -> Option<Identification> {
    (payload.has(0, b"+PONG\r\n") && payload.length() == 7)
        .then_some(Identification::likely(Application::Redis))
}

#[inline(always)]
fn is_digit(octet: u64) -> bool {
    (octet & 0xff).wrapping_sub(b'0' as u64) < 10
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_command_is_confirmed() {
        let ping = b"*1\r\n$4\r\nPING\r\n";
        assert_eq!(stream(ping), confirmed(Application::Redis));
        no_prefix_is_confirmed(&ping[..9], stream);
        prefixes_agree(ping, stream);
        assert_eq!(stream(b"*12\r\n$10\r\nHINCRBYFLO\r\n"), confirmed(Application::Redis));
        assert_eq!(stream(b"+PONG\r\n"), likely(Application::Redis));
    }

    #[test]
    fn other_types_and_numbers_are_refused() {
        for octets in [
            &b"*x\r\n$4\r\nPING\r\n"[..],
            b"*1\r\n+4\r\nPING\r\n",
            b"*1\n\r$4\r\nPING\r\n",
            b"*1\r\n$4\r\n1234\r\n",
            b"+PONG\r\n\r\n",
        ] {
            assert_ne!(stream(octets).application, Application::Redis);
        }
    }
}
