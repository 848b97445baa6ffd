//! Server Message Block over TCP (MS-CIFS section 2.2.3.1, MS-SMB2 section 2.1): session header,
//! then the protocol identifier that tells SMBv1 from its successors.

use super::{Application, Identification};
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

/// Octets that may leave the kernel: of messages that negotiate a dialect, nothing of those that
/// name users, shares or files (MS-CIFS section 2.2.4.52, MS-SMB2 sections 2.2.3 and 2.2.4).
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const NEGOTIATE_SMB1: u8 = 0x72;
    const NEGOTIATE_SMB2: u16 = 0;
    const MOST: usize = 512;
    let is_negotiation = match payload.be_u32(4) {
        0xff53_4d42 => payload.octet(8) == NEGOTIATE_SMB1,
        0xfe53_4d42 => payload.le_u16(16) == NEGOTIATE_SMB2,
        _ => false,
    };
    if !is_negotiation || payload.octet(0) != SESSION_MESSAGE {
        return 0;
    }
    let whole = payload.be_u24(1) as usize + 4;
    if whole < MOST { whole } else { MOST }
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

    #[test]
    fn negotiations_may_leave_and_nothing_else() {
        let length = |octets: &[u8]| sample_length(&Payload::from_octets(octets));
        assert_eq!(length(&smb1(0x72)), 51);
        assert_eq!(length(&smb1(0x73)), 0);
        assert_eq!(length(&smb2(0)), 110);
        assert_eq!(length(&smb2(1)), 0);
    }
}
