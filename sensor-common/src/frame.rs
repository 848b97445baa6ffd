//! The one window onto packet memory.

/// The octets of one frame, as received at an observation point.
///
/// Implemented for byte slices here and for packet memory in `sensor-ebpf`; both must answer alike.
pub trait Frame {
    /// A header of a fixed length, all of which is there.
    type Header<const LENGTH: usize>: Header;

    /// The `LENGTH` octets at `offset`, looked for once: `None` if the readable part ends before
    /// them.
    fn header<const LENGTH: usize>(&self, offset: usize) -> Option<Self::Header<LENGTH>>;

    /// The same at the very beginning of the frame.
    #[inline(always)]
    fn beginning<const LENGTH: usize>(&self) -> Option<Self::Header<LENGTH>> {
        self.header(0)
    }

    /// Copies the `N` octets at `offset`, or `None` if the readable part ends before them.
    fn octets<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;

    /// Octets that [`Frame::load`] can read: the captured part, or in the kernel all buffers. Costs
    /// a call there, so what only compares asks [`Frame::reaches`].
    fn readable_length(&self) -> usize;

    /// Whether `length` octets can be read one by one; in the kernel these are in the first buffer.
    fn reaches(&self, length: usize) -> bool;

    /// Copies `length` octets (at least 1, at most `8 * W`) from `offset` to the beginning of `words`,
    /// as they lie in memory; `false`, and nothing done, if not all are there.
    fn load<const W: usize>(&self, offset: usize, length: usize, words: &mut [u64; W]) -> bool;

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

/// Octets that were found whole. Reading beyond their end does not compile.
pub trait Header: Copy {
    /// A part of it.
    type Part<const LENGTH: usize>: Header;

    /// `LENGTH` of its octets from `AT` on.
    fn part<const AT: usize, const LENGTH: usize>(&self) -> Self::Part<LENGTH>;
    fn be_u32<const AT: usize>(&self) -> u32;
    fn be_u64<const AT: usize>(&self) -> u64;
}

impl<const WHOLE: usize> Header for [u8; WHOLE] {
    type Part<const LENGTH: usize> = [u8; LENGTH];

    #[inline(always)]
    fn part<const AT: usize, const LENGTH: usize>(&self) -> [u8; LENGTH] {
        const { assert!(AT + LENGTH <= WHOLE) };
        let mut part = [0; LENGTH];
        part.copy_from_slice(&self[AT..AT + LENGTH]);
        part
    }

    #[inline(always)]
    fn be_u32<const AT: usize>(&self) -> u32 {
        const { assert!(AT + 4 <= WHOLE) };
        u32::from_be_bytes([self[AT], self[AT + 1], self[AT + 2], self[AT + 3]])
    }

    #[inline(always)]
    fn be_u64<const AT: usize>(&self) -> u64 {
        const { assert!(AT + 8 <= WHOLE) };
        let mut word = [0; 8];
        word.copy_from_slice(&self[AT..AT + 8]);
        u64::from_be_bytes(word)
    }
}

impl Frame for [u8] {
    type Header<const LENGTH: usize> = [u8; LENGTH];

    #[inline(always)]
    fn header<const LENGTH: usize>(&self, offset: usize) -> Option<[u8; LENGTH]> {
        self.octets(offset)
    }

    #[inline(always)]
    fn octets<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.get(offset..)?.first_chunk().copied()
    }

    #[inline(always)]
    fn load<const W: usize>(&self, offset: usize, length: usize, words: &mut [u64; W]) -> bool {
        let Some(octets) = self.get(offset..offset + length) else {
            return false;
        };
        if length == 0 || length > W * 8 {
            return false;
        }
        for (word, chunk) in words.iter_mut().zip(octets.chunks(8)) {
            let mut whole = [0; 8];
            whole[..chunk.len()].copy_from_slice(chunk);
            *word = u64::from_ne_bytes(whole);
        }
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
