//! Thresholds over what devices do, and the alerts that follow.

pub mod alert;

pub use alert::{Alert, AlertState, Severity};
