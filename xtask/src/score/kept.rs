//! The figures of the last release, in a file of the repository, and what has fallen since.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::figures::{EVIDENCE, Figures, LabelFigures};

/// Seen from the workspace.
pub const FILE: &str = "docs/score.json";

/// Figures by part of the corpus.
pub type Parts = BTreeMap<String, Figures>;

/// `None` where nothing was kept yet.
pub fn read(root: &Path) -> Result<Option<Parts>> {
    let path = root.join(FILE);
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {FILE}"))?;
    parse(&text).with_context(|| format!("{FILE} is not understood")).map(Some)
}

pub fn write(root: &Path, parts: &Parts) -> Result<()> {
    fs::write(root.join(FILE), shown(parts)).with_context(|| format!("cannot write {FILE}"))
}

/// One line a label, so that a change is read line by line.
fn shown(parts: &Parts) -> String {
    let mut text = String::from("{\n");
    for (index, (part, figures)) in parts.iter().enumerate() {
        text += &format!("  {}: {{\n    \"labelled\": {},\n", json!(part), figures.labelled);
        text += "    \"labels\": {\n";
        let lines: Vec<_> = figures
            .labels
            .iter()
            .map(|(label, figures)| format!("      {}: {}", json!(label), label_value(figures)))
            .collect();
        text += &lines.join(",\n");
        text += "\n    }\n  }";
        text += if index + 1 < parts.len() { ",\n" } else { "\n" };
    }
    text + "}\n"
}

fn label_value(figures: &LabelFigures) -> Value {
    let mut value = Map::new();
    value.insert("flows".to_owned(), figures.flows.into());
    value.insert("right".to_owned(), figures.right.into());
    value.insert("off_port_flows".to_owned(), figures.off_port_flows.into());
    value.insert("off_port_right".to_owned(), figures.off_port_right.into());
    for (kind, count) in EVIDENCE.iter().zip(figures.by_evidence) {
        value.insert((*kind).to_owned(), count.into());
    }
    Value::Object(value)
}

fn parse(text: &str) -> Result<Parts> {
    let document: Value = serde_json::from_str(text)?;
    let parts = document.as_object().context("it has no parts")?;
    parts.iter().map(|(part, value)| Ok((part.clone(), part_figures(value)?))).collect()
}

fn part_figures(value: &Value) -> Result<Figures> {
    let number = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_u64).with_context(|| format!("{name} is missing"))
    };
    let labels = value.get("labels").and_then(Value::as_object).context("labels are missing")?;
    let mut figures = Figures { labelled: number(value, "labelled")?, ..Figures::default() };
    for (label, value) in labels {
        let mut by_evidence = [0; 3];
        for (count, kind) in by_evidence.iter_mut().zip(EVIDENCE) {
            *count = number(value, kind)?;
        }
        let label_figures = LabelFigures {
            flows: number(value, "flows")?,
            right: number(value, "right")?,
            off_port_flows: number(value, "off_port_flows")?,
            off_port_right: number(value, "off_port_right")?,
            by_evidence,
        };
        figures.labels.insert(label.clone(), label_figures);
    }
    Ok(figures)
}

/// How the figures of a part moved.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    pub fallen: Vec<String>,
    pub risen: Vec<String>,
}

pub fn compare(kept: &Figures, now: &Figures) -> Comparison {
    let mut comparison = Comparison::default();
    for (label, before) in &kept.labels {
        let after = now.labels.get(label).copied().unwrap_or_default();
        let line = format!(
            "{label}: {} of {} right, kept {} of {}",
            after.right, after.flows, before.right, before.flows
        );
        let share = |figures: &LabelFigures| u128::from(figures.right) * 1_000_000;
        let (was, is) = (
            share(before) * u128::from(after.flows.max(1)),
            share(&after) * u128::from(before.flows.max(1)),
        );
        if is < was || after.flows == 0 {
            comparison.fallen.push(line);
        } else if is > was {
            comparison.risen.push(line);
        }
    }
    let (was, is) = (kept.rates(), now.rates());
    for (name, was, is) in [
        ("recall", was.recall, is.recall),
        ("macro recall", was.macro_recall, is.macro_recall),
        ("off the registered port", was.off_port_recall, is.off_port_recall),
        ("precision", was.precision, is.precision),
    ] {
        let line = format!("{name}: {:.2} %, kept {:.2} %", is * 100.0, was * 100.0);
        if is < was {
            comparison.fallen.push(line);
        } else if is > was {
            comparison.risen.push(line);
        }
    }
    comparison
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(right: u64, flows: u64, labelled: u64) -> Figures {
        let label = LabelFigures {
            flows,
            right,
            off_port_flows: 1,
            off_port_right: 1,
            by_evidence: [right, 0, 0],
        };
        Figures {
            labels: BTreeMap::from([("dicom".to_owned(), label)]),
            labelled,
            ..Figures::default()
        }
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let parts = Parts::from([
            ("selfmade".to_owned(), figures(3, 4, 3)),
            ("whole".to_owned(), figures(9, 10, 9)),
        ]);
        assert_eq!(parse(&shown(&parts)).expect("it was just written"), parts);
        assert!(parse("{\"whole\": {}}").is_err());
    }

    #[test]
    fn a_fall_of_a_label_or_of_precision_is_seen() {
        let kept = figures(9, 10, 9);
        assert_eq!(compare(&kept, &kept), Comparison::default());
        assert_eq!(compare(&kept, &figures(8, 10, 8)).fallen.len(), 3);
        assert_eq!(compare(&kept, &figures(9, 10, 10)).fallen.len(), 1);
        assert_eq!(compare(&kept, &Figures::default()).fallen.len(), 1);
        let risen = compare(&kept, &figures(10, 10, 10));
        assert_eq!((risen.fallen.len(), risen.risen.len()), (0, 3));
    }
}
