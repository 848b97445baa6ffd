//! Small speakers of the protocols that are heard in a hospital: real octets
//! over real sockets, with synthetic content only.
//!
//! Each protocol is one file with three parts: pure functions that build its
//! payloads (the frame tests use them too), an answer for the server's side,
//! and calls for the client's side. A speaker uses the network namespace of
//! the thread that runs it.

pub mod bacnet;
pub mod ber;
pub mod call;
pub mod certificate;
pub mod datagrams;
pub mod dhcp;
pub mod dialogues;
pub mod dicom;
pub mod dns;
pub mod hl7;
pub mod http;
pub mod imaging;
pub mod modbus;
pub mod ntp;
pub mod printing;
pub mod rdp;
pub mod repertoire;
pub mod shift;
pub mod smb1;
pub mod smb2;
pub mod snmp;
pub mod ssdp;
pub mod ssh;
pub mod streams;
pub mod syslog;
pub mod tls;
pub mod wsdiscovery;

pub use call::{Call, Spoken};
pub use repertoire::{Saying, Transport, repertoire};
pub use shift::Shift;

/// The patient that every synthetic message is about. Finding this name
/// anywhere in the agent's output means that patient data leaked.
pub const CANARY_PATIENT: &str = "CANARY^PATIENT";
