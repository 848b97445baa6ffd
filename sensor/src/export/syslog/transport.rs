//! How messages get to a syslog receiver, and how far their arrival is confirmed.
//!
//! Syslog has no answers. Over TCP and TLS a connection carries one delivery: it is closed in one
//! direction, and when the receiver closes the other, in order, it has read everything before.
//! What it has not read when it goes, its kernel answers with a reset. Over UDP only a closed port
//! is noticed.

mod datagram;
mod stream;

use std::{
    io,
    net::{SocketAddr, ToSocketAddrs as _},
    time::Duration,
};

pub use datagram::Datagrams;
pub use stream::{Security, Stream};

/// The addresses of a receiver, `host:port`.
fn resolve(receiver: &str) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = receiver.to_socket_addrs()?.collect();
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(addresses)
}

/// The first success, or the last error.
fn first<T>(
    addresses: &[SocketAddr],
    mut attempt: impl FnMut(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        match attempt(address) {
            Ok(done) => return Ok(done),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// No timeout is zero: that would mean none at all.
fn at_least_a_moment(timeout: Duration) -> Duration {
    timeout.max(Duration::from_millis(1))
}
