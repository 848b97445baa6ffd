//! What the agent answers: the lists of its socket and its metrics, as far as
//! the demonstration shows them. A field that is missing stays empty.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// One look at the agent.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// In the order in which they were found.
    pub devices: Vec<Device>,
    /// Conversations under way.
    pub flows: u64,
    pub alerts: Vec<Alert>,
    pub samples: Vec<Sample>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Device {
    /// The agent's own number for it.
    pub id: u32,
    pub host_name: Option<String>,
    pub vendor: Option<String>,
    pub mac: Option<String>,
    pub addresses: Vec<String>,
    pub applications: Vec<String>,
    pub sent: Counts,
    pub received: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub packets: u64,
    pub bytes: u64,
}

impl Device {
    /// Octets sent and received so far.
    pub fn octets(&self) -> u64 {
        self.sent.bytes + self.received.bytes
    }

    /// The address by which people know it: IPv4 before IPv6, none that is
    /// link-local.
    pub fn address(&self) -> &str {
        let is_v4 = |address: &&String| !address.contains(':');
        let is_routable = |address: &&String| !address.starts_with("fe80:");
        let mut addresses = self.addresses.iter();
        let found = addresses.clone().find(is_v4).or_else(|| addresses.find(is_routable));
        found.map_or("", String::as_str)
    }

    /// What it calls itself, or else its hardware address.
    pub fn name(&self) -> &str {
        self.host_name.as_deref().or(self.mac.as_deref()).unwrap_or_default()
    }
}

/// An alert, and whose it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Alert {
    #[serde(rename = "src_device")]
    pub device: u32,
    #[serde(rename = "alert")]
    pub finding: Finding,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Finding {
    #[serde(rename = "id")]
    pub rule: String,
    pub name: String,
    pub severity: String,
    pub summary: String,
    #[serde(deserialize_with = "moment")]
    pub fired_at: Option<SystemTime>,
}

/// One line of the metrics text.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// A time of day as in RFC 3339.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let timestamp = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    Ok(timestamp.and_then(|timestamp| SystemTime::try_from(timestamp).ok()))
}

/// The entries of an answer's list; one of another shape is left out.
fn entries<T: for<'de> Deserialize<'de>>(answer: &Value, list: &str) -> Vec<T> {
    let entries = answer.get(list).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    entries.iter().filter_map(|entry| T::deserialize(entry).ok()).collect()
}

pub fn devices_in(answer: &Value) -> Vec<Device> {
    let mut devices: Vec<Device> = entries(answer, "devices");
    devices.sort_by_key(|device| device.id);
    devices
}

pub fn alerts_in(answer: &Value) -> Vec<Alert> {
    entries(answer, "alerts")
}

/// How many flows there are; the answer may list fewer.
pub fn flows_in(answer: &Value) -> u64 {
    answer.get("total").and_then(Value::as_u64).unwrap_or_default()
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
    // The labels that are read here hold neither commas nor quotes.
    let labels = labels
        .split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()))
        .collect();
    Some(Sample { name: name.to_owned(), labels, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn devices_are_read_in_the_order_in_which_they_were_found() {
        let answer = json!({"devices": [
            {"id": 2, "vendor": null, "mac": "00:40:84:00:a0:29", "addresses": []},
            {"id": 1, "host_name": "WARD-PC-51", "vendor": "Dell Inc.", "mac": "d4:ae:52:00:a0:33",
             "addresses": ["fe80::1", "10.20.0.51"], "applications": ["dns", "tls"], "is_router": false,
             "sent": {"packets": 2, "bytes": 120}, "received": {"packets": 1, "bytes": 60}},
        ]});
        let devices = devices_in(&answer);
        assert_eq!(devices[0].name(), "WARD-PC-51");
        assert_eq!(devices[0].address(), "10.20.0.51");
        assert_eq!(devices[0].octets(), 180);
        assert_eq!((devices[1].name(), devices[1].address()), ("00:40:84:00:a0:29", ""));
        assert!(devices_in(&json!({"error": "busy"})).is_empty());
    }

    #[test]
    fn alerts_keep_their_time() {
        let alerts = alerts_in(&json!({"alerts": [{"src_device": 4, "alert":
            {"id": "WL-002", "fired_at": "2026-01-02T03:04:05.250000Z", "resolved_at": null}}]}));
        assert_eq!((alerts[0].device, alerts[0].finding.rule.as_str()), (4, "WL-002"));
        let fired_at = alerts[0].finding.fired_at.unwrap();
        let at = fired_at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!((at.as_secs(), at.subsec_millis()), (1_767_323_045, 250));
    }

    #[test]
    fn samples_keep_their_labels() {
        let text = "# HELP x y\nwardline_frames_total{fate=\"counted\"} 7\nwardline_ready 1\n";
        let samples = samples_in(text);
        assert_eq!(samples.len(), 2);
        assert_eq!(samples[0].labels["fate"], "counted");
        assert_eq!((samples[1].name.as_str(), samples[1].value), ("wardline_ready", 1.0));
    }
}
