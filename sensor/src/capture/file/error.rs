//! What can be wrong with a capture, said so that its owner can mend it.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Offsets are octets from the start of the capture.
#[derive(Debug, Error)]
pub enum CaptureError {
    #[error("cannot open capture {}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("cannot read {} after octet {offset}", path.display())]
    Read { path: PathBuf, offset: u64, source: io::Error },
    #[error(
        "{} is not a capture: it starts with {found}; supported are pcap (microseconds, \
         nanoseconds) and pcapng",
        path.display()
    )]
    Foreign { path: PathBuf, found: String },
    #[error(
        "{}, octet {offset}: link type {link_type} of interface {interface}; supported are {}",
        path.display(),
        super::link::SUPPORTED
    )]
    LinkType {
        path: PathBuf,
        offset: u64,
        /// LINKTYPE_ value, <https://www.tcpdump.org/linktypes.html>.
        link_type: u32,
        interface: u32,
    },
    #[error(
        "{} is truncated: at octet {offset} it holds {found} octets of {}",
        path.display(),
        needed.map_or("a block header".to_owned(), |needed| needed.to_string())
    )]
    Truncated {
        path: PathBuf,
        offset: u64,
        found: u64,
        /// Octets of the block or record, if so much is known.
        needed: Option<u64>,
    },
    #[error(
        "{}, octet {offset}: a block of {octets} octets; supported are {maximum}",
        path.display()
    )]
    Oversized { path: PathBuf, offset: u64, octets: u64, maximum: u64 },
    #[error("{} is damaged at octet {offset}: {found}", path.display())]
    Malformed { path: PathBuf, offset: u64, found: String },
}

/// The first few octets, in hexadecimal digits.
pub(super) fn octets(found: &[u8]) -> String {
    let digits: Vec<_> = found.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    digits.join(" ")
}
