//! What samples of payload mean, where the beginning of one packet does not tell it: conversations
//! in many segments, encrypted handshakes. Pure: octets in, meaning out; no clock, socket or file.
//!
//! Everything here reads what a hostile sender may have written. What is kept is bounded, and text
//! that leaves has been checked character by character.

pub mod assembly;
#[cfg(test)]
mod chance;
pub mod ja4;
pub mod memory;
pub mod quic;
#[cfg(test)]
mod sample;
pub mod stream;
pub mod tls;
