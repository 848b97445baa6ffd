//! The ClientHello in QUIC's Initial packets (RFC 9000, RFC 9001, RFC 9369).
//!
//! Initial packets are encrypted with keys that anybody can derive from the connection ID in them:
//! that keeps out accidents, not readers. Only the client's are read.

mod frames;
mod packet;
mod protection;
mod version;

use sensor_common::flow::FlowKey;

use self::{packet::Packets, protection::Keys};
use super::{
    assembly::Assembly,
    ja4::Carrier,
    memory::FlowMemory,
    tls::{ClientHello, Reading, read_client_hello},
};

/// Octets kept of a client's handshake: a ClientHello with post-quantum key shares has about 2,000.
const HANDSHAKE_OCTETS: usize = 4096;

/// What the first packets of a QUIC connection say of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuicHello {
    pub hello: ClientHello,
    /// The version of QUIC in the packets.
    pub version: u32,
    /// Whether every packet that was read was whole, and so its authentication tag was checked.
    pub is_authenticated: bool,
}

/// The openings of QUIC connections of which the ClientHello is not yet whole.
#[derive(Debug)]
pub struct Initials {
    openings: FlowMemory<Opening>,
}

#[derive(Debug)]
struct Opening {
    keys: Keys,
    handshake: Assembly,
    is_authenticated: bool,
}

impl Initials {
    /// Room for so many connections; when it is full, the one begun longest ago goes.
    pub fn new(capacity: usize) -> Self {
        Self { openings: FlowMemory::new(capacity) }
    }

    /// Reads a datagram, which may be cut off at its end. [`Reading::Foreign`] is said of one that
    /// no client's Initial packet is in. What is complete is forgotten.
    pub fn push(&mut self, key: FlowKey, datagram: &[u8]) -> Reading<QuicHello> {
        let mut packets = Packets::new(datagram);
        let mut is_client = false;
        for initial in &mut packets {
            let known = self.openings.get_mut(&key);
            let opened = match known.and_then(|opening| opening.keys.open(&initial)) {
                Some(opened) => opened,
                // The first packet of the flow, or the first after a Retry or of another connection
                // on the same ports: such come with keys of their own.
                None => {
                    let keys = Keys::of_client(initial.version, initial.destination);
                    let Some(opened) = keys.open(&initial) else { continue };
                    self.openings.forget(&key);
                    self.openings.get_or_insert_with(key, || Opening::new(keys));
                    opened
                }
            };
            let Some(opening) = self.openings.get_mut(&key) else { continue };
            opening.is_authenticated &= opened.is_authenticated;
            frames::each_crypto(&opened.payload, |offset, octets| {
                opening.handshake.put(offset, octets);
            });
            is_client = true;
        }
        if !is_client {
            let may_be = packets.is_cut();
            return if may_be { Reading::Incomplete } else { Reading::Foreign };
        }
        self.hello(&key)
    }

    /// The connection has ended, or has told what was to be learnt.
    pub fn forget(&mut self, key: &FlowKey) {
        self.openings.forget(key);
    }

    /// Connections that made room for others before their ClientHello was whole.
    pub fn displaced(&self) -> u64 {
        self.openings.displaced()
    }

    pub fn len(&self) -> usize {
        self.openings.len()
    }

    pub fn is_empty(&self) -> bool {
        self.openings.is_empty()
    }

    fn hello(&mut self, key: &FlowKey) -> Reading<QuicHello> {
        let Some(opening) = self.openings.get_mut(key) else { return Reading::Incomplete };
        let reading = read_client_hello(opening.handshake.beginning(), Carrier::Quic);
        let (version, is_authenticated) = (opening.keys.version(), opening.is_authenticated);
        match reading {
            Reading::Incomplete => Reading::Incomplete,
            Reading::Foreign => {
                self.openings.forget(key);
                Reading::Foreign
            }
            Reading::Complete(hello) => {
                self.openings.forget(key);
                Reading::Complete(QuicHello { hello, version: version.0, is_authenticated })
            }
        }
    }
}

impl Opening {
    fn new(keys: Keys) -> Self {
        Self { keys, handshake: Assembly::new(HANDSHAKE_OCTETS), is_authenticated: true }
    }
}

#[cfg(test)]
mod tests;
