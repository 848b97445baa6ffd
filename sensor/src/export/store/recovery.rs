//! Setting a file aside that cannot be used, so that a new one can take its place.

use std::{
    fmt, fs,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use super::StoreError;

/// Files set aside that are kept: what damages one every day must not fill the disk.
const KEPT: u64 = 8;

/// A file was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Where it is now.
    pub set_aside: PathBuf,
    pub cause: RecoveryCause,
}

/// Why it could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecoveryCause {
    /// Damaged; what the check found first.
    Corrupt(String),
    /// Not a store of this program.
    Foreign,
    /// Written by a newer version, with this schema.
    Newer(i64),
}

impl fmt::Display for RecoveryCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt(finding) => write!(formatter, "damaged: {finding}"),
            Self::Foreign => formatter.write_str("not a store of wardline"),
            Self::Newer(version) => {
                write!(formatter, "schema {version} of a newer version of wardline")
            }
        }
    }
}

/// Renames `name` in `directory` to `name.corrupt-N`, and its write-ahead log with it, so that it
/// can still be read.
pub(super) fn set_aside(
    directory: &Path,
    name: &str,
    cause: RecoveryCause,
) -> Result<Recovery, StoreError> {
    let action = "set an unusable file aside";
    let beginning = format!("{name}.corrupt-");
    let numbers = set_aside_before(directory, &beginning)
        .map_err(|source| StoreError::of_io(directory, action, source))?;
    let number = numbers.iter().max().map_or(1, |highest| highest + 1);
    let path = directory.join(name);
    let set_aside = directory.join(format!("{beginning}{number}"));
    // The log first: it must not be found beside the new file.
    for (suffix, is_kept) in [("-wal", true), ("-shm", false), ("", true)] {
        let from = directory.join(format!("{name}{suffix}"));
        let moved = if is_kept {
            fs::rename(&from, directory.join(format!("{beginning}{number}{suffix}")))
        } else {
            fs::remove_file(&from)
        };
        match moved {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            moved => moved.map_err(|source| StoreError::of_io(&path, action, source))?,
        }
    }
    for old in numbers.iter().filter(|&&old| old + KEPT <= number) {
        for suffix in ["-wal", ""] {
            // Its room is not needed yet; the next time tries again.
            let _ = fs::remove_file(directory.join(format!("{beginning}{old}{suffix}")));
        }
    }
    Ok(Recovery { set_aside, cause })
}

fn set_aside_before(directory: &Path, beginning: &str) -> std::io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix(beginning))
            .and_then(|number| number.parse::<u64>().ok())
            .filter(|&number| number < u64::MAX);
        numbers.extend(number);
    }
    Ok(numbers)
}

/// Whether the file's header forbids writing, as no store's does: offset 18 of the database header
/// (SQLite file format, section 1.3.3) is the version that a writer must know, 1 or 2.
pub(super) fn is_marked_read_only(path: &Path) -> bool {
    let mut header = [0; 20];
    fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut header))
        .is_ok_and(|()| !(1..=2).contains(&header[18]))
}
