//! The failure list against the tests: every test that it names is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Findings;

const DOCUMENT: &str = "docs/failures.md";
/// Between a test's file and its name in the document.
const SEPARATOR: &str = "::";

pub fn check(root: &Path) -> Result<Findings> {
    let document = root.join(DOCUMENT);
    let text = fs::read_to_string(&document)
        .with_context(|| format!("cannot read {}", document.display()))?;
    let named = tests_in(&text);
    let mut errors = Vec::new();
    if named.is_empty() {
        errors.push(format!("{DOCUMENT} names no test"));
    }
    for (file, name) in named {
        let path = root.join(&file);
        match fs::read_to_string(&path) {
            Err(_) => errors.push(format!("{DOCUMENT} names {file}, which is not there")),
            Ok(source) if !has_test(&source, &name) => {
                errors
                    .push(format!("{DOCUMENT} names the test {name}, which {file} does not have"));
            }
            Ok(_) => {}
        }
    }
    Ok(Findings { errors, ..Findings::default() })
}

/// Tests named as `path/to/file.rs::name`, in backquotes.
fn tests_in(text: &str) -> BTreeSet<(String, String)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|words| words.split_once(SEPARATOR))
        .filter(|(file, _)| PathBuf::from(file).extension().is_some_and(|kind| kind == "rs"))
        .map(|(file, name)| (file.to_owned(), name.to_owned()))
        .collect()
}

/// Whether the source has a function of this name that is a test.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let head = format!("fn {name}(");
    let at = lines.iter().position(|line| line.starts_with(&head));
    at.is_some_and(|at| {
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        attributes.clone().any(|line| *line == "#[test]" || line.starts_with("#[tokio::test"))
            || lines[..at].iter().rev().take(3).any(|line| line.contains("proptest!"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_in_backquotes_and_other_paths_are_not() {
        let text =
            "| row | `tests/tests/a.rs::one_thing`, `core::mem` | `x.rs::two` and c.rs::three |";
        let named = tests_in(text);
        let wanted = [("tests/tests/a.rs", "one_thing"), ("x.rs", "two")];
        assert_eq!(named, wanted.map(|(file, name)| (file.to_owned(), name.to_owned())).into());
    }

    #[test]
    fn a_function_that_is_no_test_is_no_proof() {
        let source = "#[test]\n#[ignore = \"x\"]\nfn proves() {\n}\n\nfn helps() {\n}\n";
        assert!(has_test(source, "proves"));
        assert!(!has_test(source, "helps") && !has_test(source, "proves_not"));
    }
}
