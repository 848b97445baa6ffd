//! What is told of an alert, in no receiver's words yet: all that the sinks know of an alert.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{
    detect::{Alert, AlertState, Severity, selector::MacAddress},
    export::text::{clipped, harmless},
    inventory::{Device, DeviceKey},
    time::{Timestamp, WallClock},
};

/// Octets of a name, and of a summary, that are passed on.
const NAME: usize = 64;
const SUMMARY: usize = 512;

/// One state of an alert. The store keeps it until every sink has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Identifier of the alert, the same when it fires and when it is resolved.
    pub alert: u64,
    /// Numbers all notices of a sensor, in the order in which they were made.
    pub sequence: u64,
    pub state: AlertState,
    pub severity: Severity,
    /// Identifier of the rule, such as `WL-002`, and its name.
    pub rule: String,
    pub name: String,
    pub summary: String,
    pub metric: String,
    /// `None` if it is no number.
    pub value: Option<f64>,
    pub limit: Option<f64>,
    pub window_seconds: f64,
    pub device: Subject,
    /// Microseconds since 1970, as the next three.
    pub evidence_since: i64,
    pub fired_at: i64,
    pub resolved_at: Option<i64>,
    /// When the notice was made.
    pub told_at: i64,
    /// Which agent this is.
    pub sensor: String,
    /// Sent by an operator to see whether it arrives; nothing has happened.
    pub is_test: bool,
    /// The story that it belongs to, and its stage.
    #[serde(default)]
    pub story: Option<u64>,
    #[serde(default)]
    pub stage: Option<String>,
    /// Where it is written what to do.
    #[serde(default)]
    pub runbook_url: Option<String>,
}

/// The device that an alert is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub id: u32,
    pub address: Option<IpAddr>,
    pub mac: Option<MacAddress>,
    pub host_name: Option<String>,
    pub vendor: Option<String>,
}

impl Subject {
    fn of(alert: &Alert, device: Option<&Device>) -> Self {
        let id = alert.device.0;
        let Some(device) = device else { return Self { id, ..Self::default() } };
        Self {
            id,
            address: device.main_address(&alert.evidence.claimed),
            mac: match device.key {
                DeviceKey::Station { station, .. } => Some(MacAddress(station)),
                DeviceKey::Address(_) => None,
            },
            host_name: device.host_name.as_deref().map(named),
            vendor: device.vendor.as_deref().map(named),
        }
    }
}

impl Notice {
    pub fn of(
        alert: &Alert,
        device: Option<&Device>,
        clock: WallClock,
        sequence: u64,
        sensor: &str,
        told_at: Timestamp,
    ) -> Self {
        let number = |number: f64| number.is_finite().then_some(number);
        let stage = alert.marks.story.as_ref().and_then(|story| story.stage);
        Self {
            alert: alert.id,
            sequence,
            state: alert.state,
            severity: alert.severity,
            rule: named(&alert.rule),
            name: named(&alert.name),
            summary: clipped(&harmless(&alert.summary), SUMMARY).to_owned(),
            metric: named(&alert.metric),
            value: number(alert.value),
            limit: number(alert.limit),
            window_seconds: alert.window.as_secs_f64(),
            device: Subject::of(alert, device),
            evidence_since: clock.at(alert.evidence_since).as_micros(),
            fired_at: clock.at(alert.fired_at).as_micros(),
            resolved_at: match alert.state {
                AlertState::Firing => None,
                AlertState::Resolved => {
                    Some(clock.at(alert.resolved_at.unwrap_or(alert.fired_at)).as_micros())
                }
            },
            told_at: told_at.as_micros(),
            sensor: named(sensor),
            is_test: false,
            story: alert.marks.story.as_ref().map(|story| story.id),
            stage: stage.map(|stage| stage.name().to_owned()),
            runbook_url: alert.marks.runbook_url.clone(),
        }
    }

    /// A notice of nothing but itself.
    pub fn test(sensor: &str, now: Timestamp) -> Self {
        let now = now.as_micros();
        Self {
            alert: 0,
            sequence: now.cast_unsigned(),
            state: AlertState::Firing,
            severity: Severity::Info,
            rule: "TEST".to_owned(),
            name: "wardline_test".to_owned(),
            summary: "A test by an operator of Wardline: nothing has happened.".to_owned(),
            metric: "test".to_owned(),
            value: Some(1.0),
            limit: Some(1.0),
            window_seconds: 1.0,
            device: Subject::default(),
            evidence_since: now,
            fired_at: now,
            resolved_at: None,
            told_at: now,
            sensor: named(sensor),
            is_test: true,
            story: None,
            stage: None,
            runbook_url: None,
        }
    }

    /// The same each time this notice is sent, and of no other: by it receivers know what they
    /// have already.
    pub fn key(&self) -> String {
        format!("{:016x}-{}-{}", self.alert, self.state_name(), self.sequence)
    }

    pub const fn state_name(&self) -> &'static str {
        match self.state {
            AlertState::Firing => "firing",
            AlertState::Resolved => "resolved",
        }
    }
}

fn named(name: &str) -> String {
    clipped(&harmless(name), NAME).to_owned()
}
