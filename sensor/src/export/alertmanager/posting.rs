//! A notice in the words of Alertmanager's v2 API (its `api/v2/openapi.yaml`, `postableAlert`).

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{config::duration, detect::detections, export::delivery::Notice, time::Timestamp};

/// What tells alerts apart there.
pub type Labels = BTreeMap<&'static str, String>;

/// One element of the request's body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Posting {
    labels: Labels,
    annotations: Labels,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

pub fn labels(notice: &Notice) -> Labels {
    BTreeMap::from([
        ("alertname", notice.name.clone()),
        ("severity", notice.severity.name().to_owned()),
        ("rule", notice.rule.clone()),
        ("device", notice.device.id.to_string()),
        ("sensor", notice.sensor.clone()),
    ])
}

/// A firing alert ends at `expiry` unless it is sent again before.
pub fn posting(notice: &Notice, expiry: Timestamp) -> Posting {
    let window = Duration::try_from_secs_f64(notice.window_seconds).unwrap_or_default();
    let written = |number: Option<f64>| number.map_or("NaN".to_owned(), |n| n.to_string());
    let mut annotations = BTreeMap::from([
        ("summary", notice.summary.clone()),
        ("value", written(notice.value)),
        ("limit", written(notice.limit)),
        ("window", duration::written(window)),
    ]);
    let mac = notice.device.mac.map(|mac| mac.to_string());
    let address = notice.device.address.map(|address| address.to_string());
    if let Some(address) = mac.or(address) {
        annotations.insert("address", address);
    }
    // A page of the hospital's own may be found by the name.
    annotations.insert("runbook", notice.name.clone());
    if let Some(description) = detections::find(&notice.name) {
        annotations.insert("description", description.sees.to_owned());
        annotations.insert("clinical_note", description.clinical_note.to_owned());
    }
    annotations.extend(notice.runbook_url.clone().map(|url| ("runbook_url", url)));
    annotations.extend(notice.story.map(|story| ("story", story.to_string())));
    annotations.extend(notice.stage.clone().map(|stage| ("stage", stage)));
    Posting {
        labels: labels(notice),
        annotations,
        starts_at: Timestamp::from_micros(notice.fired_at),
        ends_at: notice.resolved_at.map_or(expiry, Timestamp::from_micros),
    }
}
