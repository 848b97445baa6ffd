//! Finding the captures of a corpus.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const KINDS: [&str; 3] = ["pcap", "pcapng", "cap"];

/// The captures of `corpus` whose path in it starts with `only`, sorted.
pub fn of(corpus: &Path, only: &str) -> Result<Vec<String>> {
    let mut captures = Vec::new();
    collect(corpus, &mut captures)?;
    let mut names: Vec<_> = captures
        .iter()
        .filter_map(|capture| capture.strip_prefix(corpus).ok())
        .map(|name| name.display().to_string())
        .filter(|name| name.starts_with(only))
        .collect();
    names.sort();
    Ok(names)
}

fn collect(directory: &Path, captures: &mut Vec<PathBuf>) -> Result<()> {
    let shown = || format!("cannot read {}", directory.display());
    for entry in fs::read_dir(directory).with_context(shown)? {
        let path = entry.with_context(shown)?.path();
        if path.is_dir() {
            collect(&path, captures)?;
        } else if path
            .extension()
            .is_some_and(|kind| KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known)))
        {
            captures.push(path);
        }
    }
    Ok(())
}
