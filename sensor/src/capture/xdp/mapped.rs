//! Maps whose memory the kernel lets user space map.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    ptr,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::prefetch::prefetch;

/// The values of one mmapable array as 64-bit words. The kernel's program writes them at any time,
/// so every access is atomic.
#[derive(Debug)]
pub struct MappedWords {
    start: *const AtomicU64,
    words: usize,
}

// SAFETY: the memory is shared with the kernel anyway and is only reached through atomics.
unsafe impl Send for MappedWords {}
// SAFETY: as above.
unsafe impl Sync for MappedWords {}

impl MappedWords {
    /// Maps `words` 64-bit words of the map behind `file`.
    ///
    /// # Errors
    ///
    /// What `mmap` says: EPERM when the map was made without `BPF_F_MMAPABLE`, ENOMEM.
    pub fn new(file: impl AsFd, words: usize) -> io::Result<Self> {
        Self::map(file, libc::PROT_READ | libc::PROT_WRITE, 0, words)
    }

    /// The same for reading only, from `offset` octets on, a multiple of the page. The kernel never
    /// lets such a mapping of a map be made writable, whatever the descriptor would allow; to store
    /// there ends the process.
    ///
    /// # Errors
    ///
    /// As for [`Self::new`].
    pub fn read_only(file: impl AsFd, offset: usize, words: usize) -> io::Result<Self> {
        Self::map(file, libc::PROT_READ, offset as libc::off_t, words)
    }

    fn map(
        file: impl AsFd,
        protection: libc::c_int,
        offset: libc::off_t,
        words: usize,
    ) -> io::Result<Self> {
        let file = file.as_fd().as_raw_fd();
        let length = words * size_of::<u64>();
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start = unsafe {
            libc::mmap(ptr::null_mut(), length, protection, libc::MAP_SHARED, file, offset)
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { start: start.cast(), words })
    }

    pub fn len(&self) -> usize {
        self.words
    }

    fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping holds `words` aligned words and lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.start, self.words) }
    }

    /// The word at `index`; 0 past the end.
    #[inline]
    pub fn load(&self, index: usize) -> u64 {
        self.words().get(index).map_or(0, |word| word.load(Ordering::Acquire))
    }

    pub fn store(&self, index: usize, value: u64) {
        if let Some(word) = self.words().get(index) {
            word.store(value, Ordering::Release);
        }
    }

    /// Has the processor fetch the line of the word at `index`.
    #[inline]
    pub fn expect(&self, index: usize) {
        if let Some(word) = self.words().get(index) {
            prefetch(word);
        }
    }

    /// Copies `N` words from `index`.
    #[inline]
    pub fn copy<const N: usize>(&self, index: usize) -> [u64; N] {
        let words = self.words().get(index..index + N).unwrap_or_default();
        let mut copy = [0; N];
        for (word, from) in copy.iter_mut().zip(words) {
            *word = from.load(Ordering::Relaxed);
        }
        copy
    }
}

impl Drop for MappedWords {
    fn drop(&mut self) {
        // SAFETY: the mapping was made by `new` with this length and nothing refers to it any more.
        unsafe { libc::munmap(self.start.cast_mut().cast(), self.words * size_of::<u64>()) };
    }
}
