//! A zero that the compiler does not know to be one.
//!
//! What it knows to be zero it clears by a call of `memset`, which in the kernel is a loop that the
//! verifier goes through octet by octet.

#[inline(always)]
pub(crate) fn zero() -> u64 {
    core::hint::black_box(0)
}
