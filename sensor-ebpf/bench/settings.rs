//! What the packet path's reader asks of the settings.

/// Frames may lie in several buffers.
#[inline(always)]
pub fn is_linear() -> bool {
    false
}
