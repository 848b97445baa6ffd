//! `wardline devices`, `flows`, `unknown`: what the running agent says, for people or programs.

use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

use super::{
    Exit, Failure,
    arguments::{List, Output},
    say,
};
use crate::{
    control::{self, ControlError},
    question::Subject,
};

pub fn run(subject: Subject, words: List) -> Result<(), Failure> {
    let answer = control::ask(&words.socket, subject).map_err(|error| unanswered(&error))?;
    match words.output {
        Output::Json => say(&json(subject.name(), answer)),
        Output::Table => say(&format!("{}\n", table(subject, &answer))),
    }
}

/// An answer for programs: with the name and version of what it is. What is added keeps the version;
/// what goes, or changes its meaning, raises it.
pub fn json(kind: &str, mut answer: Value) -> String {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("schema".to_owned(), format!("wardline/{kind}/v1").into());
    }
    format!("{answer:#}\n")
}

/// Why the agent did not answer, and how the command ends.
pub fn unanswered(error: &ControlError) -> Failure {
    match error {
        ControlError::NotPermitted { .. } => Failure::new(Exit::NotPermitted, error),
        _ => Failure::failed(error),
    }
}

/// Columns: title, and the path to the value in each entry.
fn columns(subject: Subject) -> &'static [(&'static str, &'static str)] {
    match subject {
        Subject::Devices => &[
            ("ID", "/id"),
            ("VENDOR", "/vendor"),
            ("NAME", "/host_name"),
            ("MAC", "/mac"),
            ("VLAN", "/vlan"),
            ("ADDRESSES", "/addresses"),
            ("APPLICATIONS", "/applications"),
            ("SENT B", "/sent/bytes"),
            ("RECEIVED B", "/received/bytes"),
            ("LAST SEEN", "/last_seen"),
        ],
        Subject::Flows => &[
            ("PROTO", "/proto"),
            ("IN", "/tunnel/kind"),
            ("INITIATOR", "/src_ip"),
            ("PORT", "/src_port"),
            ("RESPONDER", "/dest_ip"),
            ("PORT", "/dest_port"),
            ("APPLICATION", "/app_proto"),
            ("EVIDENCE", "/app_evidence"),
            ("B TO", "/flow/bytes_toserver"),
            ("B FROM", "/flow/bytes_toclient"),
            ("START", "/flow/start"),
        ],
        Subject::Unknown => &[
            ("PROTO", "/proto"),
            ("PORT", "/port"),
            ("DIGEST", "/digest"),
            ("FLOWS", "/flows"),
            ("B", "/bytes"),
            ("PORT SUGGESTS", "/guess"),
            ("DEVICES", "/devices"),
            ("LAST SEEN", "/last_seen"),
        ],
        Subject::Profiles => &[
            ("DEVICE", "/id"),
            ("VENDOR", "/vendor"),
            ("ADDRESS", "/address"),
            ("STATE", "/state"),
            ("UNTIL, SINCE", "/boundary"),
            ("USUAL SERVICES", "/usual_services"),
            ("LEARNED ANEW BECAUSE", "/reset_reason"),
        ],
        // Those are not printed as one table.
        Subject::Alerts | Subject::Status => &[],
    }
}

fn table(subject: Subject, answer: &Value) -> String {
    let columns = columns(subject);
    let entries = answer.get(subject.name()).and_then(Value::as_array);
    let entries = entries.map_or(&[][..], Vec::as_slice);
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(columns.iter().map(|(title, _)| *title));
    for entry in entries {
        table.add_row(
            columns.iter().map(|(_, path)| entry.pointer(path).map(cell).unwrap_or_default()),
        );
    }
    let mut text = table.to_string();
    let total = answer.get("total").and_then(Value::as_u64).unwrap_or(entries.len() as u64);
    if total > entries.len() as u64 {
        text.push_str(&format!("\n{} of {total} shown", entries.len()));
    }
    text
}

/// A value as one line of text; names come from the network, so control characters go.
pub fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            let rounded = format!("{:.3}", number.as_f64().unwrap_or_default());
            rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        Value::Array(values) => values.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        let answer = json!({"devices": [{"id": 1, "host_name": "x\u{1b}[2J\ny", "addresses": ["10.0.0.1"]}]});
        let text = table(Subject::Devices, &answer);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains('\u{1b}'));
        assert!(text.contains("10.0.0.1"));
    }

    #[test]
    fn a_cut_list_says_so() {
        let text = table(Subject::Flows, &json!({"total": 12, "flows": [{"proto": "TCP"}]}));
        assert!(text.ends_with("1 of 12 shown"), "{text}");
    }
}
