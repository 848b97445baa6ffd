//! SSH identification strings and key exchange proposals (RFC 4253 sections
//! 4.2, 6 and 7.1).

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken, line};
use crate::frames::SeededRandom;

pub const CLIENT_BANNER: &str = "SSH-2.0-OpenSSH_9.2p1\r\n";
pub const SERVER_BANNER: &str = "SSH-2.0-OpenSSH_7.4\r\n";

const NAME_LISTS: [&str; 10] = [
    "curve25519-sha256,ecdh-sha2-nistp256",
    "ssh-ed25519,rsa-sha2-512",
    "aes256-gcm@openssh.com,aes128-ctr",
    "aes256-gcm@openssh.com,aes128-ctr",
    "hmac-sha2-256",
    "hmac-sha2-256",
    "none",
    "none",
    "",
    "",
];

/// The SSH_MSG_KEXINIT packet.
pub fn ssh_key_exchange_proposal(seed: u64) -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend(SeededRandom::new(seed).octets(16));
    for list in NAME_LISTS {
        payload.extend((list.len() as u32).to_be_bytes());
        payload.extend_from_slice(list.as_bytes());
    }
    payload.extend([0; 5]);
    // At least 4 octets of padding, whole packet a multiple of 8.
    let padding = 4 + (8 - (5 + payload.len() + 4) % 8) % 8;
    let mut packet = ((1 + payload.len() + padding) as u32).to_be_bytes().to_vec();
    packet.push(padding as u8);
    packet.extend(payload);
    packet.resize(packet.len() + padding, 0);
    packet
}

fn packet_length(heard: &[u8]) -> Option<usize> {
    Some(4 + u32::from_be_bytes(heard.get(..4)?.try_into().ok()?) as usize)
}

/// The server's side: its banner and its proposal.
pub fn answer(call: &mut Call) -> io::Result<()> {
    call.say(SERVER_BANNER.as_bytes())?;
    call.expect_answer(line)?;
    call.say(&ssh_key_exchange_proposal(2))?;
    call.expect_answer(packet_length)?;
    Ok(())
}

/// Opens a connection up to the key exchange.
pub fn knock(server: SocketAddr) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    call.say(CLIENT_BANNER.as_bytes())?;
    call.expect_answer(line)?;
    call.say(&ssh_key_exchange_proposal(1))?;
    call.expect_answer(packet_length)?;
    call.hang_up()
}
