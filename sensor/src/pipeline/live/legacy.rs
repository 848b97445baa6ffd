//! What the next agent has to be told of the books, in a file that is written after every reading of
//! the table. It only has to outlive the process: when the machine goes down, the tables go with it.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
};

use crate::capture::reader::Legacy;

const NAME: &str = "books";
const WORDS: usize = 5;
const OCTETS: usize = WORDS * size_of::<u64>();

#[derive(Debug)]
pub(super) struct LegacyFile {
    /// None where it cannot be had; that was said.
    file: Option<File>,
    written: Legacy,
}

impl LegacyFile {
    pub(super) fn open(directory: &Path) -> Self {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(directory.join(NAME)).map_err(|error| complain(&error)).ok();
        Self { file, written: Legacy::default() }
    }

    /// What the agent before has left; nothing if it left nothing that is whole.
    pub(super) fn read(&self) -> Legacy {
        let mut octets = [0; OCTETS];
        let file = self.file.as_ref();
        if file.is_none_or(|file| file.read_exact_at(&mut octets, 0).is_err()) {
            return Legacy::default();
        }
        let mut words = [0; WORDS];
        for (word, octets) in words.iter_mut().zip(octets.as_chunks().0) {
            *word = u64::from_le_bytes(*octets);
        }
        let [packets, octets, counted_packets, counted_octets, read_at] = words;
        Legacy { recovered: [packets, octets], counted: [counted_packets, counted_octets], read_at }
    }

    /// Before the books are told to anybody.
    pub(super) fn write(&mut self, legacy: Legacy) {
        let Some(file) = &self.file else { return };
        if legacy == self.written {
            return;
        }
        let mut octets = [0; OCTETS];
        let Legacy { recovered: [a, b], counted: [c, d], read_at } = legacy;
        let words: [u64; WORDS] = [a, b, c, d, read_at];
        for (octets, word) in octets.as_chunks_mut().0.iter_mut().zip(words) {
            *octets = word.to_le_bytes();
        }
        self.written = legacy;
        if let Err(error) = file.write_all_at(&octets, 0) {
            complain(&error);
            self.file = None;
        }
    }
}

fn complain(error: &io::Error) {
    tracing::warn!(%error, "the books cannot be kept: after a restart `counted` may begin lower");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_last_is_read_and_a_piece_of_it_is_not() {
        let place = std::env::temp_dir().join(format!("wardline-legacy-{}", std::process::id()));
        std::fs::create_dir_all(&place).unwrap();
        assert_eq!(LegacyFile::open(&place).read(), Legacy::default());
        let mut file = LegacyFile::open(&place);
        let legacy = |first| Legacy { recovered: [first, 2], counted: [3, u64::MAX], read_at: 9 };
        file.write(legacy(7));
        file.write(legacy(8));
        assert_eq!(LegacyFile::open(&place).read(), legacy(8));
        std::fs::write(place.join(NAME), [1; OCTETS - 1]).unwrap();
        assert_eq!(LegacyFile::open(&place).read(), Legacy::default());
        std::fs::remove_dir_all(&place).unwrap();
        // Without a directory there is nothing to keep it in.
        let mut nowhere = LegacyFile::open(&place);
        nowhere.write(legacy(9));
        assert_eq!(nowhere.read(), Legacy::default());
    }
}
