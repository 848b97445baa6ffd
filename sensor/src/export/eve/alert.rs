//! The event `alert`: the rule, the number, the limit, and the device as the source.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::{EventContext, schema};
use crate::{
    detect::{
        Alert, AlertState, Evidence, Severity,
        desk::{Acknowledgement, StoryMark, Withheld},
    },
    export::text::{Station, harmless},
    inventory::{Device, DeviceKey},
    time::Timestamp,
};

/// An alert fired, grew, or was resolved. Operational information, never a clinical alarm.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "alert")]
pub(super) struct Event<'a> {
    /// The main address of the device, never one that it only claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    src_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_mac: Option<Station>,
    /// The number of the device; 0 of an alert that is about none.
    src_device: u32,
    /// How the program is attached where the device was seen.
    #[schemars(extend("enum" = schema::ATTACH_MODES))]
    attach_mode: &'a str,
    alert: Description,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "alert_description")]
struct Description {
    /// Of the rule, such as `WL-002`.
    id: String,
    /// Of the rule, such as `smb_fan_out`.
    name: String,
    /// Of this alert: the same when it fires and when it is resolved. Larger than 2^53 as a rule:
    /// readers that keep numbers as doubles lose its last digits.
    instance: u64,
    severity: Severity,
    state: AlertState,
    /// What was measured.
    metric: String,
    /// The highest so far, in the unit of the metric: a number, a number a second, or a share of 1.
    value: f64,
    /// It fired when `value` reached this.
    limit: f64,
    window_seconds: f64,
    /// One sentence for people.
    summary: String,
    /// The beginning of what was measured when it fired.
    evidence_since: Timestamp,
    fired_at: Timestamp,
    /// Null while it fires.
    resolved_at: Option<Timestamp>,
    evidence: Box<Evidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<StoryMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<Acknowledgement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withheld: Option<Withheld>,
    /// Where it is written what to do.
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
