//! What an agent says of an interface to the next one, and to the commands: directories below the
//! pins, which are there as long as these, and go with them when the host is restarted.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Kinds of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The program was attached a moment ago, and nobody knows yet whether the link survives it.
    OnTrial,
    /// The link did not survive it: the program was taken off, and waits for an operator's word.
    HeldOff,
}

impl Mark {
    const fn prefix(self) -> &'static str {
        match self {
            Self::OnTrial => "on-trial-",
            Self::HeldOff => "held-off-",
        }
    }

    fn path(self, directory: &Path, interface: u32) -> PathBuf {
        directory.join(format!("{}{interface}", self.prefix()))
    }

    /// Whether the interface with this index has this mark.
    pub fn is_on(self, directory: &Path, interface: u32) -> bool {
        self.path(directory, interface).is_dir()
    }

    /// Marks an interface; one that has the mark keeps it.
    ///
    /// # Errors
    ///
    /// When the directory of the pins is not there, or not ours.
    pub fn put(self, directory: &Path, interface: u32) -> io::Result<()> {
        match fs::create_dir(self.path(directory, interface)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes the mark off; one that is not there needs nothing.
    ///
    /// # Errors
    ///
    /// When it is not ours.
    pub fn take(self, directory: &Path, interface: u32) -> io::Result<()> {
        match fs::remove_dir(self.path(directory, interface)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The interfaces that have this mark, by index, and since when.
    pub fn all(self, directory: &Path) -> Vec<(u32, Option<SystemTime>)> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let index = name.strip_prefix(self.prefix())?.parse().ok()?;
                Some((index, entry.metadata().and_then(|it| it.modified()).ok()))
            })
            .collect();
        found.sort_unstable_by_key(|(index, _)| *index);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_put_found_and_taken_and_each_kind_is_its_own() {
        let directory = std::env::temp_dir().join(format!("wardline-marks-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("there is a place for files");
        assert!(Mark::HeldOff.put(&directory.join("nowhere"), 3).is_err());
        for index in [12, 3, 3] {
            Mark::HeldOff.put(&directory, index).expect("it is made");
        }
        Mark::OnTrial.put(&directory, 7).expect("it is made");
        let indices = |mark: Mark| -> Vec<u32> {
            mark.all(&directory).into_iter().map(|(index, _)| index).collect()
        };
        assert_eq!(indices(Mark::HeldOff), [3, 12]);
        assert_eq!(indices(Mark::OnTrial), [7]);
        assert!(Mark::HeldOff.all(&directory).iter().all(|(_, since)| since.is_some()));
        assert!(Mark::HeldOff.is_on(&directory, 3) && !Mark::HeldOff.is_on(&directory, 7));
        for _ in 0..2 {
            Mark::HeldOff.take(&directory, 3).expect("it is gone");
        }
        assert_eq!(indices(Mark::HeldOff), [12]);
        fs::remove_dir_all(&directory).expect("it was made here");
    }
}
