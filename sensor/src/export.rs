//! What leaves the agent: metrics, events, alerts, the store.

pub mod alertmanager;
pub mod delivery;
pub mod eve;
pub mod ipfix;
pub mod metrics;
pub mod sinks;
pub mod store;
pub mod syslog;
mod text;
pub mod webhook;
