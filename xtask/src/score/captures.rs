//! Finding the captures of a corpus.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const KINDS: [&str; 3] = ["pcap", "pcapng", "cap"];

/// All captures below `corpus`, or below its directory `only`, as sorted paths relative to
/// `corpus`.
pub fn below(corpus: &Path, only: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut captures = Vec::new();
    collect(&corpus.join(only.unwrap_or_default()), &mut captures)?;
    let mut relative: Vec<_> = captures
        .iter()
        .filter_map(|capture| capture.strip_prefix(corpus).ok())
        .map(Path::to_path_buf)
        .collect();
    relative.sort();
    Ok(relative)
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
