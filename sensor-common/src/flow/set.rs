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
    /// The way that holds `key`.
    #[inline(always)]
    pub fn find(&self, key: &FlowKey) -> Option<usize> {
        if self.slots[0].holds(key) {
            return Some(0);
        }
        if self.slots[1].holds(key) {
            return Some(1);
        }
        if self.slots[2].holds(key) {
            return Some(2);
        }
        if self.slots[3].holds(key) {
            return Some(3);
        }
        None
    }

    /// A way for a new flow: an empty one, else that of the flow which has been quiet for longest.
    #[inline(always)]
    pub fn vacancy(&self, now: u64) -> usize {
        let mut vacancy = 0;
        let mut longest = 0;
        for way in 0..WAYS {
            let slot = &self.slots[way];
            // An empty slot has been quiet for ever.
            let quiet = (now as u32).wrapping_sub(slot.last_seen) as u64;
            let quiet = if slot.is_empty() { u64::MAX } else { quiet };
            if quiet > longest {
                longest = quiet;
                vacancy = way;
            }
        }
        vacancy
    }
}
