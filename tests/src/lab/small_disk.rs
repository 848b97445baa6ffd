//! A file system of a megabyte, to be filled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::run;
use super::error::LabError;

const LARGEST_PIECE: usize = 1 << 20;

/// Unmounted when it is dropped.
#[derive(Debug)]
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    pub fn mount(path: &Path) -> Result<Self, LabError> {
        run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(path))?;
        Ok(Self(path.to_owned()))
    }

    /// Takes all the room that is left.
    pub fn fill(&self) -> io::Result<()> {
        let filler = self.0.join("filler");
        let (mut length, mut piece) = (0, LARGEST_PIECE);
        while piece > 0 {
            // What does not fit any more ends as a shorter file.
            if fs::write(&filler, vec![0; length + piece]).is_ok() {
                length += piece;
            } else {
                piece /= 2;
            }
        }
        match fs::write(&filler, vec![0; length]) {
            Err(error) if error.kind() != io::ErrorKind::StorageFull => Err(error),
            _ => Ok(()),
        }
    }

    pub fn make_room(&self) -> io::Result<()> {
        fs::remove_file(self.0.join("filler"))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The agent may still have files there.
        if let Err(error) = run(Command::new("umount").arg("--lazy").arg(&self.0)) {
            eprintln!("laboratory: {error}");
        }
    }
}
