//! SMB version 1 negotiation (MS-CIFS sections 2.2.3.1 and 2.2.4.52): what old
//! modalities still speak.

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken};
use super::smb2::{session_length, session_message};

const NEGOTIATE: u8 = 0x72;

pub(crate) fn header(command: u8, is_reply: bool) -> Vec<u8> {
    let mut header = vec![0xff, b'S', b'M', b'B', command, 0, 0, 0, 0];
    header.push(if is_reply { 0x98 } else { 0x18 });
    header.extend([0x53, 0xc8]);
    header.extend([0; 12]);
    header.extend([0, 0, 0xfe, 0xff, 0, 0, 0, 0]);
    header
}

pub fn smb1_negotiate_request() -> Vec<u8> {
    negotiate_request(b"\x02LANMAN1.0\0\x02LM1.2X002\0\x02NT LM 0.12\0")
}

/// An offer of later versions too, which a server that has them answers in version 2 (MS-SMB2
/// section 3.2.4.2.2.1).
pub fn multi_protocol_negotiate_request() -> Vec<u8> {
    negotiate_request(b"\x02NT LM 0.12\0\x02SMB 2.002\0\x02SMB 2.???\0")
}

fn negotiate_request(dialects: &[u8]) -> Vec<u8> {
    let mut message = header(NEGOTIATE, false);
    message.push(0);
    message.extend((dialects.len() as u16).to_le_bytes());
    message.extend_from_slice(dialects);
    session_message(&message)
}

/// Dialect 2 ("NT LM 0.12"), extended security off, an 8-octet challenge.
pub fn smb1_negotiate_response() -> Vec<u8> {
    let mut message = header(NEGOTIATE, true);
    message.push(17);
    message.extend(2_u16.to_le_bytes());
    message.push(3);
    message.extend(50_u16.to_le_bytes());
    message.extend(1_u16.to_le_bytes());
    message.extend(16_644_u32.to_le_bytes());
    message.extend(65_536_u32.to_le_bytes());
    message.extend(0_u32.to_le_bytes());
    message.extend(0x0000_e3fd_u32.to_le_bytes());
    message.extend([0; 8]);
    message.extend(0_u16.to_le_bytes());
    message.push(8);
    let content = b"CHALLENGW\0A\0R\0D\0\0\0";
    message.extend((content.len() as u16).to_le_bytes());
    message.extend_from_slice(content);
    session_message(&message)
}

/// The server's side, for one negotiation.
pub fn answer(call: &mut Call) -> io::Result<()> {
    while call.hear(session_length)?.is_some() {
        call.say(&smb1_negotiate_response())?;
    }
    Ok(())
}

pub fn negotiate(server: SocketAddr) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    call.say(&smb1_negotiate_request())?;
    call.expect_answer(session_length)?;
    call.hang_up()
}
