//! What the agent called the flows of a capture, from its events.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::flow::FlowKey;

pub const UNKNOWN: &str = "unknown";

/// A label and the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub label: String,
    pub evidence: String,
}

/// The labels in an events file. Of several records of one flow the first with a label counts.
pub fn read(events: &Path) -> Result<HashMap<FlowKey, Given>> {
    let shown = || format!("cannot read {}", events.display());
    let text = fs::read_to_string(events).with_context(shown)?;
    let mut given = HashMap::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).with_context(shown)?;
        if let Some((key, found)) = flow(&event) {
            let present = given.entry(key).or_insert_with(|| found.clone());
            if present.label == UNKNOWN {
                *present = found;
            }
        }
    }
    Ok(given)
}

fn flow(event: &Value) -> Option<(FlowKey, Given)> {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    if text("event_type")? != "flow" {
        return None;
    }
    let port = |name: &str| {
        let number = event.get(name).and_then(Value::as_u64).unwrap_or(0);
        u16::try_from(number).unwrap_or(0)
    };
    let source = (text("src_ip")?, port("src_port"));
    let destination = (text("dest_ip")?, port("dest_port"));
    let key = FlowKey::new(text("proto")?, source, destination)?;
    let label = text("app_proto").unwrap_or(UNKNOWN).to_owned();
    Some((key, Given { label, evidence: text("app_evidence").unwrap_or(UNKNOWN).to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_event_gives_label_and_evidence_and_others_give_nothing() {
        let event = serde_json::json!({
            "event_type": "flow", "proto": "TCP", "src_ip": "10.0.0.1", "src_port": 4000,
            "dest_ip": "10.0.0.2", "dest_port": 104, "app_proto": "dicom",
            "app_evidence": "confirmed",
        });
        let (_, given) = flow(&event).expect("it is a flow");
        let expected = Given { label: "dicom".to_owned(), evidence: "confirmed".to_owned() };
        assert_eq!(given, expected);
        assert_eq!(flow(&serde_json::json!({ "event_type": "device" })), None);
    }
}
