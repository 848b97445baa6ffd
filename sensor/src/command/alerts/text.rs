//! Alerts as text for people. All that is printed passes [`cell`], which takes control characters
//! out: names come from the network.

use std::fmt::Write as _;

use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

use crate::command::list::cell;

/// Alerts, story by story in the order of the answer.
pub fn list(answer: &Value) -> String {
    let alerts = answer["alerts"].as_array().map_or(&[][..], Vec::as_slice);
    let mut text = String::new();
    if alerts.is_empty() {
        text.push_str("no alert is firing\n");
    }
    let story_of = |entry: &Value| entry["alert"]["story"]["id"].clone();
    for group in alerts.chunk_by(|one, other| story_of(one) == story_of(other)) {
        let story = &group[0]["alert"]["story"];
        if story.is_null() {
            text.push_str("WITHOUT A STORY\n");
        } else {
            // The last alert to fire knows the story as it stands.
            let _ = writeln!(
                text,
                "STORY {}  {}  device {} {}  {}  since {}",
                cell(&story["id"]),
                cell(&story["severity"]),
                cell(&group[0]["src_device"]),
                cell(&group[0]["src_ip"]),
                stages(story),
                cell(&story["start"]),
            );
        }
        let mut table = Table::new();
        table.load_preset(NOTHING).set_header([
            "  SEVERITY",
            "STAGE",
            "RULE",
            "NAME",
            "VALUE",
            "LIMIT",
            "SINCE",
            "STATE",
            "ID",
            "SUMMARY",
        ]);
        for entry in group {
            let alert = &entry["alert"];
            table.add_row([
                format!("  {}", cell(&alert["severity"])),
                cell(&alert["story"]["stage"]),
                cell(&alert["id"]),
                cell(&alert["name"]),
                cell(&alert["value"]),
                cell(&alert["limit"]),
                cell(&alert["fired_at"]),
                state(alert),
                cell(&alert["instance"]),
                cell(&alert["summary"]),
            ]);
        }
        let _ = writeln!(text, "{table}");
    }
    let total = answer["total"].as_u64().unwrap_or_default();
    if total > alerts.len() as u64 {
        let _ = writeln!(text, "{} of {total} shown", alerts.len());
    }
    text
}

fn stages(story: &Value) -> String {
    match story["stages"].as_array() {
        Some(stages) if !stages.is_empty() => {
            stages.iter().map(cell).collect::<Vec<_>>().join(" > ")
        }
        _ => "no stage of an attack".to_owned(),
    }
}

fn state(alert: &Value) -> String {
    let mut words = vec![cell(&alert["state"])];
    if let Some(cause) = alert["withheld"]["cause"].as_str() {
        words.push(format!("withheld: {cause}"));
    }
    match alert["acknowledged"]["is_outdated"].as_bool() {
        Some(false) => words.push("acknowledged".to_owned()),
        Some(true) => words.push("acknowledged, worse since".to_owned()),
        None => {}
    }
    words.join(", ")
}

/// The main lines on one alert.
pub fn alert(answer: &Value) -> String {
    let alert = &answer["alert"];
    let mut text = format!("{}\n\n", cell(&alert["summary"]));
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "{:14}{value}", format!("{name}:"));
        }
    };
    line("alert", cell(&alert["instance"]));
    line("rule", format!("{} {}", cell(&alert["id"]), cell(&alert["name"])));
    line("severity", cell(&alert["severity"]));
    line("state", state(alert));
    let names = ["src_device", "src_mac", "src_ip"].map(|key| cell(&answer[key]));
    line("device", names.join(" "));
    line("fired", cell(&alert["fired_at"]));
    line("resolved", cell(&alert["resolved_at"]));
    line("runbook", cell(&alert["runbook_url"]));
    let known = &alert["acknowledged"];
    if !known.is_null() {
        let (by, at, note) = (cell(&known["by"]), cell(&known["at"]), cell(&known["note"]));
        line("acknowledged", format!("by {by} at {at}: {note}"));
    }
    let withheld = &alert["withheld"];
    if !withheld.is_null() {
        let [cause, owner, reason, until] =
            ["cause", "owner", "reason", "until"].map(|key| cell(&withheld[key]));
        line("withheld", format!("{cause} {owner} {reason} {until}").trim_end().to_owned());
    }
    text
}

/// Everything that is known of one alert.
pub fn explanation(answer: &Value) -> String {
    let alert = &answer["alert"];
    let mut text = self::alert(answer);
    text.push_str("\nNUMBERS\n");
    let window = alert["window_seconds"].as_f64().unwrap_or_default();
    let _ = writeln!(
        text,
        "  {}: {} (limit {}) within {window} s; evidence since {}",
        cell(&alert["metric"]),
        cell(&alert["value"]),
        cell(&alert["limit"]),
        cell(&alert["evidence_since"]),
    );
    for number in list_of(&alert["evidence"]["numbers"]) {
        let _ = writeln!(text, "  {}: {}", cell(&number[0]), cell(&number[1]));
    }
    section(&mut text, "PEERS", list_of(&alert["evidence"]["peers"]).iter().map(cell));
    section(&mut text, "FLOWS IN EVIDENCE", list_of(&alert["evidence"]["flows"]).iter().map(cell));
    section(&mut text, "FLOWS UNDER WAY", list_of(&answer["flows"]).iter().map(flow));
    let rule = &answer["rule"];
    section(&mut text, "WHAT IT LOOKS FOR", words(&[&rule["title"], &rule["sees"]]));
    section(&mut text, "SETTINGS", words(&[&rule["details"]]));
    section(&mut text, "ON A WARD", words(&[&rule["clinical_note"]]));
    section(
        &mut text,
        "ATT&CK (identifiers unverified)",
        list_of(&rule["techniques"]).iter().map(cell),
    );
    let story = &alert["story"];
    if !story.is_null() {
        let _ = writeln!(
            text,
            "\nSTORY {} ({})\n  {}; since {}, last {}",
            cell(&story["id"]),
            cell(&story["severity"]),
            stages(story),
            cell(&story["start"]),
            cell(&story["last"])
        );
        for other in list_of(&answer["story"]) {
            let other = &other["alert"];
            let _ = writeln!(
                text,
                "  {} {} {}: {}",
                cell(&other["fired_at"]),
                cell(&other["severity"]),
                cell(&other["id"]),
                cell(&other["summary"])
            );
        }
    }
    section(
        &mut text,
        "HISTORY",
        list_of(&answer["history"]).iter().map(|line| {
            let [at, deed, by, text] = ["at", "deed", "by", "text"].map(|key| cell(&line[key]));
            let by = if by.is_empty() { by } else { format!(" by {by}") };
            let text = if text.is_empty() { text } else { format!(": {text}") };
            format!("{at} {deed}{by}{text}")
        }),
    );
    text
}

fn flow(flow: &Value) -> String {
    let end = |address: &str, port: &str| {
        let port = cell(&flow[port]);
        let separator = if port.is_empty() { "" } else { " port " };
        format!("{}{separator}{port}", cell(&flow[address]))
    };
    format!(
        "{} {} to {}  {}  {} B / {} B  {}  {}",
        cell(&flow["proto"]),
        end("src_ip", "src_port"),
        end("dest_ip", "dest_port"),
        cell(&flow["app_proto"]),
        cell(&flow["flow"]["bytes_toserver"]),
        cell(&flow["flow"]["bytes_toclient"]),
        cell(&flow["flow"]["start"]),
        cell(&flow["community_id"]),
    )
}

/// A heading and its lines, if there are any.
fn section(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    for (index, line) in lines.enumerate() {
        if index == 0 {
            let _ = write!(text, "\n{heading}\n");
        }
        let _ = writeln!(text, "  {line}");
    }
}

/// The lines of texts that are there.
fn words<'v>(texts: &[&'v Value]) -> impl Iterator<Item = String> + use<'v> {
    let texts: Vec<&str> = texts.iter().filter_map(|text| text.as_str()).collect();
    texts.into_iter().flat_map(str::lines).map(|line| cell(&Value::from(line)))
}

fn list_of(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub fn suppressed(answer: &Value) -> String {
    format!("suppression {}: {}\n", cell(&answer["id"]), what(&answer["suppression"]))
}

pub fn suppressions(answer: &Value) -> String {
    let mut table = Table::new();
    let header = ["NUMBER", "WHAT", "OWNER", "REASON", "UNTIL"];
    table.load_preset(NOTHING).set_header(header);
    for each in list_of(&answer["suppressions"]) {
        let number = if each["id"].is_null() { "configured".to_owned() } else { cell(&each["id"]) };
        let [owner, reason, until] = ["owner", "reason", "until"].map(|key| cell(&each[key]));
        table.add_row([number, what(each), owner, reason, until]);
    }
    for each in list_of(&answer["maintenance"]) {
        let [owner, reason, until] = ["owner", "reason", "until"].map(|key| cell(&each[key]));
        table.add_row(["maintenance".to_owned(), what(each), owner, reason, until]);
    }
    format!("{table}\n")
}

fn what(suppression: &Value) -> String {
    let keys = ["rule", "rules", "device", "devices", "role", "network"];
    let named = keys.iter().filter(|key| !suppression[**key].is_null());
    named.map(|key| format!("{key} {}", cell(&suppression[*key]))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(id: u64, story: u64, summary: &str) -> Value {
        json!({
            "src_device": 4, "src_ip": "10.20.0.4",
            "alert": {
                "id": "WL-002", "name": "smb_fan_out", "instance": id, "severity": "critical",
                "state": "firing", "value": 35.0, "limit": 10.0, "summary": summary,
                "metric": "distinct_peers", "window_seconds": 60.0,
                "fired_at": "2026-11-23T16:03:00Z", "resolved_at": null,
                "story": {"id": story, "stage": "spread", "stages": ["recon", "spread"],
                          "severity": "critical", "start": "2026-11-23T16:00:00Z"}
            }
        })
    }

    #[test]
    fn alerts_of_one_story_stand_together() {
        let alerts = [entry(1, 7, "a"), entry(2, 7, "b"), entry(3, 8, "c\u{1b}[2J\n")];
        let text = list(&json!({"alerts": alerts, "total": 5}));
        assert_eq!(text.matches("STORY").count(), 2, "{text}");
        assert!(text.contains("recon > spread"));
        assert!(!text.contains('\u{1b}'));
        assert!(text.ends_with("3 of 5 shown\n"));
        assert_eq!(list(&json!({"alerts": []})), "no alert is firing\n");
    }

    #[test]
    fn an_explanation_has_numbers_notes_and_history() {
        let mut answer = entry(1, 7, "Device 4 contacts distinct peers: 35");
        answer["alert"]["evidence"] =
            json!({"numbers": [["refused", 30.0]], "peers": ["10.0.0.1"]});
        answer["rule"] = json!({"title": "Fan-out", "sees": "Many.", "clinical_note": "Look first.",
                                "techniques": ["T1210"]});
        answer["history"] =
            json!([{"at": "t", "deed": "acknowledged", "by": "Ada", "text": "seen"}]);
        answer["flows"] = json!([{"proto": "TCP", "src_ip": "10.20.0.4", "src_port": 1,
                                  "dest_ip": "10.0.0.1", "dest_port": 445, "community_id": "1:x"}]);
        let text = explanation(&answer);
        let expected = [
            "distinct_peers: 35 (limit 10) within 60 s",
            "refused: 30",
            "10.0.0.1",
            "Look first.",
            "T1210",
            "t acknowledged by Ada: seen",
            "1:x",
            "STORY 7",
        ];
        for part in expected {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
