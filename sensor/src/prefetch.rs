//! Asking the processor for memory before it is needed. Tables of flows are larger than its caches, and
//! which line of them comes next it cannot guess; we can, as readings and frames come in batches.

/// Lets the processor fetch the line that `place` begins in. Nothing that the program sees is changed.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "a hint to the processor has no safe form")]
#[inline(always)]
pub fn prefetch<T>(place: &T) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    // SAFETY: every processor of this architecture has the instruction; the address is that of
    // something that we hold, and it is only a hint.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(place).cast()) }
}

/// On other processors there is no hint that stable Rust can give.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub fn prefetch<T>(_: &T) {}
