//! What the recognisers' tests ask: the verdict of all recognisers together, on unregistered ports.

use super::{Application, Context, Evidence, Identification, identify};
use crate::{payload::Payload, wire::transport::protocol};

pub const SOURCE_ADDRESS: u32 = 0x0a01_0203;

pub fn confirmed(application: Application) -> Identification {
    Identification::confirmed(application)
}

pub fn likely(application: Application) -> Identification {
    Identification::likely(application)
}

pub fn unknown() -> Identification {
    Identification::default()
}

pub fn stream(octets: &[u8]) -> Identification {
    spoken(protocol::TCP, [50_001, 50_002], octets)
}

pub fn datagram(octets: &[u8]) -> Identification {
    spoken(protocol::UDP, [50_001, 50_002], octets)
}

pub fn spoken(protocol: u8, ports: [u16; 2], octets: &[u8]) -> Identification {
    let context = Context {
        protocol,
        source_port: ports[0],
        destination_port: ports[1],
        source_address: SOURCE_ADDRESS,
    };
    identify(octets, &Payload::from_octets(octets), &context).unwrap_or_default()
}

/// Asks about every prefix: none may be confirmed as what the whole is.
pub fn no_prefix_is_confirmed(octets: &[u8], speak: fn(&[u8]) -> Identification) {
    let whole = speak(octets);
    assert_eq!(whole.evidence, Evidence::Confirmed);
    for length in 0..octets.len() {
        assert_ne!(speak(&octets[..length]), whole, "the first {length} octets");
    }
}

/// Asks about every prefix: each is what the whole is, or less sure, or nothing.
pub fn prefixes_agree(octets: &[u8], speak: fn(&[u8]) -> Identification) {
    let whole = speak(octets);
    for length in 0..octets.len() {
        let part = speak(&octets[..length]);
        let agrees = part == unknown()
            || (part.application == whole.application && part.evidence <= whole.evidence);
        assert!(agrees, "the first {length} octets are {part:?}, the whole {whole:?}");
    }
}
