//! Where the compiler must forget.

use core::sync::atomic::{Ordering, compiler_fence};

/// From here on what was written to memory is read back from it.
///
/// The verifier does not follow values through a map's memory, so however they came there, the rest
/// of the program is checked once. Costs nothing but the reads.
#[inline(always)]
pub fn read_back() {
    compiler_fence(Ordering::SeqCst);
}
