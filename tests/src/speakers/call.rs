//! One side of a TCP conversation that counts what it says and hears.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::ops::AddAssign;
use std::time::Duration;

/// No speaker waits longer than this for the other side.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// A message longer than this is not one of ours.
const LONGEST_MESSAGE: usize = 4 << 20;

/// Application octets said and heard by one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spoken {
    pub said_octets: u64,
    pub heard_octets: u64,
}

impl AddAssign for Spoken {
    fn add_assign(&mut self, other: Self) {
        self.said_octets += other.said_octets;
        self.heard_octets += other.heard_octets;
    }
}

/// Finds the whole length of the message that starts at the first octet, or
/// `None` while too little of it has been heard.
pub type Framing = fn(&[u8]) -> Option<usize>;

#[derive(Debug)]
pub struct Call {
    stream: TcpStream,
    heard: Vec<u8>,
    spoken: Spoken,
}

impl Call {
    /// Calls a server.
    pub fn to(server: SocketAddr) -> io::Result<Self> {
        Self::on(TcpStream::connect_timeout(&server, PATIENCE)?)
    }

    /// Takes an accepted connection.
    pub fn on(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, heard: Vec::new(), spoken: Spoken::default() })
    }

    pub fn say(&mut self, message: &[u8]) -> io::Result<()> {
        self.stream.write_all(message)?;
        self.spoken.said_octets += message.len() as u64;
        Ok(())
    }

    /// The next whole message, or `None` when the other side has hung up.
    pub fn hear(&mut self, framing: Framing) -> io::Result<Option<Vec<u8>>> {
        let mut piece = [0_u8; 16 * 1024];
        loop {
            if let Some(length) = framing(&self.heard)
                && self.heard.len() >= length
            {
                return Ok(Some(self.heard.drain(..length).collect()));
            }
            if self.heard.len() > LONGEST_MESSAGE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "message without an end"));
            }
            match self.stream.read(&mut piece)? {
                0 if self.heard.is_empty() => return Ok(None),
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => {
                    self.spoken.heard_octets += count as u64;
                    self.heard.extend_from_slice(&piece[..count]);
                }
            }
        }
    }

    /// The next whole message; hanging up before it is an error.
    pub fn expect_answer(&mut self, framing: Framing) -> io::Result<Vec<u8>> {
        self.hear(framing)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Closes the call in order: says goodbye and waits for the other side's.
    pub fn hang_up(mut self) -> io::Result<Spoken> {
        self.stream.shutdown(Shutdown::Write)?;
        let mut rest = [0_u8; 4096];
        loop {
            match self.stream.read(&mut rest) {
                Ok(0) => return Ok(self.spoken),
                Ok(count) => self.spoken.heard_octets += count as u64,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Ok(self.spoken);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Framing of protocols whose messages end with a line feed.
pub fn line(heard: &[u8]) -> Option<usize> {
    heard.iter().position(|&octet| octet == b'\n').map(|position| position + 1)
}

/// Framing of everything that has arrived.
pub fn anything(heard: &[u8]) -> Option<usize> {
    (!heard.is_empty()).then_some(heard.len())
}
