//! SMB versions 2 and 3 (MS-SMB2 sections 2.2.1, 2.2.3, 2.2.4 and 2.2.41):
//! negotiation and synthetic encrypted messages.

use std::io;
use std::net::SocketAddr;

use super::ber;
use super::call::{Call, Spoken};
use crate::frames::SeededRandom;

/// NetBIOS session message (RFC 1002 section 4.3.1): zero, 24-bit length.
pub(crate) fn session_message(content: &[u8]) -> Vec<u8> {
    let mut message = (content.len() as u32).to_be_bytes().to_vec();
    message.extend_from_slice(content);
    message
}

/// Framing of SMB over TCP.
pub(super) fn session_length(heard: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(heard.get(..4)?.try_into().ok()?);
    Some(4 + (length & 0x00ff_ffff) as usize)
}

pub(crate) fn header(is_reply: bool) -> Vec<u8> {
    let mut header = vec![0xfe, b'S', b'M', b'B', 64, 0, 0, 0];
    header.extend([0; 4]);
    header.extend([0, 0, 1, 0]);
    header.extend(u32::from(is_reply).to_le_bytes());
    header.extend([0; 4]);
    header.extend([0; 8]);
    header.extend([0xff, 0xfe, 0, 0, 0, 0, 0, 0]);
    header.extend([0; 8]);
    header.extend([0; 16]);
    header
}

/// Dialects 2.0.2 to 3.0.2.
pub fn smb2_negotiate_request() -> Vec<u8> {
    let dialects: [u16; 4] = [0x0202, 0x0210, 0x0300, 0x0302];
    let mut message = header(false);
    message.extend(36_u16.to_le_bytes());
    message.extend((dialects.len() as u16).to_le_bytes());
    message.extend([1, 0, 0, 0]);
    message.extend(0x7f_u32.to_le_bytes());
    message.extend(b"WARDLINE-LAB-PC1");
    message.extend([0; 8]);
    message.extend(dialects.iter().flat_map(|dialect| dialect.to_le_bytes()));
    session_message(&message)
}

/// The security token: SPNEGO (RFC 4178) that offers NTLMSSP.
fn security_token() -> Vec<u8> {
    let mechanism = ber::object_identifier(&[1, 3, 6, 1, 4, 1, 311, 2, 2, 10]);
    let mechanisms = ber::value(0xa0, &ber::sequence(&[mechanism]));
    let initial = ber::value(0xa0, &ber::sequence(&[mechanisms]));
    let identifier = ber::object_identifier(&[1, 3, 6, 1, 5, 5, 2]);
    ber::value(0x60, &[identifier, initial].concat())
}

pub fn smb2_negotiate_response() -> Vec<u8> {
    let token = security_token();
    let mut message = header(true);
    message.extend(65_u16.to_le_bytes());
    message.extend([1, 0]);
    message.extend(0x0302_u16.to_le_bytes());
    message.extend([0, 0]);
    message.extend(b"WARDLINE-LAB-SRV");
    message.extend(0x7f_u32.to_le_bytes());
    for limit in [1_048_576_u32; 3] {
        message.extend(limit.to_le_bytes());
    }
    // 100 ns units since 1601: a fixed moment in 2026.
    message.extend(134_100_000_000_000_000_u64.to_le_bytes());
    message.extend([0; 8]);
    message.extend(128_u16.to_le_bytes());
    message.extend((token.len() as u16).to_le_bytes());
    message.extend([0; 4]);
    message.extend(token);
    session_message(&message)
}

/// A transform message with `octets` octets of synthetic ciphertext.
pub fn smb2_encrypted(seed: u64, octets: usize) -> Vec<u8> {
    let mut random = SeededRandom::new(seed);
    let mut message = vec![0xfd, b'S', b'M', b'B'];
    message.extend(random.octets(32));
    message.extend((octets as u32).to_le_bytes());
    message.extend([0, 0, 1, 0]);
    message.extend(0x4000_0001_u64.to_le_bytes());
    message.extend(random.octets(octets));
    session_message(&message)
}

/// The file server's side: negotiates, then a file's worth for each request.
pub fn answer(call: &mut Call) -> io::Result<()> {
    while let Some(request) = call.hear(session_length)? {
        match request.get(4) {
            Some(0xfe) => call.say(&smb2_negotiate_response())?,
            Some(0xfd) => call.say(&smb2_encrypted(9, 6_000))?,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Ok(())
}

/// Negotiates and reads `files` synthetic files.
pub fn read_files(server: SocketAddr, files: u64) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    call.say(&smb2_negotiate_request())?;
    call.expect_answer(session_length)?;
    for file in 0..files {
        call.say(&smb2_encrypted(file, 120))?;
        call.expect_answer(session_length)?;
    }
    call.hang_up()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_token_stands_where_the_response_says() {
        let response = smb2_negotiate_response();
        let token = security_token();
        assert_eq!(response[4 + 128..4 + 128 + token.len()], token);
        assert_eq!(session_length(&response), Some(response.len()));
    }
}
