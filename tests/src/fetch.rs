//! One HTTP request, from the namespace of the calling thread.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// As long as Prometheus waits for a scrape by default.
const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: u64 = 8 << 20;

/// Status and body. The server closes the connection after its answer.
pub fn fetch(server: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LARGEST_ANSWER).read_to_end(&mut answer)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (header, body) = answer.split_once("\r\n\r\n")?;
    let status = header.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_body_are_taken_apart() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready";
        assert_eq!(parse(answer), Some((200, "ready".to_owned())));
        assert_eq!(parse("nonsense"), None);
    }
}
