//! How messages travel.

use std::{
    io::{self, Write as _},
    net::{SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket},
    time::Duration,
};

use crate::config::IpfixTransport;

/// Of connecting, and of sending one message.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub enum Connection {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Connection {
    /// # Errors
    ///
    /// Nobody is there, or the name is not known.
    pub fn open(address: &str, transport: IpfixTransport) -> io::Result<Self> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in address.to_socket_addrs()? {
            match Self::reach(address, transport) {
                Ok(connection) => return Ok(connection),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn reach(address: SocketAddr, transport: IpfixTransport) -> io::Result<Self> {
        match transport {
            IpfixTransport::Udp => {
                let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any)?;
                socket.connect(address)?;
                Ok(Self::Udp(socket))
            }
            IpfixTransport::Tcp => {
                let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(Self::Tcp(stream))
            }
        }
    }

    /// Sends one message.
    ///
    /// # Errors
    ///
    /// The message was not sent, or not whole.
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Udp(socket) => match socket.send(message) {
                // What the other host said of an earlier one; this one was not sent.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    socket.send(message).map(drop)
                }
                sent => sent.map(drop),
            },
            Self::Tcp(stream) => stream.write_all(message),
        }
    }
}
