//! What one sampled message says to detectors: who asks what of whom, with what outcome.
//!
//! A message is of a known size, and holds no payload and no name of a user, share or file. What
//! their senders wrote of themselves (names in DNS questions, in hellos, AE titles) is bounded and
//! printable. Key, devices and moment are those of its sample.

use sensor_common::application::Application;

use super::FlowDetail;
pub use super::dns::{DnsMessage, DnsQuestion};
pub use super::sip::SipMessage;
pub use super::smb::{Smb1Message, Smb2Message, Smb2Request, TransactionCounts};
pub use crate::inventory::dhcp::{DhcpFacts, MessageType};

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
    /// A lease that is asked for, offered or given; who sent it, the key says.
    Dhcp(DhcpFacts),
    /// An INVITE, REGISTER or OPTIONS request, or any response.
    Sip(SipMessage),
    /// A reply by which FTP or SMTP grants or refuses a login. Those of SMB are in its messages.
    Login { service: Application, is_failure: bool },
    /// A server that asks nobody who he is: VNC with the security type `None`.
    Unauthenticated { service: Application },
    /// SNMP of version 1 or 2c with the community `public` or `private`; of each flow the first
    /// packet. From an agent it says that the community is accepted.
    DefaultCommunity,
    /// A request that writes to, programs, stops or restarts a controller of a building or a plant, by
    /// the standard's name of the function. Of Modbus off its port the answer is told too: it repeats
    /// the function.
    ControlWrite { protocol: Application, function: &'static str },
    /// What a hello of TLS or QUIC, a message of DICOM or a bind of DCE/RPC says of its flow. It is
    /// what the flow's record has of it.
    Detail(Box<FlowDetail>),
}
