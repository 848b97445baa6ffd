//! Thresholds over what devices do, and the alerts that follow.

pub mod alert;
pub mod builtin;
pub mod engine;
#[cfg(test)]
pub(crate) mod fixture;
mod life;
mod measure;
mod opening;
pub mod role;
pub mod selector;
mod summary;
pub mod threshold;
mod window;

pub use alert::{Alert, AlertState, Severity};
pub use engine::{Bounds, ConnectionOutcome, Thresholds};
pub use role::{Role, device_matches};
pub use threshold::Threshold;
