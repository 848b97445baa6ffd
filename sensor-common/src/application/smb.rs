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
