//! Alerts for this room's tests.

use std::time::Duration;

use crate::{
    detect::{Alert, AlertState, Severity},
    inventory::DeviceId,
    time::Moment,
};

pub fn at(seconds: u64) -> Moment {
    Moment::from_micros(seconds * 1_000_000)
}

pub fn alert(id: u64, name: &str, device: u32) -> Alert {
    Alert {
        id,
        rule: "X-1".to_owned(),
        name: name.to_owned(),
        severity: Severity::Medium,
        state: AlertState::Firing,
        device: DeviceId(device),
        metric: "distinct_peers".to_owned(),
        value: 10.0,
        limit: 10.0,
        window: Duration::from_secs(60),
        summary: "Device does something".to_owned(),
        evidence_since: at(0),
        fired_at: at(1),
        found_at: at(1),
        resolved_at: None,
        evidence: Box::default(),
        marks: Box::default(),
    }
}
