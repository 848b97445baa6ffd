//! A temporary directory of one process, removed when it is dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use super::error::DemoError;

const PREFIX: &str = "wardline-demo-";

#[derive(Debug)]
pub struct Workplace {
    path: PathBuf,
}

impl Workplace {
    /// Makes the directory, and removes those of processes that are gone.
    pub fn make() -> Result<Self, DemoError> {
        let parent = std::env::temp_dir();
        remove_stale(&parent);
        let path = parent.join(format!("{PREFIX}{}", process::id()));
        fs::create_dir(&path).map_err(|source| DemoError::File { path: path.clone(), source })?;
        Ok(Self { path })
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, DemoError> {
        let path = self.join(name);
        fs::write(&path, content)
            .map_err(|source| DemoError::File { path: path.clone(), source })?;
        Ok(path)
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("demonstration: {} stays: {error}", self.path.display());
        }
    }
}

fn remove_stale(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix(PREFIX).and_then(|process| process.parse::<u32>().ok());
        if owner.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            // Somebody else's directory stays; it does no harm.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
