//! HTTP/1.1 (RFC 9112), among it a FHIR capability statement.

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken};

pub fn http_get(host: &str, path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: WardBrowser/1.0\r\nAccept: */*\r\n\r\n"
    )
    .into_bytes()
}

pub fn http_post(host: &str, path: &str, content_type: &str, content: &str) -> Vec<u8> {
    let length = content.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{content}"
    )
    .into_bytes()
}

pub fn http_ok(content_type: &str, content: &str) -> Vec<u8> {
    let length = content.len();
    format!(
        "HTTP/1.1 200 OK\r\nServer: EprServer/7.1\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{content}"
    )
    .into_bytes()
}

/// Framing: the header, and as much as its content length says.
pub fn message_length(heard: &[u8]) -> Option<usize> {
    let header_length = heard.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let header = String::from_utf8_lossy(&heard[..header_length]).to_ascii_lowercase();
    let content_length = header
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok())
        .unwrap_or(0);
    Some(header_length + content_length)
}

const PAGE: &str =
    "<!doctype html><title>Ward list</title><p>Synthetic page of the laboratory.</p>";
const CAPABILITIES: &str = r#"{"resourceType":"CapabilityStatement","status":"active","kind":"instance","fhirVersion":"4.0.1"}"#;

/// The web server's side: pages, and FHIR below `/fhir`.
pub fn answer(call: &mut Call) -> io::Result<()> {
    while let Some(request) = call.hear(message_length)? {
        let is_fhir = request.windows(6).take(32).any(|part| part == b" /fhir");
        let (content_type, content) =
            if is_fhir { ("application/fhir+json", CAPABILITIES) } else { ("text/html", PAGE) };
        call.say(&http_ok(content_type, content))?;
    }
    Ok(())
}

pub fn get(server: SocketAddr, host: &str, paths: &[&str]) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    for path in paths {
        call.say(&http_get(host, path))?;
        call.expect_answer(message_length)?;
    }
    call.hang_up()
}

pub fn post(
    server: SocketAddr,
    host: &str,
    path: &str,
    content_type: &str,
    content: &str,
) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    call.say(&http_post(host, path, content_type, content))?;
    call.expect_answer(message_length)?;
    call.hang_up()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_ends_where_its_content_length_says() {
        let message = http_post("epr", "/", "text/plain", "four");
        assert_eq!(message_length(&message), Some(message.len()));
        assert_eq!(message_length(&message[..30]), None);
    }
}
