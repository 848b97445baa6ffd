//! Post Office Protocol version 3 (RFC 1939 section 3, RFC 2449).

use super::{Application, Identification, text};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    // Redis and others say `+OK` too, but nothing behind it.
    if payload.has(0, b"+OK ") {
        let names_itself = text::has_anywhere(payload, *b"pop", None);
        return Some(Identification::marked(Application::Pop3, names_itself));
    }
    let is_command = payload.has(0, b"CAPA\r\n") || payload.has(0, b"APOP ");
    is_command.then_some(Identification::likely(Application::Pop3))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_greeting_that_names_itself_is_confirmed() {
        assert_eq!(stream(b"+OK POP3 server ready\r\n"), confirmed(Application::Pop3));
        prefixes_agree(b"+OK POP3 server ready\r\n", stream);
        assert_eq!(stream(b"+OK ready\r\n"), likely(Application::Pop3));
        assert_eq!(stream(b"CAPA\r\n"), likely(Application::Pop3));
        assert_eq!(stream(b"+OK\r\n"), unknown());
    }
}
