//! What the agent answers, read leniently: unknown fields are ignored, missing
//! ones stay empty, so that the demonstration survives a change of shape.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde_json::Value;

/// One look at the agent.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    pub devices: Vec<Device>,
    pub flows: Vec<Value>,
    pub alerts: Vec<Alert>,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// The agent's own number for it.
    pub id: String,
    pub name: String,
    pub vendor: String,
    pub hardware: String,
    pub addresses: Vec<String>,
    pub applications: Vec<String>,
    /// Octets sent and received so far, if the agent says so.
    pub octets: Option<u64>,
}

impl Device {
    /// What stays the same from one answer to the next.
    pub fn identity(&self) -> String {
        let names = [self.id.clone(), self.hardware.clone(), self.addresses.join(" ")];
        names.into_iter().find(|name| !name.is_empty()).unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alert {
    pub rule: String,
    pub name: String,
    pub severity: String,
    pub device: String,
    pub summary: String,
    pub fired_at: Option<SystemTime>,
}

/// One line of the metrics text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// The answer of a command: one JSON document, or one on each line.
pub fn parse_json(answer: &str) -> Option<Value> {
    if let Ok(document) = serde_json::from_str(answer) {
        return Some(document);
    }
    let lines: Result<Vec<Value>, _> = answer.lines().map(serde_json::from_str).collect();
    lines.ok().map(Value::Array)
}

/// The list in an answer: the answer itself, or its only (or named) list.
fn list<'a>(answer: &'a Value, name: &str) -> &'a [Value] {
    let named = answer.get(name).or_else(|| answer.get("items")).or_else(|| answer.get("data"));
    named.unwrap_or(answer).as_array().map_or(&[], Vec::as_slice)
}

/// The first of these fields that is there and not null.
fn field<'a>(object: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| object.get(name).filter(|value| !value.is_null()))
}

fn text(object: &Value, names: &[&str]) -> String {
    match field(object, names) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        // A nested device or key: its own name.
        Some(nested @ Value::Object(_)) => {
            text(nested, &["host_name", "name", "address", "mac", "id"])
        }
        _ => String::new(),
    }
}

fn texts(object: &Value, names: &[&str]) -> Vec<String> {
    match field(object, names) {
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| {
                value
                    .as_str()
                    .map_or_else(|| text(value, &["name", "application", "address"]), str::to_owned)
            })
            .collect(),
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

pub fn devices_in(answer: &Value) -> Vec<Device> {
    let device = |value: &Value| Device {
        id: text(value, &["id", "device_id"]),
        name: text(value, &["host_name", "hostname", "name"]),
        vendor: text(value, &["vendor", "maker"]),
        hardware: text(value, &["mac", "mac_address", "station", "hardware_address"]),
        addresses: texts(value, &["addresses", "ip_addresses", "address", "ip"]),
        applications: texts(value, &["applications", "protocols"]),
        octets: field(value, &["octets", "octets_total"]).and_then(Value::as_u64),
    };
    list(answer, "devices").iter().map(device).collect()
}

pub fn flows_in(answer: &Value) -> Vec<Value> {
    list(answer, "flows").to_vec()
}

/// A time of day as in RFC 3339.
fn moment(text: &str) -> Option<SystemTime> {
    SystemTime::try_from(text.parse::<jiff::Timestamp>().ok()?).ok()
}

pub fn alerts_in(answer: &Value) -> Vec<Alert> {
    let alert = |value: &Value| Alert {
        rule: text(value, &["rule", "rule_id", "id"]),
        name: text(value, &["name", "rule_name", "title"]),
        severity: text(value, &["severity"]),
        device: text(value, &["device_name", "host_name", "device", "address"]),
        summary: text(value, &["summary", "message", "description"]),
        fired_at: moment(&text(value, &["timestamp", "fired_at", "time", "@timestamp"])),
    };
    list(answer, "alerts").iter().map(alert).collect()
}

/// The samples of a metrics text in the Prometheus format; comments and lines
/// of another form are skipped.
pub fn samples_in(text: &str) -> Vec<Sample> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(sample_in).collect()
}

fn sample_in(line: &str) -> Option<Sample> {
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (series, ""),
    };
    // No label value of the agent holds a comma or a quote.
    let labels = labels
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    Some(Sample { name: name.to_owned(), labels, value })
}

impl Observed {
    /// Octets by application, most first.
    pub fn application_octets(&self) -> Vec<(String, u64)> {
        let mut octets = BTreeMap::<String, u64>::new();
        for sample in self.samples.iter().filter(|sample| sample.name.contains("octets")) {
            if let Some(application) = sample.labels.get("application") {
                *octets.entry(application.clone()).or_default() += sample.value as u64;
            }
        }
        let mut octets: Vec<_> = octets.into_iter().filter(|(_, octets)| *octets > 0).collect();
        octets.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        octets
    }

    /// Frames by what became of them: the metric's name without prefix and
    /// suffix, with the reason where one is given.
    pub fn frame_fates(&self) -> BTreeMap<String, u64> {
        let mut fates = BTreeMap::new();
        for sample in &self.samples {
            let fate =
                sample.name.strip_prefix("wardline_").and_then(|name| name.strip_suffix("_total"));
            let Some(fate) = fate.filter(|fate| fate.contains("frames")) else {
                continue;
            };
            let reason = ["fate", "reason"].iter().find_map(|label| sample.labels.get(*label));
            let fate = reason.map_or_else(|| fate.to_owned(), |reason| format!("{fate} {reason}"));
            *fates.entry(fate).or_default() += sample.value as u64;
        }
        fates.retain(|_, frames| *frames > 0);
        fates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn devices_are_read_from_a_bare_list_and_from_a_wrapped_one() {
        let device = json!({"host_name": "WARD-PC-51", "vendor": "Dell", "mac": "d4:ae:52:00:a0:33",
            "addresses": ["10.20.0.51"], "applications": ["dns", "tls"], "is_router": false});
        let expected = Device {
            id: String::new(),
            name: "WARD-PC-51".to_owned(),
            vendor: "Dell".to_owned(),
            hardware: "d4:ae:52:00:a0:33".to_owned(),
            addresses: vec!["10.20.0.51".to_owned()],
            applications: vec!["dns".to_owned(), "tls".to_owned()],
            octets: None,
        };
        assert_eq!(devices_in(&json!([device])), std::slice::from_ref(&expected));
        assert_eq!(devices_in(&json!({"devices": [device]})), [expected]);
        assert_eq!(devices_in(&json!([{"vendor": null}])), [Device::default()]);
    }

    #[test]
    fn alerts_keep_their_time() {
        let alerts =
            alerts_in(&json!([{"rule": "WL-002", "timestamp": "2026-01-02T03:04:05.250000Z"}]));
        assert_eq!(alerts[0].rule, "WL-002");
        let at = alerts[0].fired_at.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!((at.as_secs(), at.subsec_millis()), (1_767_323_045, 250));
    }

    #[test]
    fn metrics_give_applications_and_fates() {
        let text = "# HELP x y\nwardline_flow_octets_total{application=\"dicom\",direction=\"forward\"} 1000\n\
                    wardline_flow_octets_total{application=\"dicom\",direction=\"reverse\"} 24\n\
                    wardline_frames_received_total{interface=\"clin0\"} 7\n\
                    wardline_frames_undissected_total{reason=\"unknown_ethertype\"} 2\n";
        let observed = Observed { samples: samples_in(text), ..Observed::default() };
        assert_eq!(observed.application_octets(), [("dicom".to_owned(), 1024)]);
        let fates = observed.frame_fates();
        assert_eq!(fates["frames_received"], 7);
        assert_eq!(fates["frames_undissected unknown_ethertype"], 2);
    }
}
