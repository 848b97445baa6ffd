//! Packet memory as a [`Frame`]: the only file that reads a packet.

use core::arch::asm;

use aya_ebpf::{
    bindings::xdp_md,
    helpers::generated::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes},
    programs::XdpContext,
};
use sensor_common::{
    frame::{Frame, Header},
    payload::WORDS,
};

use crate::settings::is_linear;

/// Offsets beyond this are refused, so that the verifier can bound every sum.
const LARGEST_OFFSET: usize = 0x3fff;
/// Octets that are looked for at once where many are copied.
const BLOCK: usize = 64;
const BLOCK_WORDS: usize = BLOCK / 8;

/// The first buffer of one frame, and the way to the others.
pub struct XdpFrame {
    context: *mut xdp_md,
    data: usize,
    data_end: usize,
}

impl XdpFrame {
    #[inline(always)]
    pub fn new(context: &XdpContext) -> Self {
        Self { context: context.ctx, data: context.data(), data_end: context.data_end() }
    }

    /// The address of `length` octets at `offset` if all of them are in the frame.
    ///
    /// Offset and address pass through empty instructions: the verifier's proofs belong to one
    /// register, and the compiler must not check one copy of a sum and read through another.
    #[inline(always)]
    fn locate(&self, offset: usize, length: usize) -> Option<usize> {
        if offset > LARGEST_OFFSET {
            return None;
        }
        let start = opaque(self.data + opaque(offset));
        (start + length <= self.data_end).then_some(start)
    }

    /// Octets of the frame that are in its first buffer; all of them unless it is a large one.
    #[inline(always)]
    pub fn first_buffer_length(&self) -> usize {
        opaque(self.data_end - self.data)
    }

    /// Copies `length` octets from `offset` to the beginning of `words`, as they lie in memory.
    /// Unless all are there and `words` has room for them, it does nothing and says `false`.
    #[inline(always)]
    fn copy<const W: usize>(&self, offset: usize, length: usize, words: &mut [u64; W]) -> bool {
        // One value at which the verifier sees both bounds. Before Linux 6.8 it learns no lower one
        // from a comparison with zero, so zero wraps here to more than the upper one.
        let before_last = opaque(length.wrapping_sub(1));
        if before_last >= W * 8 {
            return false;
        }
        let length = before_last + 1;
        if is_linear() {
            return self.copy_linear(offset, length, words);
        }
        // For a window of payload the call takes longer than the reads.
        if W <= WORDS && self.copy_linear(offset, length, words) {
            return true;
        }
        // SAFETY: `words` has room for `length` octets; the helper checks the frame's bounds.
        unsafe {
            bpf_xdp_load_bytes(
                self.context,
                offset as u32,
                words.as_mut_ptr().cast(),
                length as u32,
            ) == 0
        }
    }

    /// The same by direct reads, for what lies in the first buffer. From the end to the
    /// beginning, so that however much is left over, the long part is checked once.
    #[inline(always)]
    fn copy_linear<const W: usize>(
        &self,
        offset: usize,
        length: usize,
        words: &mut [u64; W],
    ) -> bool {
        // The last eight octets first: those before the last word's own belong to the word before
        // or to a header, and are shifted out. There is no payload without a header before it.
        let Some(last) = self.be_u64(opaque((offset + length).wrapping_sub(8))) else {
            return false;
        };
        let odd = length % 8;
        let at = opaque(length / 8);
        if odd != 0 && at < W {
            words[at] = (last << (64 - 8 * odd)).to_be();
        }
        // The words after the last whole block.
        let first = length / 8 / BLOCK_WORDS * BLOCK_WORDS;
        for index in 0..BLOCK_WORDS - 1 {
            let at = opaque(first + index);
            if index >= length / 8 % BLOCK_WORDS || at >= W {
                break;
            }
            let Some(octets) = self.be_u64(opaque(offset + at * 8)) else {
                return false;
            };
            words[at] = octets.to_be();
        }
        for (index, block) in words.as_chunks_mut::<BLOCK_WORDS>().0.iter_mut().enumerate() {
            if length < (index + 1) * BLOCK {
                break;
            }
            let Some(octets) = self.header::<BLOCK>(opaque(offset + index * BLOCK)) else {
                return false;
            };
            *block = [
                octets.be_u64::<0>().to_be(),
                octets.be_u64::<8>().to_be(),
                octets.be_u64::<16>().to_be(),
                octets.be_u64::<24>().to_be(),
                octets.be_u64::<32>().to_be(),
                octets.be_u64::<40>().to_be(),
                octets.be_u64::<48>().to_be(),
                octets.be_u64::<56>().to_be(),
            ];
        }
        true
    }
}

/// The value, of which the compiler knows nothing any more.
#[inline(always)]
pub fn opaque(mut value: usize) -> usize {
    // SAFETY: the instruction moves a register to itself.
    unsafe { asm!("{0} = {0}", inout(reg) value, options(pure, nomem, nostack)) };
    value
}

/// The first of `LENGTH` octets of the frame, all of which are there.
#[derive(Clone, Copy)]
pub struct XdpHeader<const LENGTH: usize> {
    start: usize,
}

impl<const WHOLE: usize> Header for XdpHeader<WHOLE> {
    type Part<const LENGTH: usize> = XdpHeader<LENGTH>;

    #[inline(always)]
    fn part<const AT: usize, const LENGTH: usize>(&self) -> XdpHeader<LENGTH> {
        const { assert!(AT + LENGTH <= WHOLE) };
        XdpHeader { start: self.start + AT }
    }

    #[inline(always)]
    fn be_u32<const AT: usize>(&self) -> u32 {
        const { assert!(AT + 4 <= WHOLE) };
        let value: u64;
        // SAFETY: the frame has `LENGTH` octets from `start`.
        unsafe {
            asm!("{0} = *(u32 *)({1} + {2})", out(reg) value, in(reg) self.start, const AT,
                 options(pure, readonly, nostack));
        }
        u32::from_be(value as u32)
    }

    #[inline(always)]
    fn be_u64<const AT: usize>(&self) -> u64 {
        const { assert!(AT + 8 <= WHOLE) };
        let value: u64;
        // SAFETY: the frame has `LENGTH` octets from `start`.
        unsafe {
            asm!("{0} = *(u64 *)({1} + {2})", out(reg) value, in(reg) self.start, const AT,
                 options(pure, readonly, nostack));
        }
        u64::from_be(value)
    }
}

impl Frame for XdpFrame {
    type Header<const LENGTH: usize> = XdpHeader<LENGTH>;

    #[inline(always)]
    fn header<const LENGTH: usize>(&self, offset: usize) -> Option<XdpHeader<LENGTH>> {
        self.locate(offset, LENGTH).map(|start| XdpHeader { start })
    }

    #[inline(always)]
    fn beginning<const LENGTH: usize>(&self) -> Option<XdpHeader<LENGTH>> {
        let start = opaque(self.data);
        (start + LENGTH <= self.data_end).then_some(XdpHeader { start })
    }

    #[inline(always)]
    fn octets<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let start = self.locate(offset, N)?;
        // SAFETY: `locate` found `N` octets of the frame from `start`.
        Some(unsafe { (start as *const [u8; N]).read_unaligned() })
    }

    #[inline(always)]
    fn load<const W: usize>(&self, offset: usize, length: usize, words: &mut [u64; W]) -> bool {
        self.copy(offset, length, words)
    }

    #[inline(always)]
    fn readable_length(&self) -> usize {
        if is_linear() {
            return self.first_buffer_length();
        }
        // The two pointers tell only of the first buffer.
        // SAFETY: the context is the one this program was called with.
        unsafe { bpf_xdp_get_buff_len(self.context) as usize }
    }

    #[inline(always)]
    fn reaches(&self, length: usize) -> bool {
        // What a caller compared before must not melt into the comparison with the largest offset.
        self.locate(opaque(length), 0).is_some()
    }

    // An unaligned read compiles to one load per octet, so the wider reads are written as the
    // single instructions that the kernel has for them.

    #[inline(always)]
    fn be_u16(&self, offset: usize) -> Option<u16> {
        let start = self.locate(offset, 2)?;
        let value: u64;
        // SAFETY: `locate` found two octets of the frame from `start`.
        unsafe {
            asm!("{0} = *(u16 *)({1} + 0)", out(reg) value, in(reg) start,
                 options(pure, readonly, nostack));
        }
        Some(u16::from_be(value as u16))
    }

    #[inline(always)]
    fn be_u32(&self, offset: usize) -> Option<u32> {
        let start = self.locate(offset, 4)?;
        let value: u64;
        // SAFETY: `locate` found four octets of the frame from `start`.
        unsafe {
            asm!("{0} = *(u32 *)({1} + 0)", out(reg) value, in(reg) start,
                 options(pure, readonly, nostack));
        }
        Some(u32::from_be(value as u32))
    }

    #[inline(always)]
    fn be_u64(&self, offset: usize) -> Option<u64> {
        let start = self.locate(offset, 8)?;
        let value: u64;
        // SAFETY: `locate` found eight octets of the frame from `start`.
        unsafe {
            asm!("{0} = *(u64 *)({1} + 0)", out(reg) value, in(reg) start,
                 options(pure, readonly, nostack));
        }
        Some(u64::from_be(value))
    }
}
