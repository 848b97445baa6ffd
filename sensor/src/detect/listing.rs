//! The catalogue of thresholds and detections as text, for the command line and the documentation.

use std::{fmt::Write, time::Duration};

use serde::Serialize;

use super::{
    Severity, builtin,
    description::{Description, Parameter, Source, Unit},
    detections,
};
use crate::config::duration;

/// Detections that were thought of and are not made, or not wholly, and why.
const NOT_DONE: [(&str, &str, &str); 12] = [
    (
        "WL-027",
        "clinical data in clear to another site of the organisation with private addresses",
        "private addresses are all of the site; zones are not configured",
    ),
    (
        "WL-031",
        "the usual volume of a role",
        "the limit is a fixed one; what is usual of a device is learned elsewhere",
    ),
    (
        "WL-036",
        "instances fetched, wildcards of queries",
        "of an association the kinds of operations are known, not how many or with which keys",
    ),
    (
        "WL-037",
        "DICOM files with an executable's preamble",
        "a preamble is of files; DICOM on the network has none, and data sets are not sampled, for \
         they are about patients",
    ),
    (
        "WL-038",
        "HL7 message types and sending applications",
        "messages of HL7 are not sampled beyond their recognition, for they are about patients",
    ),
    (
        "WL-039",
        "an analyser's identifier at a second address, unsolicited ends, floods of enquiries",
        "messages of ASTM and POCT1-A are not sampled",
    ),
    (
        "WL-040",
        "bursts of aborted associations, the station address inside the messages, GE monitors",
        "messages of monitors are not sampled; cards of GE monitors bear several makers' names",
    ),
    (
        "WL-043",
        "a pneumatic tube station's peers and firmware",
        "no description of the protocol is public from which it could be recognised; a role with a \
         threshold of `distinct_peers` is a makeshift",
    ),
    (
        "WL-045",
        "hashes of files and certificates, URLs, indicators joined by AND or in sequence",
        "neither files nor certificates nor requests are sampled",
    ),
    ("WL-045", "feeds fetched while the agent runs", "files are read at the start"),
    (
        "WL-047",
        "clocks that are wrong",
        "neither the stratum nor the times in NTP, DICOM and HL7 are sampled",
    ),
    (
        "WL-048",
        "ring losses, refused endpoints, silence of a VLAN",
        "losses are metrics of the agent (`wardline_frames_total`, `wardline_endpoints_refused_total`) \
         with rules in `deploy/rules/sensor.yml`; VLANs are not measured apart",
    ),
];

/// One line of the catalogue.
#[derive(Debug, Serialize)]
pub struct Line {
    pub id: String,
    pub name: String,
    pub severity: Severity,
    pub title: String,
    pub techniques: &'static [&'static str],
    /// Whether it is a threshold, which configuration alone makes.
    pub is_threshold: bool,
}

/// All of them, by id and name.
pub fn lines() -> Vec<Line> {
    let of_detections = detections::ALL.iter().map(|detection| {
        let description = detection.description;
        Line {
            id: description.id.to_owned(),
            name: description.name.to_owned(),
            severity: description.severity,
            title: description.title.to_owned(),
            techniques: description.techniques,
            is_threshold: false,
        }
    });
    let of_thresholds = builtin::thresholds().into_iter().map(|rule| Line {
        title: format!(
            "{} of at least {} in {}",
            rule.metric.name().replace('_', " "),
            (rule.limit * 1000.0).round() / 1000.0,
            duration::written(rule.window)
        ),
        id: rule.id,
        name: rule.name,
        severity: rule.severity,
        techniques: &[],
        is_threshold: true,
    });
    let mut lines: Vec<Line> = of_detections.chain(of_thresholds).collect();
    lines.sort_by(|left, right| (&left.id, &left.name).cmp(&(&right.id, &right.name)));
    lines
}

/// The table of `wardline detections`.
pub fn table() -> String {
    let mut text = format!("{:8}{:32}{:10}{:11}TITLE\n", "ID", "NAME", "SEVERITY", "KIND");
    for line in lines() {
        let kind = if line.is_threshold { "threshold" } else { "detection" };
        let severity = line.severity.name();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{:8}{:32}{severity:10}{kind:11}{}", line.id, line.name, line.title);
    }
    text
}

/// Everything that is known of one detection or threshold.
pub fn details(name: &str) -> Option<String> {
    if let Some(description) = detections::find(name) {
        return Some(section(description));
    }
    let rule = builtin::thresholds().into_iter().find(|rule| rule.name == name)?;
    Some(toml::to_string(&rule).expect("a threshold holds numbers, texts and lists only"))
}

/// `docs/detections.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Detections\n\n\
         Written by `wardline detections --output markdown`; a test compares it. Defaults marked\n\
         *ours* are proposals of ours and no standard. ATT&CK identifiers are from memory of the\n\
         published matrices and were not checked against the STIX bundle.\n\n\
         Alerts are operational information. Wardline is not a medical device, and none of its\n\
         alerts may stand in for a clinical alarm.\n\n\
         | id | name | severity | kind | |\n| --- | --- | --- | --- | --- |\n",
    );
    for line in lines() {
        let kind = if line.is_threshold { "threshold" } else { "detection" };
        let _ = writeln!(
            text,
            "| {} | `{}` | {} | {kind} | {} |",
            line.id,
            line.name,
            line.severity.name(),
            line.title
        );
    }
    text.push_str(
        "\nA threshold is set by `[[threshold]]`, a detection by `[detection.NAME]`\n\
         ([configuration](configuration.md)).\n",
    );
    for detection in detections::ALL {
        let _ = write!(text, "\n{}", section(detection.description));
    }
    text.push_str("\n## Not done, and why\n\n| id | what | why |\n| --- | --- | --- |\n");
    for (id, what, why) in NOT_DONE {
        let _ = writeln!(text, "| {id} | {what} | {why} |");
    }
    text
}

fn section(description: &Description) -> String {
    let Description { id, name, title, severity, sees, clinical_note, clears_after, .. } =
        description;
    let mut text = format!("## {id} {title}\n\n`{name}`, {}.\n\n", severity.name());
    let _ = write!(text, "{}\n\n{}\n\n", wrapped(sees), wrapped(clinical_note));
    if !description.parameters.is_empty() {
        text.push_str("| parameter | default | from | to | source | |\n");
        text.push_str("| --- | --- | --- | --- | --- | --- |\n");
        for parameter in description.parameters {
            let _ = writeln!(text, "{}", row(parameter));
        }
        text.push('\n');
    }
    let listed = |names: &[&str]| match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    };
    let _ = writeln!(
        text,
        "Excused roles: {}. Resolved {} after the last finding. ATT&CK (unverified): {}.",
        listed(description.excused_roles),
        duration::written(*clears_after),
        listed(description.techniques)
    );
    text
}

fn row(parameter: &Parameter) -> String {
    let written = |value: f64| match parameter.unit {
        Unit::Seconds => duration::written(Duration::from_secs_f64(value)),
        _ => value.to_string(),
    };
    let source = match parameter.source {
        Source::Ours => "ours",
        Source::Published(source) => source,
    };
    format!(
        "| `{}` ({}) | {} | {} | {} | {source} | {} |",
        parameter.name,
        parameter.unit.name(),
        written(parameter.default),
        written(parameter.minimum),
        written(parameter.maximum),
        parameter.meaning
    )
}

/// Broken into lines of at most 100 characters.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a first line");
        if line.len() + word.len() >= 100 {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_is_what_the_catalogue_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/detections.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == document(),
            "docs/detections.md is old: `wardline detections --output markdown > docs/detections.md`"
        );
    }

    #[test]
    fn each_has_details() {
        for line in lines() {
            assert!(
                details(&line.name).is_some_and(|text| text.contains(&line.id)),
                "{}",
                line.name
            );
        }
        assert!(details("nothing").is_none());
    }
}
