//! Biflows: both directions of a conversation, joined across CPUs and gateway ports.

mod bare;
mod biflow;
pub mod community;
mod expiry;
#[cfg(test)]
pub(crate) mod fixture;
mod key;
mod opinion;
mod packed;
mod pool;
pub mod record;
mod store;
pub mod table;
pub mod unclassified;

pub use opinion::{Method, Opinion, Reason, VerdictChange};
pub use record::{FlowEndReason, FlowRecord, HalfFlow};
pub use table::{FlowSettings, FlowTable, Outcome};
pub use unclassified::Unclassified;
