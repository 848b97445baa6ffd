//! The length of source files, and their names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Findings;

const WARN_ABOVE: usize = 400;
const FAIL_ABOVE: usize = 500;
/// Names under which anything can be filed, and is.
const SAY_NOTHING: [&str; 7] =
    ["util", "utils", "utility", "helper", "helpers", "manager", "managers"];

pub fn check(root: &Path) -> Result<Findings> {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    let mut findings = Findings::default();
    for path in files {
        let lines = fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .lines()
            .count();
        judge(path.strip_prefix(root).unwrap_or(&path), lines, &mut findings);
    }
    Ok(findings)
}

fn judge(path: &Path, lines: usize, findings: &mut Findings) {
    let shown = path.display();
    if lines > FAIL_ABOVE {
        findings.errors.push(format!("{shown} has {lines} lines; {FAIL_ABOVE} is the limit"));
    } else if lines > WARN_ABOVE {
        findings.warnings.push(format!("{shown} has {lines} lines; is there a second file in it?"));
    }
    let name = path.to_string_lossy().to_lowercase();
    if let Some(word) =
        name.split(|c: char| !c.is_alphanumeric()).find(|word| SAY_NOTHING.contains(word))
    {
        findings
            .errors
            .push(format!("{shown} is named {word}, which says nothing about what is in it"));
    }
}

/// All Rust files below `directory`, except in build output and hidden directories.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let shown = || format!("cannot read {}", directory.display());
    for entry in fs::read_dir(directory).with_context(shown)? {
        let entry = entry.with_context(shown)?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().with_context(shown)?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, files)?;
            }
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(path: &str, lines: usize) -> (usize, usize) {
        let mut findings = Findings::default();
        judge(Path::new(path), lines, &mut findings);
        (findings.errors.len(), findings.warnings.len())
    }

    #[test]
    fn length_is_warned_about_before_it_is_an_error() {
        assert_eq!(judged("sensor/src/flow.rs", 400), (0, 0));
        assert_eq!(judged("sensor/src/flow.rs", 401), (0, 1));
        assert_eq!(judged("sensor/src/flow.rs", 500), (0, 1));
        assert_eq!(judged("sensor/src/flow.rs", 501), (1, 0));
    }

    #[test]
    fn names_that_say_nothing_are_refused_in_any_part_of_the_path() {
        for path in
            ["sensor/src/utils.rs", "sensor/src/test_helpers/frame.rs", "tests/flow-manager.rs"]
        {
            assert_eq!(judged(path, 10), (1, 0), "{path}");
        }
        assert_eq!(judged("sensor/src/utilisation.rs", 10), (0, 0));
    }
}
