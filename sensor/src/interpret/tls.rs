//! What the hellos of Transport Layer Security say in the clear (RFC 8446, RFC 5246): versions, the
//! server's name, application protocols, and a fingerprint of the client.
//!
//! SSL 2.0 framing is left out, and what stands in the encrypted ClientHello (RFC 9849): the
//! outer one is read.

mod client_hello;
pub mod dtls;
mod name;
pub(crate) mod octets;
mod record;
mod server_hello;

pub(crate) use client_hello::read_message as read_client_hello;
pub use client_hello::{ClientHello, client_hello};
pub use server_hello::{ServerHello, server_hello};

/// What came of reading the beginning of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading<T> {
    /// So far it may be one; more octets will tell.
    Incomplete,
    /// It is something else, whatever follows.
    Foreign,
    Complete(T),
}

impl<T> Reading<T> {
    /// What was read, if it was read to its end.
    pub fn complete(self) -> Option<T> {
        match self {
            Self::Complete(meaning) => Some(meaning),
            Self::Incomplete | Self::Foreign => None,
        }
    }

    fn of_body(meaning: Option<T>) -> Self {
        meaning.map_or(Self::Foreign, Self::Complete)
    }
}

/// Handshake message types (RFC 8446 section 4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// Extension types (IANA, TLS ExtensionType Values).
mod extension {
    pub(super) const SERVER_NAME: u16 = 0;
    pub(super) const SIGNATURE_ALGORITHMS: u16 = 13;
    pub(super) const ALPN: u16 = 16;
    pub(super) const SUPPORTED_VERSIONS: u16 = 43;
}

#[cfg(test)]
mod tests;
