//! What one sampled message says to detectors: who asks what of whom, with what outcome.
//!
//! A message is of a known size, and holds no payload and no name of a user, share or file. What
//! their senders wrote of themselves (names in DNS questions, in hellos, AE titles) is bounded and
//! printable. Key, devices and moment are those of its sample.

pub use super::dns::{DnsMessage, DnsQuestion};
pub use super::smb::{Smb1Message, Smb2Message, Smb2Request, TransactionCounts};

/// One message, as far as its sample holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Any message of version 1 with a header.
    Smb1(Smb1Message),
    /// Of version 2 and later, in clear: negotiations, CREATE, SET_INFO and WRITE requests, answers to
    /// SESSION_SETUP and TREE_CONNECT, and refusals of anything.
    Smb2(Smb2Message),
    /// A query or a response, over UDP or TCP, on any port; not of multicast DNS or LLMNR.
    Dns(DnsMessage),
}
