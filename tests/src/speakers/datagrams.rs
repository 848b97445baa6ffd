//! UDP servers and clients: one datagram, one answer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::call::Spoken;
use super::shift::{GLANCE, Shift};
use super::streams::is_readable_within;

/// How a server answers one datagram; `None` is silence.
pub type Reply = fn(&[u8]) -> Option<Vec<u8>>;

const PATIENCE: Duration = Duration::from_secs(2);
const LARGEST_DATAGRAM: usize = 65_536;

/// A bound server that has not yet begun its shift.
#[derive(Debug)]
pub struct Letterbox {
    socket: UdpSocket,
    reply: Reply,
}

impl Letterbox {
    pub fn open(address: SocketAddr, reply: Reply) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, reply })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    pub fn serve(self, shift: &Shift) {
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        while !shift.is_over() {
            if !is_readable_within(&self.socket, GLANCE) {
                continue;
            }
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else {
                continue;
            };
            if let Some(reply) = (self.reply)(&buffer[..length]) {
                drop(self.socket.send_to(&reply, from));
            }
        }
    }
}

fn unspecified_like(peer: SocketAddr) -> SocketAddr {
    match peer.ip() {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        IpAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Sends one datagram and waits for its answer.
pub fn ask(server: SocketAddr, question: &[u8]) -> io::Result<(Vec<u8>, Spoken)> {
    let socket = UdpSocket::bind(unspecified_like(server))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(server)?;
    socket.send(question)?;
    let mut answer = vec![0; LARGEST_DATAGRAM];
    let length = socket.recv(&mut answer)?;
    answer.truncate(length);
    Ok((answer, Spoken { said_octets: question.len() as u64, heard_octets: length as u64 }))
}

/// Sends one datagram that nobody answers.
pub fn tell(listener: SocketAddr, message: &[u8]) -> io::Result<Spoken> {
    let socket = UdpSocket::bind(unspecified_like(listener))?;
    socket.send_to(message, listener)?;
    Ok(Spoken { said_octets: message.len() as u64, heard_octets: 0 })
}

/// Sends one datagram to a multicast group, from the group's own port as
/// multicast DNS and BACnet do, out of the interface that has `own_address`.
pub fn announce(
    own_address: Ipv4Addr,
    own_port: u16,
    group: Ipv4Addr,
    port: u16,
    message: &[u8],
) -> io::Result<Spoken> {
    let socket = UdpSocket::bind((own_address, own_port))?;
    socket.set_multicast_ttl_v4(2)?;
    socket.send_to(message, (group, port))?;
    Ok(Spoken { said_octets: message.len() as u64, heard_octets: 0 })
}
