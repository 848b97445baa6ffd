//! Biflows: both directions of a conversation, joined across CPUs and gateway ports.

mod bare;
mod biflow;
pub mod community;
mod expiry;
mod key;
pub mod record;
mod store;
pub mod table;

pub use record::{FlowEndReason, FlowRecord, HalfFlow};
pub use table::{FlowSettings, FlowTable, Outcome};
