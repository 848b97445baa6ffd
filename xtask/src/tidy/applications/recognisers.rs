//! What the sources say of each application: its label, and by what it is recognised.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The table of labels, and the directory of the recognisers.
const LABELS: &str = "sensor-common/src/application.rs";
const RECOGNISERS: &str = "sensor-common/src/application";
/// Files there that name applications and recognise none by a marker.
const NOT_RECOGNISERS: [&str; 4] = ["inquiry.rs", "port.rs", "sampling.rs", "testing.rs"];

pub struct Recogniser {
    pub label: String,
    /// The beginning of the file that recognises it; `None` where headers or a port do.
    pub marker: Option<String>,
}

pub fn read(root: &Path) -> Result<Vec<Recogniser>> {
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let labels = labels(&read(&root.join(LABELS))?);
    ensure!(!labels.is_empty(), "no labels are found in {LABELS}");
    let mut sources = BTreeMap::new();
    let directory = root.join(RECOGNISERS);
    let entries = fs::read_dir(&directory).with_context(|| format!("cannot read {RECOGNISERS}"))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {RECOGNISERS}"))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rs") && !NOT_RECOGNISERS.contains(&name.as_str()) {
            sources.insert(name, read(&path)?);
        }
    }
    Ok(labels
        .into_iter()
        .map(|(variant, label)| Recogniser { marker: marker(&sources, &variant), label })
        .collect())
}

/// Variants and labels, from lines such as `Dicom = 26 "dicom",`.
fn labels(source: &str) -> Vec<(String, String)> {
    source
        .lines()
        .filter_map(|line| {
            let (variant, rest) = line.trim().split_once(" = ")?;
            let (number, label) = rest.split_once(' ')?;
            number.parse::<u8>().ok()?;
            let label = label.strip_prefix('"')?.strip_suffix("\",")?;
            Some((variant.to_owned(), label.to_owned()))
        })
        .filter(|(_, label)| label != "unknown")
        .collect()
}

/// What the files say of themselves that give this verdict.
fn marker(sources: &BTreeMap<String, String>, variant: &str) -> Option<String> {
    let verdict = format!("Application::{variant}");
    let markers: Vec<_> = sources
        .values()
        .filter(|source| names(without_tests(source), &verdict))
        .map(|source| beginning(source))
        .collect();
    (!markers.is_empty()).then(|| markers.join(" "))
}

/// Whether `word` stands in the source with nothing of a name behind it.
fn names(source: &str, word: &str) -> bool {
    source
        .split(word)
        .skip(1)
        .any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
}

/// The paragraphs that say what a file is, in one line.
fn beginning(source: &str) -> String {
    let lines: Vec<_> = source
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join(" ").replace('|', "\\|")
}

fn without_tests(source: &str) -> &str {
    source.split_once("#[cfg(test)]").map_or(source, |(code, _)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_with_their_variants() {
        let table =
            "    Unknown = 0 \"unknown\",\n    FtpData = 48 \"ftp-data\",\n    let x = 1 + 2;";
        assert_eq!(labels(table), [("FtpData".to_owned(), "ftp-data".to_owned())]);
    }

    #[test]
    fn a_marker_is_the_beginning_of_the_file_that_gives_the_verdict() {
        let source = "//! File transfer (RFC 959):\n//! replies.\n\nApplication::Ftp\n\
            #[cfg(test)]\nmod tests { Application::Smtp }";
        let sources = BTreeMap::from([("ftp.rs".to_owned(), source.to_owned())]);
        let expected = Some("File transfer (RFC 959): replies.".to_owned());
        assert_eq!(marker(&sources, "Ftp"), expected);
        assert_eq!(marker(&sources, "Smtp"), None);
        let longer = source.replace("Application::Ftp", "Application::FtpData");
        let sources = BTreeMap::from([("ftp.rs".to_owned(), longer)]);
        assert_eq!(marker(&sources, "Ftp"), None);
    }
}
