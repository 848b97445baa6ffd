//! A tree of files as a package installs them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::output;

pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// An empty tree in place of what was there.
    pub fn make(root: PathBuf) -> Result<Self> {
        if root.exists() {
            fs::remove_dir_all(&root)
                .with_context(|| format!("cannot empty {}", root.display()))?;
        }
        fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>, mode: u32) -> Result<()> {
        let file = self.root.join(path);
        let shown = || format!("cannot write {}", file.display());
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).with_context(shown)?;
        }
        fs::write(&file, content).with_context(shown)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).with_context(shown)
    }

    pub fn copy(&self, from: &Path, path: &str, mode: u32) -> Result<()> {
        let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        self.write(path, content, mode)
    }

    /// Every file of `from` with this extension, below `path`.
    pub fn copy_all(&self, from: &Path, extension: &str, path: &str) -> Result<()> {
        let shown = || format!("cannot read {}", from.display());
        for entry in fs::read_dir(from).with_context(shown)? {
            let file = entry.with_context(shown)?.path();
            if file.extension().is_some_and(|found| found == extension) {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                self.copy(&file, &format!("{path}/{name}"), 0o644)?;
            }
        }
        Ok(())
    }

    /// Compressed so that the same content gives the same octets.
    pub fn write_compressed(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        self.write(path, content, 0o644)?;
        output(Command::new("gzip").args(["-9nf"]).arg(self.root.join(path))).map(drop)
    }

    /// Every file, as the package knows it: from the root, and sorted.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        self.collect(&self.root, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn collect(&self, directory: &Path, found: &mut Vec<String>) -> Result<()> {
        let shown = || format!("cannot read {}", directory.display());
        for entry in fs::read_dir(directory).with_context(shown)? {
            let path = entry.with_context(shown)?.path();
            if path.is_dir() {
                self.collect(&path, found)?;
            } else if let Ok(inside) = path.strip_prefix(&self.root) {
                found.push(format!("/{}", inside.display()));
            }
        }
        Ok(())
    }
}
