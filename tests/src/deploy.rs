//! What `deploy/` holds for Prometheus and Grafana, read as far as tests compare it with the agent.

mod dashboards;
mod names;
mod rules;

use std::io;
use std::path::{Path, PathBuf};

pub use dashboards::{Dashboard, Panel};
pub use names::{metrics_in, unknown_metrics};
pub use rules::{AlertingRule, RuleTest, alerting_rules, recorded_names, rule_files, rule_tests};

/// A path below `deploy/` in this repository.
pub fn deployed(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy")).join(path)
}

/// The names of all files directly in `directory` with this extension, sorted, without it.
pub fn stems(directory: &Path, extension: &str) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            found.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    found.sort();
    Ok(found)
}
