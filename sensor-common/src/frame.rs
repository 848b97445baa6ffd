//! The one window onto packet memory.

use crate::{payload::WORDS, record::SAMPLE_OCTETS};

/// The octets of one frame, as received at an observation point.
///
/// Implemented for byte slices here and for packet memory in `sensor-ebpf`; both must answer alike.
pub trait Frame {
    /// Copies the `N` octets at `offset`, or `None` if the readable part ends before them.
    fn octets<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;

    /// Octets that [`Frame::load`] can read: the captured part, or in the kernel all buffers. Costs
    /// a call there, so what only compares asks [`Frame::reaches`].
    fn readable_length(&self) -> usize;

    /// Whether `length` octets can be read one by one; in the kernel these are in the first buffer.
    fn reaches(&self, length: usize) -> bool;

    /// Copies `length` (1 to [`WINDOW`](crate::payload::WINDOW)) octets from `offset` to the
    /// beginning of `words`, as they lie in memory; leaves `words` alone if not all are there.
    fn load(&self, offset: usize, length: usize, words: &mut [u64; WORDS]);

    /// Copies `length` (1 to [`SAMPLE_OCTETS`]) octets from `offset` to the beginning of `octets`;
    /// `false` if not all are there.
    fn copy(&self, offset: usize, length: usize, octets: &mut [u8; SAMPLE_OCTETS]) -> bool;

    #[inline(always)]
    fn octet(&self, offset: usize) -> Option<u8> {
        self.octets::<1>(offset).map(|[octet]| octet)
    }

    #[inline(always)]
    fn be_u16(&self, offset: usize) -> Option<u16> {
        self.octets(offset).map(u16::from_be_bytes)
    }

    #[inline(always)]
    fn be_u32(&self, offset: usize) -> Option<u32> {
        self.octets(offset).map(u32::from_be_bytes)
    }

    #[inline(always)]
    fn be_u64(&self, offset: usize) -> Option<u64> {
        self.octets(offset).map(u64::from_be_bytes)
    }
}

impl Frame for [u8] {
    #[inline(always)]
    fn octets<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.get(offset..)?.first_chunk().copied()
    }

    #[inline(always)]
    fn load(&self, offset: usize, length: usize, words: &mut [u64; WORDS]) {
        let Some(octets) = self.get(offset..offset + length) else {
            return;
        };
        for (word, chunk) in words.iter_mut().zip(octets.chunks(8)) {
            let mut whole = [0; 8];
            whole[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_ne_bytes(whole);
        }
    }

    fn copy(&self, offset: usize, length: usize, octets: &mut [u8; SAMPLE_OCTETS]) -> bool {
        let (Some(from), Some(to)) = (self.get(offset..offset + length), octets.get_mut(..length))
        else {
            return false;
        };
        to.copy_from_slice(from);
        true
    }

    #[inline(always)]
    fn readable_length(&self) -> usize {
        self.len()
    }

    #[inline(always)]
    fn reaches(&self, length: usize) -> bool {
        self.len() >= length
    }
}
