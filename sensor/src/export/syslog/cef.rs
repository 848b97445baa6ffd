//! ArcSight Common Event Format, version 0 of it (implementation standard, revision 26): a header
//! of seven fields and an extension of keys.

use std::{fmt::Write as _, net::IpAddr};

use crate::{
    detect::Severity,
    export::{
        delivery::Notice,
        text::{clipped, harmless, number},
    },
};

/// Octets of a value, before it is escaped, and of the summary.
const VALUE: usize = 64;
const TEXT: usize = 512;

/// What Wardline's severities are there: 0 to 10.
const fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 1,
        Severity::Low => 3,
        Severity::Medium => 5,
        Severity::High => 8,
        Severity::Critical => 10,
    }
}

/// An event, one line without its end.
pub fn event(notice: &Notice) -> String {
    let mut event = String::from("CEF:0|Wardline|Wardline|");
    event.push_str(env!("CARGO_PKG_VERSION"));
    for field in [notice.rule.as_str(), notice.name.as_str()] {
        event.push('|');
        let field = harmless(field);
        escaped(&mut event, clipped(&field, VALUE), '|');
    }
    // Writing into a string does not fail.
    let _ = write!(event, "|{}|", severity(notice.severity));
    extension(&mut event, notice);
    // The space before the next key.
    event.pop();
    event
}

fn extension(event: &mut String, notice: &Notice) {
    let device = &notice.device;
    let milliseconds = |micros: i64| (micros / 1000).to_string();
    let (v4, v6) = match device.address {
        Some(IpAddr::V4(address)) => (Some(address.to_string()), None),
        Some(IpAddr::V6(address)) => (None, Some(address.to_string())),
        None => (None, None),
    };
    let v6_label = v6.as_ref().map(|_| "Source IPv6 Address".to_owned());
    let label = |text: &str| Some(text.to_owned());
    let value_label = notice.value.and_then(|_| label("Value"));
    let limit_label = notice.limit.and_then(|_| label("Limit"));
    let keys = [
        ("rt", Some(milliseconds(notice.told_at))),
        ("start", Some(milliseconds(notice.evidence_since))),
        ("end", notice.resolved_at.map(milliseconds)),
        ("dvchost", Some(notice.sensor.clone())),
        ("externalId", Some(notice.key())),
        ("cat", label(if notice.is_test { "test" } else { "alert" })),
        ("act", Some(notice.state_name().to_owned())),
        ("src", v4),
        ("c6a2", v6),
        ("c6a2Label", v6_label),
        ("smac", device.mac.map(|mac| mac.to_string())),
        ("shost", device.host_name.clone()),
        ("cs1", Some(format!("{:016x}", notice.alert))),
        ("cs1Label", label("Alert")),
        ("cs2", Some(notice.metric.clone())),
        ("cs2Label", label("Metric")),
        ("cs3", device.vendor.clone()),
        ("cs3Label", device.vendor.as_ref().and_then(|_| label("Vendor"))),
        ("cn1", Some(device.id.to_string())),
        ("cn1Label", label("Device")),
        ("cfp1", notice.value.map(number)),
        ("cfp1Label", value_label),
        ("cfp2", notice.limit.map(number)),
        ("cfp2Label", limit_label),
        ("cfp3", Some(number(notice.window_seconds))),
        ("cfp3Label", label("Window in seconds")),
    ];
    for (key, value) in keys {
        if let Some(value) = value {
            let value = harmless(&value);
            pair(event, key, clipped(&value, VALUE));
        }
    }
    let summary = harmless(&notice.summary);
    pair(event, "msg", clipped(&summary, TEXT));
}

/// Adds a key and a value that cannot look like the next key: `=` is escaped in it.
fn pair(event: &mut String, key: &str, value: &str) {
    event.push_str(key);
    event.push('=');
    escaped(event, value, '=');
    event.push(' ');
}

/// A backslash, and what ends a field or a key, are escaped.
fn escaped(event: &mut String, value: &str, delimiter: char) {
    for character in value.chars() {
        if character == '\\' || character == delimiter {
            event.push('\\');
        }
        event.push(character);
    }
}
