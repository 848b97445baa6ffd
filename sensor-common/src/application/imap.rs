//! Internet Message Access Protocol (RFC 9051 section 7.1, section 6): the server's greeting, or a
//! client's first commands.

use super::{Application, Identification};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let is_greeting =
        payload.has(0, b"* OK ") || payload.has(0, b"* PREAUT") || payload.has(0, b"* CAPABI");
    if is_greeting {
        return Some(Identification::confirmed(Application::Imap));
    }
    // After a tag of one to six characters.
    let is_command = is_command::<1>(payload)
        || is_command::<2>(payload)
        || is_command::<3>(payload)
        || is_command::<4>(payload)
        || is_command::<5>(payload)
        || is_command::<6>(payload);
    is_command.then_some(Identification::likely(Application::Imap))
}

#[inline(always)]
fn is_command<const AT: usize>(payload: &Payload) -> bool {
    payload.has(AT, b" CAPABIL") || payload.has(AT, b" LOGIN ") || payload.has(AT, b" STARTTL")
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn greetings_are_confirmed_and_commands_likely() {
        assert_eq!(stream(b"* OK IMAP4rev1 ready\r\n"), confirmed(Application::Imap));
        prefixes_agree(b"* OK IMAP4rev1 ready\r\n", stream);
        assert_eq!(stream(b"a001 CAPABILITY\r\n"), likely(Application::Imap));
        assert_eq!(stream(b"1 LOGIN ward secret\r\n"), likely(Application::Imap));
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(stream(b"* NO\r\n"), unknown());
        assert_eq!(stream(b"a001 CAPABLE\r\n"), unknown());
        assert_eq!(stream(b"LOGIN ward\r\n"), unknown());
    }
}
