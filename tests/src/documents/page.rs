//! The documents of this repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::fence::{Fence, split};

/// One document, taken apart.
#[derive(Clone, Debug)]
pub struct Page {
    /// From the root of the repository.
    pub name: String,
    pub fences: Vec<Fence>,
    /// What is not fenced off.
    pub prose: String,
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository")
}

/// Every Markdown document that people are meant to read, in the order of their names.
pub fn pages() -> io::Result<Vec<Page>> {
    let mut paths = files("docs", "md")?;
    paths.extend(files("deploy", "md")?);
    for entry in fs::read_dir(root())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(|path| page(&path)).collect()
}

/// All files of a kind below a directory of the repository.
pub fn files(directory: &str, kind: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(&root().join(directory), kind, &mut found)?;
    found.sort();
    Ok(found)
}

fn page(path: &Path) -> io::Result<Page> {
    let (fences, prose) = split(&fs::read_to_string(path)?);
    let name = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    Ok(Page { name, fences, prose })
}

fn collect(directory: &Path, kind: &str, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, kind, found)?;
        } else if path.extension().is_some_and(|extension| extension == kind) {
            found.push(path);
        }
    }
    Ok(())
}

impl Page {
    /// What stands in backquotes in the prose.
    pub fn spans(&self) -> Vec<String> {
        let paragraphs = self.prose.split("\n\n");
        let spans = paragraphs.flat_map(|paragraph| {
            let line = paragraph.replace('\n', " ");
            line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
        });
        spans.collect()
    }

    /// Lines that Markdown shows as code because they are indented, where no test looks for them.
    pub fn indented(&self) -> impl Iterator<Item = &str> {
        self.prose.lines().filter(|line| line.starts_with("    "))
    }
}
