//! Syslog over UDP (RFC 5424, RFC 5426).

use std::io;
use std::net::SocketAddr;

use super::call::Spoken;
use super::datagrams;

/// Facility local0, severity informational.
pub fn syslog_message(host: &str, application: &str, text: &str) -> Vec<u8> {
    format!("<134>1 2026-01-02T03:04:05Z {host} {application} - - - {text}").into_bytes()
}

pub fn report(
    collector: SocketAddr,
    host: &str,
    application: &str,
    text: &str,
) -> io::Result<Spoken> {
    datagrams::tell(collector, &syslog_message(host, application, text))
}

/// The collector's side: it listens.
pub fn listen(_message: &[u8]) -> Option<Vec<u8>> {
    None
}
