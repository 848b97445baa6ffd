//! What can be said of an alert beside the alert itself: in the words of its detection, and what
//! was done about it.

use serde_json::{Value, json};

use crate::{
    detect::{Alert, desk::Note, detections, listing},
    export::eve::{EventContext, alert_value},
    inventory::Device,
};

/// An alert as it stands in events, with what its detection says of itself.
pub fn explained(alert: &Alert, device: Option<&Device>, context: &EventContext<'_>) -> Value {
    let mut value = alert_value(alert, device, context);
    value["rule"] = match detections::find(&alert.name) {
        Some(description) => json!({
            "title": description.title,
            "sees": description.sees,
            "clinical_note": description.clinical_note,
            "techniques": description.techniques,
        }),
        // A threshold is told by its settings.
        None => json!({"details": listing::details(&alert.name)}),
    };
    value
}

/// When an alert fired, what was done about it, and when it was resolved; the oldest first.
pub fn history(alert: &Value, notes: &[Note]) -> Value {
    let line = |at: &Value, deed: &str| json!({"at": at, "deed": deed});
    let mut lines = vec![line(&alert["fired_at"], "fired")];
    lines.extend(notes.iter().map(
        |note| json!({"at": note.at, "deed": note.deed.name(), "by": note.by, "text": note.text}),
    ));
    if !alert["resolved_at"].is_null() {
        lines.push(line(&alert["resolved_at"], "resolved"));
    }
    Value::Array(lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{detect::desk::Deed, time::Timestamp};

    #[test]
    fn history_begins_with_firing_and_ends_with_resolution() {
        let alert = json!({"fired_at": "1", "resolved_at": "3"});
        let (at, deed) = (Timestamp::from_micros(2), Deed::Acknowledged);
        let note = Note { alert: 1, at, deed, by: "Ada".into(), text: "seen".into() };
        let lines = history(&alert, &[note]);
        let deeds: Vec<&str> =
            lines.as_array().unwrap().iter().filter_map(|line| line["deed"].as_str()).collect();
        assert_eq!(deeds, ["fired", "acknowledged", "resolved"]);
        assert_eq!(lines[1]["by"], "Ada");
        let firing = history(&json!({"fired_at": "1", "resolved_at": null}), &[]);
        assert_eq!(firing.as_array().unwrap().len(), 1);
    }
}
