//! Messages in datagrams (RFC 5426).

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    time::Duration,
};

use super::{first, resolve};

/// How long a closed port has to say so.
const SILENCE: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub struct Datagrams {
    receiver: String,
}

impl Datagrams {
    pub const fn new(receiver: String) -> Self {
        Self { receiver }
    }

    /// Sends every message and waits for the refusal of a closed port.
    ///
    /// # Errors
    ///
    /// Nothing may have arrived.
    pub fn send(&self, messages: &[String]) -> io::Result<()> {
        first(&resolve(&self.receiver)?, |address| {
            let socket = UdpSocket::bind(any_of(address))?;
            // The kernel gives refusals to connected sockets only.
            socket.connect(address)?;
            for message in messages {
                socket.send(message.as_bytes())?;
            }
            socket.set_read_timeout(Some(SILENCE))?;
            match socket.recv(&mut [0; 1]) {
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    Ok(())
                }
                // Whatever it says, it is there.
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }
}

fn any_of(address: &SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}
