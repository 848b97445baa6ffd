//! Biflows: both directions of a conversation, joined across CPUs and gateway ports.

pub mod record;

pub use record::{FlowEndReason, FlowRecord, HalfFlow};
