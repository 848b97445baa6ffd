//! `wardline profiles`: what is learned of devices, and how to have it learned anew.

use std::fmt::Write as _;

use serde_json::Value;

use super::{
    Failure,
    arguments::{List, Output, Profiles, ProfilesAction},
    list::{self, cell, json, unanswered},
    say,
};
use crate::{
    control,
    question::{ProfileQuestion, Subject},
};

pub fn run(words: Profiles) -> Result<(), Failure> {
    let Profiles { action, output, socket } = words;
    let question = match action {
        None | Some(ProfilesAction::List) => {
            return list::run(Subject::Profiles, List { output, socket });
        }
        Some(ProfilesAction::Show { device }) => ProfileQuestion::Show { device },
        Some(ProfilesAction::Reset { device, reason }) => ProfileQuestion::Reset { device, reason },
    };
    let answer = control::ask_about_profiles(&socket, &question);
    let answer = answer.map_err(|error| unanswered(&error))?;
    match output {
        Output::Json => say(&json("profile", answer)),
        Output::Table => say(&text(&answer)),
    }
}

/// One profile. What comes from the network passes [`cell`].
fn text(profile: &Value) -> String {
    let boundary = if profile["state"] == "learning" { "until" } else { "since" };
    let mut text = format!(
        "device {}: {} {boundary} {}; watched since {}\n",
        cell(&profile["id"]),
        cell(&profile["state"]),
        cell(&profile["boundary"]),
        cell(&profile["began"]),
    );
    if !profile["reset_reason"].is_null() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "learned anew because: {}", cell(&profile["reset_reason"]));
    }
    let hour = &profile["this_hour"];
    let _ = writeln!(
        text,
        "this hour: {} B sent; usual {}, unusual above {}",
        cell(&hour["bytes_sent"]),
        known(&hour["usual"]),
        known(&hour["unusual_above"]),
    );
    for service in profile["services"].as_array().map_or(&[][..], Vec::as_slice) {
        let what = match service["deed"].as_str() {
            Some("speaks") => cell(&service["application"]),
            Some("uses") => format!("{} port {}", cell(&service["peer"]), port(service)),
            _ => format!("port {}", port(service)),
        };
        let (deed, last_seen) = (cell(&service["deed"]), cell(&service["last_seen"]));
        let _ = writeln!(text, "  {deed:7} {what}  last seen {last_seen}");
    }
    text
}

fn known(octets: &Value) -> String {
    if octets.is_null() { "not known yet".to_owned() } else { format!("{} B", cell(octets)) }
}

fn port(service: &Value) -> String {
    let protocol = match service["protocol"].as_u64() {
        Some(6) => "tcp".to_owned(),
        Some(17) => "udp".to_owned(),
        _ => cell(&service["protocol"]),
    };
    format!("{}/{protocol}", cell(&service["port"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_profile_says_what_is_usual_and_since_when() {
        let text = text(&json!({
            "id": 7, "state": "learning", "boundary": "B", "began": "A",
            "reset_reason": "new \u{1b}firmware",
            "this_hour": {"bytes_sent": 5, "usual": 4, "unusual_above": null},
            "services": [
                {"deed": "uses", "peer": "10.0.0.1", "protocol": 6, "port": 104, "last_seen": "C"},
                {"deed": "speaks", "application": "dicom", "last_seen": "C"},
            ],
        }));
        assert_eq!(
            text,
            "device 7: learning until B; watched since A\n\
             learned anew because: new firmware\n\
             this hour: 5 B sent; usual 4 B, unusual above not known yet\n\
             \x20 uses    10.0.0.1 port 104/tcp  last seen C\n\
             \x20 speaks  dicom  last seen C\n"
        );
    }
}
