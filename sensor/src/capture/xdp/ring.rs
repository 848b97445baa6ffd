//! Reading a BPF ring buffer through its memory alone, as `libbpf`'s readers do: whoever holds the
//! descriptor needs no call of bpf(2) and no capability.

use std::{io, os::fd::AsFd};

use super::mapped::MappedWords;

/// Of a record's header (`BPF_RINGBUF_BUSY_BIT`, `BPF_RINGBUF_DISCARD_BIT`): still being written,
/// and given up by its writer.
const BUSY: u32 = 1 << 31;
const DISCARDED: u32 = 1 << 30;
const WORD: usize = size_of::<u64>();

/// The reader's end of a ring buffer. There must be one reader only.
#[derive(Debug)]
pub struct Ring {
    /// A page with the reader's position, the only one that user space may write.
    consumer: MappedWords,
    producer: MappedWords,
    /// Mapped twice in a row, so that no record is cut.
    data: MappedWords,
    mask: u64,
    record: Vec<u8>,
    /// Octets that waited when it was read, at the most since [`Self::take_fullest`].
    fullest: u64,
}

impl Ring {
    /// Maps a ring of `octets`, a power of two.
    ///
    /// # Errors
    ///
    /// What `mmap` says.
    pub fn map(file: impl AsFd, octets: u32) -> io::Result<Self> {
        let page = rustix::param::page_size();
        let octets = octets as usize;
        Ok(Self {
            consumer: MappedWords::new(&file, page / WORD)?,
            producer: MappedWords::read_only(&file, page, page / WORD)?,
            data: MappedWords::read_only(&file, 2 * page, 2 * octets / WORD)?,
            mask: octets as u64 - 1,
            record: Vec::new(),
            fullest: 0,
        })
    }

    /// How full it was, of 1, when it was read, at the fullest since the last call.
    pub fn take_fullest(&mut self) -> f64 {
        std::mem::take(&mut self.fullest) as f64 / (self.mask + 1) as f64
    }

    /// Visits the records that are complete, and gives their room back one by one.
    pub fn drain(&mut self, mut visit: impl FnMut(&[u8])) {
        let mut position = self.consumer.load(0);
        self.fullest = self.fullest.max(self.producer.load(0).saturating_sub(position));
        while position < self.producer.load(0) {
            let first = (position & self.mask) as usize / WORD;
            let [a, b, c, d, ..] = self.data.load(first).to_ne_bytes();
            let header = u32::from_ne_bytes([a, b, c, d]);
            if header & BUSY != 0 {
                return;
            }
            // The kernel admits no record longer than the ring; past it is nothing to read.
            let length = (header & !DISCARDED) as usize & self.mask as usize;
            let words = length.div_ceil(WORD);
            if header & DISCARDED == 0 {
                self.record.clear();
                let octets =
                    (1..=words).flat_map(|word| self.data.load(first + word).to_ne_bytes());
                self.record.extend(octets);
                self.record.truncate(length);
                visit(&self.record);
            }
            position += ((1 + words) * WORD) as u64;
            self.consumer.store(0, position);
        }
    }
}
