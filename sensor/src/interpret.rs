//! What the octets of samples say: payload in, meaning out, and nothing kept but what is named
//! here. Reads no clock, socket or file.

pub mod detail;

pub use detail::FlowDetail;
