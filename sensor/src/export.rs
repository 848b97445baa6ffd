//! What leaves the agent: metrics, events, alerts, the store.

pub mod eve;
pub mod metrics;
pub mod store;
