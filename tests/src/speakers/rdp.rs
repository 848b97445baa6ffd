//! Remote desktop negotiation (MS-RDPBCGR section 2.2.1.1 and 2.2.1.2): TPKT
//! and COTP connection request and confirm, then TLS.

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken};
use super::tls::{self, TlsVersion};

/// TPKT header (RFC 1006 section 6) around a COTP TPDU and what follows it.
pub(crate) fn tpkt(content: &[u8]) -> Vec<u8> {
    let mut packet = vec![3, 0];
    packet.extend((content.len() as u16 + 4).to_be_bytes());
    packet.extend_from_slice(content);
    packet
}

pub(crate) fn cotp(kind: u8, source: u16, user_data: &[u8]) -> Vec<u8> {
    let mut tpdu = vec![6 + user_data.len() as u8, kind, 0, 0];
    tpdu.extend(source.to_be_bytes());
    tpdu.push(0);
    tpdu.extend_from_slice(user_data);
    tpdu
}

/// Asks for TLS or network-level authentication; the cookie names a user.
pub fn rdp_connection_request() -> Vec<u8> {
    let negotiation = [1, 0, 8, 0, 3, 0, 0, 0];
    let user_data = [b"Cookie: mstshash=canary\r\n".as_slice(), &negotiation].concat();
    tpkt(&cotp(0xe0, 0, &user_data))
}

/// TLS is selected.
pub fn rdp_connection_confirm() -> Vec<u8> {
    tpkt(&cotp(0xd0, 0x1234, &[2, 0x1f, 8, 0, 1, 0, 0, 0]))
}

fn packet_length(heard: &[u8]) -> Option<usize> {
    Some(usize::from(u16::from_be_bytes([*heard.get(2)?, *heard.get(3)?])))
}

/// The desktop's side.
pub fn answer(call: &mut Call) -> io::Result<()> {
    if call.hear(packet_length)?.is_none() {
        return Ok(());
    }
    call.say(&rdp_connection_confirm())?;
    tls::answer(call)
}

/// Negotiates and moves to TLS.
pub fn connect(server: SocketAddr) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    call.say(&rdp_connection_request())?;
    call.expect_answer(packet_length)?;
    tls::exchange_on(call, "desktop.hospital.example", TlsVersion::V1_2, 3)
}
