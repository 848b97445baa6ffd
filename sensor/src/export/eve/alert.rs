//! The event `alert`: the rule, the number, the limit, and the device as the source.

use std::net::IpAddr;

use serde::Serialize;

use super::EventContext;
use crate::{
    detect::{
        Alert, AlertState, Evidence, Severity,
        desk::{Acknowledgement, StoryMark, Withheld},
    },
    export::text::{Station, harmless},
    inventory::{Device, DeviceKey},
    time::Timestamp,
};

#[derive(Serialize)]
pub(super) struct Event<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    src_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_mac: Option<Station>,
    src_device: u32,
    attach_mode: &'a str,
    alert: Description,
}

#[derive(Serialize)]
struct Description {
    /// Of the rule.
    id: String,
    name: String,
    /// Of this alert: the same when it fires and when it is resolved.
    instance: u64,
    severity: Severity,
    state: AlertState,
    metric: String,
    value: f64,
    limit: f64,
    window_seconds: f64,
    summary: String,
    evidence_since: Timestamp,
    fired_at: Timestamp,
    resolved_at: Option<Timestamp>,
    evidence: Box<Evidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<StoryMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<Acknowledgement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Withheld>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runbook_url: Option<String>,
}

impl<'a> Event<'a> {
    pub fn of(alert: &Alert, device: Option<&Device>, context: &EventContext<'a>) -> Self {
        Self {
            src_ip: device.and_then(|device| device.main_address(&alert.evidence.claimed)),
            src_mac: device.and_then(|device| match device.key {
                DeviceKey::Station { station, .. } => Some(Station(station)),
                DeviceKey::Address(_) => None,
            }),
            src_device: alert.device.0,
            attach_mode: context.attach_mode,
            alert: Description {
                id: harmless(&alert.rule),
                name: harmless(&alert.name),
                instance: alert.id,
                severity: alert.severity,
                state: alert.state,
                metric: harmless(&alert.metric),
                value: alert.value,
                limit: alert.limit,
                window_seconds: alert.window.as_secs_f64(),
                summary: harmless(&alert.summary),
                evidence_since: context.wall.at(alert.evidence_since),
                fired_at: context.wall.at(alert.fired_at),
                resolved_at: alert.resolved_at.map(|at| context.wall.at(at)),
                evidence: alert.evidence.clone(),
                story: alert.marks.story.clone(),
                acknowledged: alert.marks.acknowledged.as_ref().map(|known| Acknowledgement {
                    by: harmless(&known.by),
                    note: harmless(&known.note),
                    ..known.clone()
                }),
                withheld: alert.marks.withheld.as_ref().map(|withheld| Withheld {
                    owner: harmless(&withheld.owner),
                    reason: harmless(&withheld.reason),
                    ..withheld.clone()
                }),
                runbook_url: alert.marks.runbook_url.clone(),
            },
        }
    }
}
