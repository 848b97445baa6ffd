//! The sets of the flow cache.

use super::{key::FlowKey, slot::FlowSlot};

/// Slots in a set.
pub const WAYS: usize = 4;

/// One set of the cache.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowSet {
    pub slots: [FlowSlot; WAYS],
}

impl FlowSet {
    /// The way that holds `key`, sought from `preferred` on.
    #[inline(always)]
    pub fn find(&self, key: &FlowKey, preferred: usize) -> Option<usize> {
        let mut way = preferred % WAYS;
        for _ in 0..WAYS {
            if self.slots[way].holds(key) {
                return Some(way);
            }
            way = next_way(way);
        }
        None
    }

    /// A way for a new flow: the first empty one from `preferred` on, else that of the flow which
    /// has been quiet for longest.
    #[inline(always)]
    pub fn vacancy(&self, now: u64, preferred: usize) -> usize {
        let mut vacancy = preferred % WAYS;
        let mut longest = 0;
        let mut way = preferred % WAYS;
        for _ in 0..WAYS {
            let slot = &self.slots[way];
            // An empty slot has been quiet for ever.
            let quiet = (now as u32).wrapping_sub(slot.last_seen) as u64;
            let quiet = if slot.is_empty() { u64::MAX } else { quiet };
            if quiet > longest {
                longest = quiet;
                vacancy = way;
            }
            way = next_way(way);
        }
        vacancy
    }
}

/// The way at which a flow with this hash is sought first. Were it always the first, a table that
/// is not full would use a quarter of its cache lines, and those at one distance from each other.
#[inline(always)]
pub const fn preferred_way(hash: u64) -> usize {
    // The low half chooses the set.
    (hash >> 32) as usize % WAYS
}

#[inline(always)]
const fn next_way(way: usize) -> usize {
    (way + 1) % WAYS
}
