//! What the first octets of a payload say beyond the application: names, versions, interfaces, and
//! the flows that a control conversation announces.
//!
//! Each room reads samples of one protocol and is pure: no clock, socket or file. A sample is the
//! beginning of one payload, may be cut anywhere, and holds whatever its sender wrote; what stands
//! before the cut is read. Names are checked ([`text::name`]) and everything is bounded.

pub mod announcement;
pub mod assembly;
#[cfg(test)]
mod chance;
pub mod control;
pub mod dcerpc;
pub mod detail;
pub mod dicom;
pub mod dns;
pub mod expectation;
pub mod ftp;
mod interpreter;
pub mod ja4;
pub mod login;
pub mod memory;
pub mod message;
pub mod octets;
pub mod quic;
pub mod rtsp;
#[cfg(test)]
mod sample;
pub mod sdp;
pub mod sip;
pub mod smb;
pub mod stream;
#[cfg(test)]
mod testing;
pub mod text;
pub mod tftp;
pub mod tls;
pub mod wsd;

pub use detail::FlowDetail;
pub use interpreter::{Interpretation, Interpreter, Lesson};
pub use message::Message;
