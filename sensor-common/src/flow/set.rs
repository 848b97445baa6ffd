//! The sets of the flow cache.

use super::{
    head::FlowHead,
    key::FlowKey,
    slot::{FlowSlot, SlotInTable},
    tail::FlowTail,
};

/// Slots in a set.
pub const WAYS: usize = 4;

/// The heads of one set.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowHeads {
    pub ways: [FlowHead; WAYS],
}

/// The tails of one set.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowTails {
    pub ways: [FlowTail; WAYS],
}

/// One set of the cache where it lies in the table.
#[derive(Debug)]
pub struct FlowSet<'a> {
    pub heads: &'a mut FlowHeads,
    pub tails: &'a mut FlowTails,
}

impl FlowSet<'_> {
    #[inline(always)]
    pub fn head(&mut self, way: usize) -> &mut FlowHead {
        &mut self.heads.ways[way % WAYS]
    }

    #[inline(always)]
    pub fn tail(&mut self, way: usize) -> &mut FlowTail {
        &mut self.tails.ways[way % WAYS]
    }

    #[inline(always)]
    pub fn slot(&mut self, way: usize) -> SlotInTable<'_> {
        SlotInTable {
            head: &mut self.heads.ways[way % WAYS],
            tail: &mut self.tails.ways[way % WAYS],
        }
    }

    /// A copy of one slot.
    pub fn copy(&self, way: usize) -> FlowSlot {
        FlowSlot { head: self.heads.ways[way % WAYS], tail: self.tails.ways[way % WAYS] }
    }
}

impl FlowHeads {
    /// The way that holds `key`, sought from `preferred` on.
    #[inline(always)]
    pub fn find(&self, key: &FlowKey, preferred: usize) -> Option<usize> {
        let mut way = preferred % WAYS;
        for turn in 0..WAYS {
            if self.ways[way].holds(key) {
                return Some(way);
            }
            way = next_way(way, turn);
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
        for turn in 0..WAYS {
            let head = &self.ways[way];
            // An empty slot has been quiet for ever.
            let quiet = (now as u32).wrapping_sub(head.last_seen) as u64;
            let quiet = if head.is_empty() { u64::MAX } else { quiet };
            if quiet > longest {
                longest = quiet;
                vacancy = way;
            }
            way = next_way(way, turn);
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

/// The way after the one that came in this turn: first its neighbour in the same pair of cache
/// lines, which processors fetch together, then the other pair.
#[inline(always)]
const fn next_way(way: usize, turn: usize) -> usize {
    way ^ if turn == 1 { 3 } else { 1 }
}
