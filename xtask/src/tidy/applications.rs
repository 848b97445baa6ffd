//! Applications against their documentation: each label has one row, whose marker is what the
//! recogniser's own source says and whose figures are those kept.

mod document;
mod recognisers;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Findings;
use crate::score::figures::{EVIDENCE, LabelFigures};
use crate::score::kept::{self, Parts};
use crate::score::{WHOLE, truths};
use document::Expected;

const DOCUMENT: &str = "docs/applications.md";

pub fn check(root: &Path, mend: bool) -> Result<Findings> {
    let path = root.join(DOCUMENT);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let kept = kept::read(root)?.unwrap_or_default();
    let expected: Vec<_> = recognisers::read(root)?
        .into_iter()
        .map(|recogniser| Expected {
            figures: figures(&kept, &recogniser.label),
            label: recogniser.label,
            marker: recogniser.marker,
        })
        .collect();
    let mended = document::mended(&text, &expected);
    let mut errors = document::missing_and_invented(&text, &expected);
    if mended != text {
        if mend {
            fs::write(&path, mended).with_context(|| format!("cannot write {DOCUMENT}"))?;
            println!("tidy: {DOCUMENT} is mended");
        } else {
            errors.push(format!(
                "{DOCUMENT} differs from the sources or from {}; `cargo xtask tidy --mend`",
                kept::FILE
            ));
        }
    }
    Ok(Findings { errors, ..Findings::default() })
}

/// What was kept of the labels of the truth that stand for this one.
fn figures(kept: &Parts, label: &str) -> String {
    let Some(whole) = kept.get(WHOLE) else { return String::new() };
    let mut sum = LabelFigures::default();
    for figures in truths(label).filter_map(|truth| whole.labels.get(truth)) {
        sum.flows += figures.flows;
        sum.right += figures.right;
        sum.off_port_flows += figures.off_port_flows;
        sum.off_port_right += figures.off_port_right;
        for (total, count) in sum.by_evidence.iter_mut().zip(figures.by_evidence) {
            *total += count;
        }
    }
    if sum.flows == 0 {
        return String::new();
    }
    let evidence: Vec<_> = EVIDENCE
        .iter()
        .zip(sum.by_evidence)
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let mut shown = format!("{} of {}", sum.right, sum.flows);
    if !evidence.is_empty() {
        shown += &format!(" ({})", evidence.join(", "));
    }
    if sum.off_port_flows > 0 {
        shown += &format!("; off its port {} of {}", sum.off_port_right, sum.off_port_flows);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::figures::Figures;

    #[test]
    fn figures_are_summed_over_the_labels_of_the_truth() {
        let label = LabelFigures {
            flows: 3,
            right: 2,
            off_port_flows: 1,
            off_port_right: 1,
            by_evidence: [1, 0, 1],
        };
        let mut whole = Figures::default();
        whole.labels.insert("smb".to_owned(), label);
        whole.labels.insert("smb-auth".to_owned(), label);
        let kept = Parts::from([(WHOLE.to_owned(), whole)]);
        assert_eq!(figures(&kept, "smb1"), "4 of 6 (2 confirmed, 2 port); off its port 2 of 2");
        assert_eq!(figures(&kept, "smb2"), "");
        assert_eq!(figures(&Parts::new(), "smb1"), "");
    }
}
