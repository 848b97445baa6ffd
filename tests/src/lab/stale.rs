//! Removes the namespaces of laboratories whose process is gone.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use super::PREFIX;
use super::command::run;
use super::error::LabError;
use super::namespace::DIRECTORY;

/// The process id in a namespace name, if the name is one of ours.
fn owner(name: &str) -> Option<u32> {
    let (process, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    process.parse().ok()
}

fn is_alive(process: u32) -> bool {
    Path::new("/proc").join(process.to_string()).exists()
}

/// Removes what dead laboratories left behind and returns the names.
pub fn sweep_stale() -> Result<Vec<String>, LabError> {
    let entries = match fs::read_dir(DIRECTORY) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            return Err(LabError::List { path: DIRECTORY.into(), source });
        }
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut removed = Vec::new();
    for name in names.filter(|name| owner(name).is_some_and(|process| !is_alive(process))) {
        // Another laboratory may sweep at the same time: gone is gone.
        if run(Command::new("ip").args(["netns", "delete", &name])).is_ok() {
            removed.push(name);
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_laboratories_have_an_owner() {
        assert_eq!(owner("wl-4711-demo0-gw"), Some(4711));
        assert_eq!(owner("wl-x-gw"), None);
        assert_eq!(owner("blue"), None);
        assert!(is_alive(std::process::id()));
    }
}
