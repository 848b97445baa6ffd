//! What leaves the agent: metrics, events, alerts, the store.

pub mod alertmanager;
pub mod eve;
pub mod metrics;
pub mod store;
