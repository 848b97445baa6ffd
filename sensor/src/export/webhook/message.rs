//! The body of a message (docs/events.md).

use serde::Serialize;

use crate::{
    detect::{AlertState, Severity},
    export::{delivery::Notice, text::harmless},
    time::Timestamp,
};

/// Raised when a field changes its meaning or goes.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Message {
    version: u32,
    /// As in the header.
    key: String,
    sensor: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
    told_at: Timestamp,
    alert: Alert,
    device: Device,
}

#[derive(Serialize)]
struct Alert {
    /// Hexadecimal: JavaScript's numbers have 53 bits.
    id: String,
    state: AlertState,
    severity: Severity,
    rule: String,
    name: String,
    summary: String,
    metric: String,
    value: Option<f64>,
    limit: Option<f64>,
    window_seconds: f64,
    evidence_since: Timestamp,
    fired_at: Timestamp,
    resolved_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook_url: Option<String>,
}

#[derive(Serialize)]
struct Device {
    id: u32,
    address: Option<String>,
    mac: Option<String>,
    host_name: Option<String>,
    vendor: Option<String>,
}

pub fn body(notice: &Notice) -> Vec<u8> {
    let device = &notice.device;
    let message = Message {
        version: VERSION,
        key: notice.key(),
        sensor: harmless(&notice.sensor),
        test: notice.is_test,
        told_at: Timestamp::from_micros(notice.told_at),
        alert: Alert {
            id: format!("{:016x}", notice.alert),
            state: notice.state,
            severity: notice.severity,
            rule: harmless(&notice.rule),
            name: harmless(&notice.name),
            summary: harmless(&notice.summary),
            metric: harmless(&notice.metric),
            value: notice.value,
            limit: notice.limit,
            window_seconds: notice.window_seconds,
            evidence_since: Timestamp::from_micros(notice.evidence_since),
            fired_at: Timestamp::from_micros(notice.fired_at),
            resolved_at: notice.resolved_at.map(Timestamp::from_micros),
            runbook_url: notice.runbook_url.clone(),
        },
        device: Device {
            id: device.id,
            address: device.address.map(|address| address.to_string()),
            mac: device.mac.map(|mac| mac.to_string()),
            host_name: device.host_name.as_deref().map(harmless),
            vendor: device.vendor.as_deref().map(harmless),
        },
    };
    serde_json::to_vec(&message).expect("a message holds texts and numbers only")
}
