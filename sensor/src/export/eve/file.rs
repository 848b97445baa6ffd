//! The file that lines are appended to: it may be rotated, it may be full, and neither stops the
//! sensor. Every line is in one file, whole, whether a file is renamed with or without a word, or
//! copied and cut.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Octets gathered before they are written.
const GATHERED: usize = 1 << 16;
/// The file names devices and their peers: it is not for everyone.
const MODE: u32 = 0o640;

/// A sink that never fails: lines that cannot be written are counted and dropped.
#[derive(Debug)]
pub struct EveFile {
    path: PathBuf,
    file: Option<File>,
    gathered: Vec<u8>,
    gathered_lines: u64,
    /// The file ends within a line, which the next write closes.
    is_torn: bool,
    write_errors: u64,
    lost_lines: u64,
}

impl EveFile {
    /// Opens `path` for appending.
    ///
    /// # Errors
    ///
    /// The file cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        Ok(Self {
            path: path.to_owned(),
            file: Some(open(path)?),
            gathered: Vec::with_capacity(GATHERED),
            gathered_lines: 0,
            is_torn: false,
            write_errors: 0,
            lost_lines: 0,
        })
    }

    /// Writes what is gathered and opens the path again, for after it was renamed. If it cannot be
    /// opened, that is tried again at each write.
    pub fn reopen(&mut self) {
        self.write_gathered();
        self.file = None;
        self.is_torn = false;
        self.reach();
    }

    /// Failures to write or open since the start.
    pub fn write_errors(&self) -> u64 {
        self.write_errors
    }

    /// Lines that are not in the file, or not whole.
    pub fn lost_lines(&self) -> u64 {
        self.lost_lines
    }

    fn reach(&mut self) {
        if self.file.is_none() {
            match open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(_) => self.write_errors += 1,
            }
        }
    }

    /// Goes over to the file that the path names now, if the one that is open was renamed or
    /// removed and the other can be opened. One that was cut to nothing is written on from its
    /// beginning, as every write appends.
    fn follow(&mut self) {
        let Some(of_file) = self.file.as_ref().and_then(|file| file.metadata().ok()) else {
            return;
        };
        let of_path = fs::metadata(&self.path).ok();
        let number = |found: &fs::Metadata| (found.dev(), found.ino());
        if of_path.as_ref().map(number) != Some(number(&of_file)) {
            if let Ok(file) = open(&self.path) {
                self.file = Some(file);
                self.is_torn = false;
            }
        } else if of_file.len() == 0 {
            self.is_torn = false;
        }
    }

    fn write_gathered(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        self.follow();
        self.reach();
        if let Some(file) = &mut self.file {
            if self.is_torn {
                self.is_torn = file.write_all(b"\n").is_err();
            }
            let written = write_what_fits(file, &self.gathered);
            if written < self.gathered.len() {
                self.write_errors += 1;
                let (done, rest) = self.gathered.split_at(written);
                self.is_torn |= done.last().is_some_and(|&last| last != b'\n');
                self.lost_lines += lines(rest);
            }
        } else {
            self.lost_lines += self.gathered_lines;
        }
        self.gathered.clear();
        self.gathered_lines = 0;
    }
}

impl Write for EveFile {
    /// Takes whole lines; always succeeds.
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.gathered.extend_from_slice(octets);
        self.gathered_lines += lines(octets);
        if self.gathered.len() >= GATHERED {
            self.write_gathered();
        }
        Ok(octets.len())
    }

    /// Hands what is gathered to the system; always succeeds.
    fn flush(&mut self) -> io::Result<()> {
        self.write_gathered();
        Ok(())
    }
}

impl Drop for EveFile {
    fn drop(&mut self) {
        self.write_gathered();
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(MODE).open(path)
}

fn lines(octets: &[u8]) -> u64 {
    octets.iter().filter(|&&octet| octet == b'\n').count() as u64
}

/// How many octets were written before the first failure.
fn write_what_fits(file: &mut File, octets: &[u8]) -> usize {
    let mut written = 0;
    while written < octets.len() {
        match file.write(&octets[written..]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    written
}
