//! An alert in the words of Alertmanager's v2 API (its `api/v2/openapi.yaml`, `postableAlert`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Settings;
use crate::{
    config::duration,
    detect::{Alert, AlertState, Severity, desk::Stage, detections, selector::MacAddress},
    inventory::{Device, DeviceKey},
    time::{Timestamp, WallClock},
};

/// What is kept of an alert until it is delivered. Its labels say which alert it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    pub labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    /// Microseconds since 1970.
    starts_at: i64,
    /// Of a resolved alert.
    ends_at: Option<i64>,
    generator_url: Option<String>,
}

/// One element of the request's body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message<'p> {
    labels: &'p BTreeMap<String, String>,
    annotations: &'p BTreeMap<String, String>,
    starts_at: Timestamp,
    ends_at: Timestamp,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'p str>,
}

impl Posting {
    pub fn new(
        alert: &Alert,
        device: Option<&Device>,
        clock: WallClock,
        settings: &Settings,
    ) -> Self {
        let ends_at = match alert.state {
            AlertState::Firing => None,
            AlertState::Resolved => {
                let resolved_at = alert.resolved_at.unwrap_or(alert.fired_at);
                Some(clock.at(resolved_at).as_micros())
            }
        };
        let labels = [
            ("alertname", alert.name.clone()),
            ("severity", alert.severity.name().to_owned()),
            ("rule", alert.rule.clone()),
            ("device", alert.device.0.to_string()),
            ("sensor", settings.sensor.clone()),
        ];
        let annotations = [
            ("summary", alert.summary.clone()),
            ("value", alert.value.to_string()),
            ("limit", alert.limit.to_string()),
            ("window", duration::written(alert.window)),
        ];
        let mut annotations = named(annotations);
        // A page of the hospital's own may be found by the name.
        annotations.insert("runbook".to_owned(), alert.name.clone());
        if let Some(description) = detections::find(&alert.name) {
            annotations.insert("description".to_owned(), description.sees.to_owned());
            annotations.insert("clinical_note".to_owned(), description.clinical_note.to_owned());
        }
        if let Some(story) = &alert.marks.story {
            annotations.insert("story".to_owned(), story.id.to_string());
            let stage = story.stage.map(Stage::name).unwrap_or_default();
            annotations.insert("stage".to_owned(), stage.to_owned());
        }
        if let Some(device) = device {
            let address = match device.key {
                DeviceKey::Station { station, .. } => MacAddress(station).to_string(),
                DeviceKey::Address(address) => address.to_string(),
            };
            annotations.insert("address".to_owned(), address);
        }
        Self {
            labels: named(labels),
            annotations,
            starts_at: clock.at(alert.fired_at).as_micros(),
            ends_at,
            generator_url: settings.generator_url.clone(),
        }
    }

    pub fn is_resolved(&self) -> bool {
        self.ends_at.is_some()
    }

    pub fn severity(&self) -> Severity {
        let name = self.labels.get("severity").map_or("", String::as_str);
        let all = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        all.into_iter().find(|severity| severity.name() == name).unwrap_or(Severity::Info)
    }

    /// The message; a firing alert ends at `expiry` unless it is sent again before.
    pub fn message(&self, expiry: Timestamp) -> Message<'_> {
        Message {
            labels: &self.labels,
            annotations: &self.annotations,
            starts_at: Timestamp::from_micros(self.starts_at),
            ends_at: self.ends_at.map_or(expiry, Timestamp::from_micros),
            generator_url: self.generator_url.as_deref(),
        }
    }
}

fn named<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
