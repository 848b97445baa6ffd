//! Metrics against their documentation: each is described, and nothing is described that does not
//! exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Findings;

const DOCUMENT: &str = "docs/metrics.md";
/// The one table of metrics: `metrics.rs`, and whatever it was split into.
const SOURCES: &str = "sensor/src/export";
const PREFIX: &str = "wardline_";
/// Series that Prometheus makes of one histogram.
const SERIES: [&str; 3] = ["_bucket", "_count", "_sum"];

pub fn check(root: &Path) -> Result<Findings> {
    let document = root.join(DOCUMENT);
    if !document.is_file() {
        return Ok(Findings {
            warnings: vec![format!("there is no {DOCUMENT} to check metrics against")],
            ..Findings::default()
        });
    }
    let documented = names_in(&read(&document)?);
    let mut exported = BTreeSet::new();
    for source in sources(&root.join(SOURCES))? {
        exported.extend(names_in(without_tests(&read(&source)?)));
    }
    Ok(compare(&documented, &exported))
}

fn compare(documented: &BTreeSet<String>, exported: &BTreeSet<String>) -> Findings {
    let exists = |name: &String| {
        exported.contains(name)
            || SERIES
                .iter()
                .filter_map(|series| name.strip_suffix(series))
                .any(|base| exported.contains(base))
    };
    let invented = documented
        .iter()
        .filter(|name| !exists(name))
        .map(|name| format!("{DOCUMENT} names {name}, which is not exported"));
    let silent = exported
        .difference(documented)
        .map(|name| format!("{name} is exported, but {DOCUMENT} does not name it"));
    Findings { errors: invented.chain(silent).collect(), ..Findings::default() }
}

/// The metric names in `text`. A name that ends in an underscore stands for a family
/// (`wardline_flow_*`) and is none.
fn names_in(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.split(|c: char| !is_part(c))
        .filter(|word| {
            word.strip_prefix(PREFIX).is_some_and(|rest| !rest.is_empty()) && !word.ends_with('_')
        })
        .map(str::to_owned)
        .collect()
}

/// Tests may name metrics that are wrong on purpose.
fn without_tests(source: &str) -> &str {
    source.split_once("#[cfg(test)]").map_or(source, |(code, _)| code)
}

/// `metrics*.rs` and all below `metrics/`; none where the exporter is not written yet.
fn sources(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(directory) else {
        return Ok(found);
    };
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", directory.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let inside = directory.file_name().is_some_and(|parent| parent == "metrics");
        if path.is_dir() && name == "metrics" {
            found.extend(sources(&path)?);
        } else if name.ends_with(".rs") && (inside || name.starts_with("metrics")) {
            found.push(path);
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_prose_and_in_code() {
        let found = names_in(
            "| `wardline_flows_active` | and wardline_flow_* and `wardline_flow_octets_total{application}`",
        );
        assert_eq!(
            found,
            BTreeSet::from(
                ["wardline_flows_active", "wardline_flow_octets_total"].map(str::to_owned)
            )
        );
    }

    #[test]
    fn both_kinds_of_disagreement_are_errors() {
        let findings = compare(&names_in("wardline_gone_total"), &names_in("wardline_new_total"));
        assert_eq!(findings.errors.len(), 2);
    }

    #[test]
    fn the_series_of_a_histogram_need_no_description_of_their_own() {
        let exported = names_in("wardline_flow_export_duration_seconds");
        let documented = names_in(
            "wardline_flow_export_duration_seconds wardline_flow_export_duration_seconds_bucket",
        );
        assert!(compare(&documented, &exported).errors.is_empty());
    }

    #[test]
    fn a_name_in_a_test_is_not_exported() {
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests { wardline_wrong }"), "a\n");
    }
}
