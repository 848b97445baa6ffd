//! When to look at which biflow again.
//!
//! A biflow that is seen again is not moved: when its entry comes up, whoever takes it queues it
//! anew. So a packet costs nothing here, and a reading touches only biflows that are due.

use std::{cmp::Reverse, collections::BinaryHeap};

/// One appointment: slot `index` in its life `generation`, at `at` microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deadline {
    pub at: u64,
    pub index: u32,
    pub generation: u32,
}

/// Deadlines, earliest first. Those that no longer hold stay until they come up or are swept.
#[derive(Debug, Default)]
pub(super) struct DeadlineQueue {
    heap: BinaryHeap<Reverse<Deadline>>,
}

impl DeadlineQueue {
    pub fn push(&mut self, deadline: Deadline) {
        self.heap.push(Reverse(deadline));
    }

    /// Takes the earliest deadline that is not after `now`.
    pub fn pop_due(&mut self, now: u64) -> Option<Deadline> {
        let entry = self.heap.peek_mut()?;
        if entry.0.at > now {
            return None;
        }
        Some(std::collections::binary_heap::PeekMut::pop(entry).0)
    }

    /// Drops what no longer holds once that can be most of the queue: `live` biflows have one
    /// deadline each, and eviction leaves theirs behind.
    pub fn sweep(&mut self, live: usize, mut holds: impl FnMut(&Deadline) -> bool) {
        const SLACK: usize = 4096;
        if self.heap.len() > 2 * live + SLACK {
            self.heap.retain(|entry| holds(&entry.0));
        }
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.heap.len()
    }
}
