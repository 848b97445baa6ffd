//! Mail (RFC 5321 section 4) and file transfer (RFC 959 sections 4.1 and 4.2): both answer with
//! three digits and greet with 220, so the text behind it decides, or the client's commands.

use super::{Application, Context, Identification, text};
use crate::payload::Payload;

const SMTP_PORT: u16 = 25;
const SUBMISSION_PORT: u16 = 587;
const FTP_PORT: u16 = 21;
const POP3_PORT: u16 = 110;

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let word = payload.be_u64_at(0);
    if word >> 56 == b'2' as u64 || word >> 56 == b'3' as u64 {
        return reply(payload, context, word);
    }
    command(payload, context, word | text::SMALL)
}

#[inline(always)]
fn reply(payload: &Payload, context: &Context, word: u64) -> Option<Identification> {
    const GREETING: u64 = three(b"220");
    let code = word >> 40;
    // A space, or a hyphen where more lines follow.
    let separator = (word >> 32) as u8;
    if separator != b' ' && separator != b'-' {
        return None;
    }
    if code == GREETING {
        // `SMTP`, `ESMTP`, `LMTP` before `FTP`: neither contains the other.
        if text::has_anywhere(payload, *b"mtp", None) {
            return Some(Identification::confirmed(Application::Smtp));
        }
        if text::has_anywhere(payload, *b"ftp", None) {
            return Some(Identification::confirmed(Application::Ftp));
        }
        if context.source_port == SMTP_PORT || context.source_port == SUBMISSION_PORT {
            return Some(Identification::likely(Application::Smtp));
        }
        return (context.source_port == FTP_PORT)
            .then_some(Identification::likely(Application::Ftp));
    }
    // Need a password; logged in; passive mode; current directory: mail has no such codes.
    let is_ftp = code == three(b"331")
        || code == three(b"230")
        || code == three(b"227")
        || code == three(b"257");
    is_ftp.then_some(Identification::likely(Application::Ftp))
}

const fn three(digits: &[u8; 3]) -> u64 {
    (digits[0] as u64) << 16 | (digits[1] as u64) << 8 | digits[2] as u64
}

/// Commands are read in either case.
#[inline(always)]
fn command(payload: &Payload, context: &Context, small: u64) -> Option<Identification> {
    const EHLO: u64 = u64::from_be_bytes(*b"\0\0\0ehlo ");
    const HELO: u64 = u64::from_be_bytes(*b"\0\0\0helo ");
    const LHLO: u64 = u64::from_be_bytes(*b"\0\0\0lhlo ");
    const MAIL_FROM: u64 = u64::from_be_bytes(*b"mail fro");
    const RCPT_TO: u64 = u64::from_be_bytes(*b"rcpt to:");
    const USER: u64 = u64::from_be_bytes(*b"\0\0\0user ");
    let verb = small >> 24;
    if verb == EHLO || verb == HELO || verb == LHLO || small == MAIL_FROM || small == RCPT_TO {
        return Some(Identification::confirmed(Application::Smtp));
    }
    // Mail asks for TLS in another way; the whole line (RFC 4217 section 4) is the second condition.
    if payload.has(0, b"AUTH TLS") || payload.has(0, b"AUTH SSL") {
        let is_whole = payload.length() == 10 && payload.be_u16(8) == 0x0d0a;
        return Some(Identification::marked(Application::Ftp, is_whole));
    }
    // POP3 has the same command; mostly its server has greeted with `+OK` by then.
    if verb == USER && context.has_port(POP3_PORT) {
        return Some(Identification::likely(Application::Pop3));
    }
    let is_ftp = verb == USER
        || payload.has(0, b"SYST\r\n")
        || payload.has(0, b"PASV\r\n")
        || payload.has(0, b"EPSV\r\n");
    is_ftp.then_some(Identification::likely(Application::Ftp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    #[test]
    fn greetings_are_told_apart_by_their_text() {
        assert_eq!(stream(b"220 mail ESMTP ready\r\n"), confirmed(Application::Smtp));
        assert_eq!(stream(b"220-(vsFTPd 3.0.5)\r\n"), confirmed(Application::Ftp));
        assert_eq!(stream(b"220 ready\r\n"), unknown());
        let on_port = spoken(protocol::TCP, [25, 50_001], b"220 ready\r\n");
        assert_eq!(on_port, likely(Application::Smtp));
        prefixes_agree(b"220 mail ESMTP ready\r\n", stream);
    }

    #[test]
    fn commands_are_told_apart() {
        assert_eq!(stream(b"ehlo ward\r\n"), confirmed(Application::Smtp));
        assert_eq!(stream(b"MAIL FROM:<a@b>\r\n"), confirmed(Application::Smtp));
        assert_eq!(stream(b"USER anonymous\r\n"), likely(Application::Ftp));
        assert_eq!(stream(b"AUTH TLS\r\n"), confirmed(Application::Ftp));
        assert_eq!(stream(b"AUTH PLAIN\r\n").application, Application::Unknown);
        let to_pop3 = spoken(protocol::TCP, [50_001, 110], b"USER ward\r\n");
        assert_eq!(to_pop3, likely(Application::Pop3));
        assert_eq!(stream(b"331 Password\r\n"), likely(Application::Ftp));
    }

    #[test]
    fn codes_and_verbs_of_both_are_refused() {
        for octets in [&b"250 OK\r\n"[..], b"2200 OK\r\n", b"PASS x\r\n", b"EHLOx\r\n", b"220\r\n"]
        {
            assert_eq!(stream(octets), unknown());
        }
    }
}
