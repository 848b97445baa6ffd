//! Messages in a connection, counted (RFC 6587, section 3.4.1), plain or in TLS (RFC 5425).

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpStream},
    os::fd::AsRawFd as _,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use super::{at_least_a_moment, first, resolve};

/// Whether a connection is encrypted, and for whom.
#[derive(Clone, Debug)]
pub enum Security {
    Plain,
    Tls { config: Arc<ClientConfig>, name: ServerName<'static> },
}

#[derive(Debug)]
pub struct Stream {
    receiver: String,
    timeout: Duration,
    security: Security,
}

impl Stream {
    pub const fn new(receiver: String, timeout: Duration, security: Security) -> Self {
        Self { receiver, timeout, security }
    }

    /// Sends octets over a connection of their own and waits until they are read.
    ///
    /// # Errors
    ///
    /// Nothing, or not all, may have arrived.
    pub fn send(&self, octets: &[u8]) -> io::Result<()> {
        let timeout = at_least_a_moment(self.timeout);
        let connect = |address: &_| TcpStream::connect_timeout(address, timeout);
        let connection = first(&resolve(&self.receiver)?, connect)?;
        connection.set_nodelay(true)?;
        connection.set_read_timeout(Some(timeout))?;
        connection.set_write_timeout(Some(timeout))?;
        match &self.security {
            Security::Plain => {
                let mut connection = connection;
                connection.write_all(octets)?;
                connection.shutdown(Shutdown::Write)?;
                let end = await_end(&mut connection, timeout);
                judge(end, &connection)
            }
            Security::Tls { config, name } => {
                let session = ClientConnection::new(Arc::clone(config), name.clone())
                    .map_err(io::Error::other)?;
                let mut stream = StreamOwned::new(session, connection);
                if let Err(error) = write_last(&mut stream, octets) {
                    // The other side may have said why.
                    return Err(stream.read(&mut [0; 1]).err().unwrap_or(error));
                }
                let end = await_end(&mut stream, timeout);
                judge(end, &stream.sock)
            }
        }
    }
}

/// Writes everything, and that this was all.
fn write_last(
    stream: &mut StreamOwned<ClientConnection, TcpStream>,
    octets: &[u8],
) -> io::Result<()> {
    stream.write_all(octets)?;
    stream.flush()?;
    stream.conn.send_close_notify();
    stream.flush()?;
    stream.sock.shutdown(Shutdown::Write)
}

/// Reads, and forgets, whatever comes until the receiver closes its side.
fn await_end(connection: &mut impl Read, timeout: Duration) -> io::Result<()> {
    let began = Instant::now();
    let mut forgotten = [0; 1024];
    loop {
        match connection.read(&mut forgotten) {
            Ok(0) => return Ok(()),
            Ok(_) if began.elapsed() < timeout => {}
            Ok(_) => return Err(ErrorKind::TimedOut.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Closed without TLS's own farewell: it has read all there was, or there would be a
            // reset.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// A receiver that keeps its side open has to have acknowledged everything, at least.
fn judge(end: io::Result<()>, connection: &TcpStream) -> io::Result<()> {
    match end {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            match unacknowledged(connection)? {
                0 => Ok(()),
                octets => {
                    let message = format!("{octets} octets were not acknowledged in time");
                    Err(io::Error::new(ErrorKind::TimedOut, message))
                }
            }
        }
        end => end,
    }
}

/// Octets that the receiver's kernel has not acknowledged (`SIOCOUTQ`, tcp(7)).
#[expect(unsafe_code, reason = "the request has no safe form")]
fn unacknowledged(connection: &TcpStream) -> io::Result<i32> {
    let mut octets: libc::c_int = 0;
    // SAFETY: the descriptor is open for as long as `connection` is borrowed, and the request
    // writes one `int`, to which the pointer points.
    let result = unsafe { libc::ioctl(connection.as_raw_fd(), libc::TIOCOUTQ, &raw mut octets) };
    if result == 0 { Ok(octets) } else { Err(io::Error::last_os_error()) }
}
