//! The first octets of a transport payload, held in registers' width.

use crate::{frame::Frame, zero::zero};

/// Octets of payload that recognisers may look at without reading the frame again.
pub const WINDOW: usize = 192;
/// 64-bit words of the window.
pub const WORDS: usize = WINDOW / 8;

/// The first [`WINDOW`] octets of a payload (zeros after its end) and its length.
///
/// Offsets given to the readers are constants at every call, so each read is a shift of one or two
/// words and needs no check; a recogniser compares [`Payload::length`] where zeros could mislead.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payload {
    /// As they lie in memory.
    words: [u64; WORDS],
    /// Octets of payload by the network header, whether captured or not.
    length: usize,
    /// Where the payload starts in the frame.
    offset: usize,
}

impl Payload {
    /// Fills the window from the payload at `offset`; `length` is by the network header, not by the
    /// frame.
    #[inline(always)]
    pub fn fill<F: Frame + ?Sized>(&mut self, frame: &F, offset: usize, length: usize) {
        let zero = zero();
        for word in &mut self.words {
            *word = zero;
        }
        let mut available = length.min(WINDOW);
        if !frame.reaches(offset + available) {
            let readable = frame.readable_length().saturating_sub(offset);
            available = available.min(readable);
        }
        if available > 0 {
            frame.load(offset, available, &mut self.words);
        }
        self.length = length;
        self.offset = offset;
    }

    /// Puts octets that came in a segment before in front: the first `count` (at most 7) of `held`.
    #[inline(always)]
    pub fn prepend(&mut self, held: u64, count: usize) {
        let shift = (count & 7) * 8;
        if shift == 0 {
            return;
        }
        let mut carried = u64::from_be(held) >> (64 - shift);
        for word in &mut self.words {
            let octets = u64::from_be(*word);
            *word = (carried << (64 - shift) | octets >> shift).to_be();
            carried = octets;
        }
        self.length += count & 7;
    }

    /// The first eight octets as they lie in memory, zeros after the end.
    #[inline(always)]
    pub fn first_word(&self) -> u64 {
        self.words[0]
    }

    /// A number by which payloads that begin with the same four octets are told to be alike. It is
    /// keyed, so that the octets cannot be found again from it; never 0.
    #[inline(always)]
    pub fn digest(&self, seed: u64) -> u32 {
        let beginning = self.be_u32(0) as u64 ^ seed.rotate_left(17);
        let product = beginning.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (product ^ product >> 29 ^ seed).wrapping_mul(0xd6e8_feb8_6659_fd93);
        (mixed >> 32) as u32 | 1
    }

    /// A payload for tests and for streams put together in user space.
    pub fn from_octets(octets: &[u8]) -> Self {
        let mut words = [0; WORDS];
        for (index, chunk) in octets.chunks(8).take(WORDS).enumerate() {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            words[index] = u64::from_ne_bytes(word);
        }
        Self { words, length: octets.len(), offset: 0 }
    }

    #[inline(always)]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Where the payload starts in the frame.
    #[inline(always)]
    pub fn offset(&self) -> usize {
        self.offset
    }

    #[inline(always)]
    pub fn octet(&self, at: usize) -> u8 {
        (u64::from_be(self.words[at / 8]) >> (56 - at % 8 * 8)) as u8
    }

    #[inline(always)]
    pub fn be_u16(&self, at: usize) -> u16 {
        (self.be_u64_at(at) >> 48) as u16
    }

    #[inline(always)]
    pub fn be_u24(&self, at: usize) -> u32 {
        (self.be_u64_at(at) >> 40) as u32
    }

    #[inline(always)]
    pub fn be_u32(&self, at: usize) -> u32 {
        (self.be_u64_at(at) >> 32) as u32
    }

    #[inline(always)]
    pub fn le_u16(&self, at: usize) -> u16 {
        self.be_u16(at).swap_bytes()
    }

    #[inline(always)]
    pub fn le_u32(&self, at: usize) -> u32 {
        self.be_u32(at).swap_bytes()
    }

    /// Eight octets from `at`, zeros after the window.
    #[inline(always)]
    pub fn be_u64_at(&self, at: usize) -> u64 {
        let (word, shift) = (at / 8, at % 8 * 8);
        let first = if word < WORDS { u64::from_be(self.words[word]) } else { 0 };
        if shift == 0 {
            return first;
        }
        let second = if word + 1 < WORDS { u64::from_be(self.words[word + 1]) } else { 0 };
        first << shift | second >> (64 - shift)
    }

    /// Whether the `N` (at most 8) octets from `at` are `text`.
    #[inline(always)]
    pub fn has<const N: usize>(&self, at: usize, text: &[u8; N]) -> bool {
        const { assert!(N > 0 && N <= 8) };
        let mut wanted = [0; 8];
        let mut index = 0;
        while index < N {
            wanted[index] = text[index];
            index += 1;
        }
        self.be_u64_at(at) >> (64 - 8 * N) == u64::from_be_bytes(wanted) >> (64 - 8 * N)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_read_from_a_frame_equals_its_octets_at_every_length() {
        let frame: [u8; 300] = core::array::from_fn(|index| index as u8 | 1);
        for offset in [34, 42, 54, 61] {
            for length in 0..WINDOW + 16 {
                let mut read = Payload::default();
                read.fill(&frame[..offset + length + 3], offset, length);
                let given = Payload::from_octets(&frame[offset..offset + length]);
                assert_eq!(
                    (read.words, read.length),
                    (given.words, given.length),
                    "{offset} {length}"
                );
            }
        }
    }

    #[test]
    fn octets_held_back_are_put_in_front() {
        let octets: [u8; WINDOW + 6] = core::array::from_fn(|index| index as u8 + 1);
        for held in 1..8 {
            let first = Payload::from_octets(&octets[..held]);
            let mut payload = Payload::from_octets(&octets[held..]);
            payload.prepend(first.first_word(), held);
            assert_eq!(payload, Payload::from_octets(&octets), "{held}");
        }
    }

    #[test]
    fn digests_tell_beginnings_apart_and_need_the_seed() {
        let digest = |octets: &[u8], seed| Payload::from_octets(octets).digest(seed);
        assert_eq!(digest(b"abcdef", 1), digest(b"abcdxyz", 1));
        assert_ne!(digest(b"abcdef", 1), digest(b"abcedf", 1));
        assert_ne!(digest(b"abcdef", 1), digest(b"abcdef", 2));
    }

    #[test]
    fn a_capture_shorter_than_the_header_says_reads_what_is_there() {
        let frame: [u8; 60] = core::array::from_fn(|index| index as u8);
        let mut payload = Payload::default();
        payload.fill(&frame[..], 54, 1000);
        assert_eq!(payload.length(), 1000);
        assert_eq!(payload.be_u32(0), 0x3637_3839);
        assert_eq!(payload.octet(6), 0);
    }

    #[test]
    fn reads_cross_word_boundaries() {
        let octets: [u8; WINDOW] = core::array::from_fn(|index| index as u8);
        let payload = Payload::from_octets(&octets);
        assert_eq!(payload.be_u32(6), 0x0607_0809);
        assert_eq!(payload.be_u16(7), 0x0708);
        assert_eq!(payload.le_u16(7), 0x0807);
        assert_eq!(payload.be_u64_at(WINDOW - 4), 0xbcbd_bebf_0000_0000);
        assert!(payload.has(3, &[3, 4, 5, 6, 7, 8, 9, 10]));
        assert!(!payload.has(3, &[3, 4, 5, 6, 7, 8, 9, 11]));
    }
}
