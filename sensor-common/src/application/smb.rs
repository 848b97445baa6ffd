//! Server Message Block over TCP (MS-CIFS section 2.2.3.1, MS-SMB2 section 2.1): session header,
//! then the protocol identifier that tells SMBv1 from its successors.

use super::{Application, Identification, dcerpc};
use crate::payload::Payload;

/// Direct TCP transport packet or NetBIOS session message (RFC 1002 section 4.3.2).
const SESSION_MESSAGE: u8 = 0;
const SESSION_REQUEST: u8 = 0x81;
const POSITIVE_RESPONSE: u8 = 0x82;
const SMB1_HEADER: u32 = 32;
const SMB2_HEADER: u32 = 64;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.be_u24(1);
    let kind = payload.octet(0);
    if kind == SESSION_MESSAGE {
        // The length may exceed the segment, never fall short of it by a part of a message:
        // messages may follow one another, so only the lower bound is a condition.
        let identifier = payload.be_u32(4);
        if identifier == u32::from_be_bytes(*b"\xffSMB") {
            return (length >= SMB1_HEADER).then_some(Identification::confirmed(Application::Smb1));
        }
        if identifier == u32::from_be_bytes(*b"\xfeSMB") {
            // MS-SMB2 section 2.2.1: the header's own size is 64.
            return (length >= SMB2_HEADER && payload.le_u16(8) == 64)
                .then_some(Identification::confirmed(Application::Smb2));
        }
        if identifier == u32::from_be_bytes(*b"\xfdSMB")
            || identifier == u32::from_be_bytes(*b"\xfcSMB")
        {
            return Some(Identification::likely(Application::Smb2));
        }
        return None;
    }
    // Called and calling NetBIOS names are 34 octets each, the first a length of 32.
    let is_request = kind == SESSION_REQUEST
        && length == 68
        && payload.octet(4) == 32
        && payload.octet(38) == 32;
    let is_response = kind == POSITIVE_RESPONSE && length == 0 && payload.length() == 4;
    (is_request || is_response).then_some(Identification::likely(Application::Smb1))
}

/// Of the first eight octets, those that tell a session message with a clear header, and what they
/// are with either identifier.
const BEGINNING: u64 = 0xff00_0000_feff_ffff;
const CLEAR_HEADER: u64 = 0x0000_0000_fe53_4d42;

/// Whether a segment that begins with these eight octets begins with a message in clear: all that is
/// looked at of the contents of files.
#[inline(always)]
pub(super) const fn begins_like_one(beginning: u64) -> bool {
    beginning & BEGINNING == CLEAR_HEADER
}

const SESSION_HEADER: usize = 4;
/// Octets of a negotiation that may leave.
const NEGOTIATION: usize = 512;

/// Octets that may leave the kernel: a negotiation; of other messages the header, and behind it
/// fields of a fixed place and length, never the buffer that names users, shares or files.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    if payload.octet(0) != SESSION_MESSAGE {
        return 0;
    }
    let most = match payload.be_u32(4) {
        0xff53_4d42 => message_of_version_1(payload),
        0xfe53_4d42 => message_of_version_2(payload),
        _ => 0,
    };
    let whole = payload.be_u24(1) as usize + SESSION_HEADER;
    if whole < most { whole } else { most }
}

/// Header and count of words (MS-CIFS section 2.2.3.2); of transactions the words too, which say how
/// much comes and for which subcommand (sections 2.2.4.33, 34, 46, 47, 62 and 63), and of answers to
/// logins, which say who was let in as a guest (section 2.2.4.53.2).
#[inline(always)]
fn message_of_version_1(payload: &Payload) -> usize {
    const NEGOTIATE: u8 = 0x72;
    const SESSION_SETUP: u8 = 0x73;
    const REPLY: u8 = 0x80;
    const WORDS: usize = SESSION_HEADER + SMB1_HEADER as usize;
    /// Those of NT_TRANSACT, 19 and four of its set-up.
    const MOST_WORDS: u8 = 23;
    let words = payload.octet(WORDS);
    match payload.octet(8) {
        NEGOTIATE => NEGOTIATION,
        0x25 | 0x26 | 0x32 | 0x33 | 0xa0 | 0xa1 if words <= MOST_WORDS => {
            WORDS + 1 + 2 * words as usize
        }
        SESSION_SETUP if payload.octet(13) & REPLY != 0 && words <= MOST_WORDS => {
            WORDS + 1 + 2 * words as usize
        }
        _ => WORDS + 1,
    }
}

/// Requests that open, change or write files, answers to logins and to connections with a share,
/// and refusals of anything: the header (MS-SMB2 section 2.2.1.2) and of CREATE what precedes the
/// place of the name (section 2.2.13), of SET_INFO the class (2.2.39), of WRITE the length (2.2.21),
/// of the answer to a login its flags (2.2.6). What is written to a pipe leaves if it is a bind of
/// DCE/RPC, by WRITE or by the control code for pipes (2.2.31): it says which service is meant.
#[inline(always)]
fn message_of_version_2(payload: &Payload) -> usize {
    const HEADER: usize = SESSION_HEADER + SMB2_HEADER as usize;
    const NEGOTIATE: u16 = 0;
    const SESSION_SETUP: u16 = 1;
    const TREE_CONNECT: u16 = 3;
    const CREATE: u16 = 5;
    const WRITE: u16 = 9;
    const SET_INFO: u16 = 17;
    const CONTROL: u16 = 11;
    const PIPE_TRANSCEIVE: u32 = 0x0011_c017;
    /// Where the buffers of WRITE and IOCTL requests begin.
    const WRITTEN: usize = HEADER + 48;
    const CONTROLLED: usize = HEADER + 56;
    /// The highest two bits of a status (MS-ERREF section 2.3).
    const ERROR: u8 = 0xc0;
    let command = payload.le_u16(16);
    if command == NEGOTIATE {
        return NEGOTIATION;
    }
    if payload.octet(20) & 1 != 0 {
        let is_error = payload.octet(15) & ERROR == ERROR;
        return match command {
            SESSION_SETUP => HEADER + 4,
            TREE_CONNECT => HEADER,
            _ if is_error => HEADER,
            _ => 0,
        };
    }
    match command {
        CREATE => HEADER + 44,
        SET_INFO => HEADER + 4,
        WRITE => match dcerpc::bind_length::<WRITTEN>(payload) {
            0 => HEADER + 8,
            bind => WRITTEN + bind,
        },
        CONTROL if payload.le_u32(HEADER + 4) == PIPE_TRANSCEIVE => {
            match dcerpc::bind_length::<CONTROLLED>(payload) {
                0 => 0,
                bind => CONTROLLED + bind,
            }
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn smb1(command: u8) -> [u8; 51] {
        let mut octets = [0; 51];
        octets[..9].copy_from_slice(b"\0\0\0\x2f\xffSMB\x72");
        octets[8] = command;
        octets
    }

    fn smb2(command: u8) -> [u8; 110] {
        let mut octets = [0; 110];
        octets[..10].copy_from_slice(b"\0\0\0\x6a\xfeSMB\x40\0");
        octets[16] = command;
        octets
    }

    #[test]
    fn both_generations_are_confirmed_and_told_apart() {
        assert_eq!(stream(&smb1(0x72)), confirmed(Application::Smb1));
        assert_eq!(stream(&smb2(0)), confirmed(Application::Smb2));
        prefixes_agree(&smb1(0x72), stream);
        prefixes_agree(&smb2(0), stream);
    }

    #[test]
    fn a_length_too_small_for_the_header_is_refused() {
        let mut short = smb1(0x72);
        short[3] = 31;
        assert_eq!(stream(&short), unknown());
        let mut header = smb2(0);
        header[8] = 63;
        assert_eq!(stream(&header), unknown());
    }

    #[test]
    fn session_requests_are_likely() {
        let mut request = [b'A'; 72];
        request[..5].copy_from_slice(&[0x81, 0, 0, 68, 32]);
        request[38] = 32;
        assert_eq!(stream(&request), likely(Application::Smb1));
        request[38] = 31;
        assert_eq!(stream(&request), unknown());
        assert_eq!(stream(&[0x82, 0, 0, 0]), likely(Application::Smb1));
        assert_eq!(stream(&[0x82, 0, 0, 1]), unknown());
    }

    fn length(octets: &[u8]) -> usize {
        sample_length(&Payload::from_octets(octets))
    }

    #[test]
    fn negotiations_may_leave_whole() {
        assert_eq!(length(&smb1(0x72)), 51);
        assert_eq!(length(&smb2(0)), 110);
    }

    #[test]
    fn of_version_1_headers_leave_and_the_words_of_transactions() {
        let mut message = [0x55; 200];
        message[..9].copy_from_slice(b"\0\0\0\xc4\xffSMB\x73");
        message[13] = 0x18;
        for command in 0..=255 {
            let is_transaction = [0x25, 0x26, 0x32, 0x33, 0xa0, 0xa1].contains(&command);
            for words in [0, 1, 15, 23, 24, 255] {
                (message[8], message[36]) = (command, words);
                let counted = if is_transaction && words < 24 { 2 * words as usize } else { 0 };
                let wanted = if command == 0x72 { 200 } else { 37 + counted };
                assert_eq!(length(&message), wanted, "{command:#x} {words}");
            }
        }
        (message[8], message[36]) = (0x73, 4);
        message[13] = 0x98;
        assert_eq!(length(&message), 45, "an answer to a login");
        // No more than the message, and of what is no message nothing.
        (message[3], message[8]) = (32, 0x73);
        assert_eq!(length(&message), 36);
        message[0] = 0x85;
        assert_eq!(length(&message), 0);
    }

    #[test]
    fn of_version_2_leaves_what_stands_before_names() {
        let mut message = [0x55; 200];
        message[..10].copy_from_slice(b"\0\0\0\xc4\xfeSMB\x40\0");
        message[12..24].fill(0);
        for command in 1..40 {
            message[16] = command;
            (message[20], message[15]) = (0, 0xc0);
            let request = match command {
                5 => 112,
                9 => 76,
                17 => 72,
                _ => 0,
            };
            assert_eq!(length(&message), request, "{command}");
            message[20] = 1;
            let login = if command == 1 { 72 } else { 68 };
            assert_eq!(length(&message), login, "a refusal of {command}");
            // A warning is none.
            message[15] = 0x80;
            let answer = if command == 1 || command == 3 { login } else { 0 };
            assert_eq!(length(&message), answer, "an answer to {command}");
        }
        message[4] = 0xfd;
        assert_eq!(length(&message), 0, "encrypted");
    }

    #[test]
    fn a_bind_to_a_service_leaves_and_a_call_does_not() {
        let ask = |command: u8, at: usize, kind: u8| {
            let mut message = [0; 240];
            message[..10].copy_from_slice(b"\0\0\0\xec\xfeSMB\x40\0");
            message[16] = command;
            message[72..76].copy_from_slice(&[0x17, 0xc0, 0x11, 0]);
            let bind = [5, 0, kind, 3, 0x10, 0, 0, 0, 72, 0, 0, 0, 1, 0, 0, 0];
            message[at..at + 16].copy_from_slice(&bind);
            length(&message)
        };
        assert_eq!((ask(9, 116, 11), ask(9, 116, 0)), (116 + 72, 76));
        assert_eq!((ask(11, 124, 11), ask(11, 124, 0)), (124 + 72, 0));
        assert_eq!((ask(9, 124, 11), ask(11, 116, 11)), (76, 0), "not where the buffer begins");
    }

    #[test]
    fn what_leaves_begins_like_a_message() {
        for (octets, begins) in [
            (b"\0\0\0\x2f\xffSMB", true),
            (b"\0\xff\xff\xff\xfeSMB", true),
            (b"\0\0\0\x2f\xfdSMB", false),
            (b"\x81\0\0\x2f\xffSMB", false),
            (b"\0\0\0\x2f\xffSMC", false),
        ] {
            assert_eq!(begins_like_one(u64::from_be_bytes(*octets)), begins, "{octets:?}");
        }
    }
}
