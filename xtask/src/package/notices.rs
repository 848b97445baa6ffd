//! The notices that the licences of libraries want to be passed on: each text once, with all whose
//! it is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, ensure};

use super::library::Library;

const LINE: &str = "----------------------------------------------------------------------";

/// The texts of all libraries of others.
pub fn gathered(libraries: &[Library]) -> Result<String> {
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut gathered = "Notices of the libraries in Wardline.\n".to_owned();
    for library in libraries.iter().filter(|library| !library.is_own) {
        ensure!(!library.licence.is_empty(), "{} states no licence", library.name);
        let named = format!("{} {} ({})", library.name, library.version, library.licence);
        let shown = || format!("cannot read {}", library.directory.display());
        let mut files: Vec<_> = fs::read_dir(&library.directory)
            .with_context(shown)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| is_notice(&path.file_name().unwrap_or_default().to_string_lossy()))
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        if files.is_empty() {
            let _ = writeln!(gathered, "{named}: no text comes with it");
        }
        for file in files {
            let text = String::from_utf8_lossy(&fs::read(&file).with_context(shown)?).into_owned();
            texts.entry(text).or_default().push(named.clone());
        }
    }
    for (text, names) in texts {
        let _ = writeln!(gathered, "\n{LINE}\n{}\n{LINE}\n{}", names.join("\n"), text.trim_end());
    }
    Ok(gathered)
}

fn is_notice(name: &str) -> bool {
    let name = name.to_lowercase();
    ["license", "licence", "copying", "copyright", "notice", "unlicense"]
        .iter()
        .any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_are_told_by_their_names() {
        assert!(is_notice("LICENSE-MIT") && is_notice("COPYING") && is_notice("NOTICE.txt"));
        assert!(!is_notice("README.md") && !is_notice("src"));
    }
}
