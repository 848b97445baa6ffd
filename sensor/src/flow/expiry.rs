//! When to look at which biflow again.
//!
//! A biflow that is seen again is not moved: when its entry comes up, whoever takes it queues it
//! anew. So a packet costs nothing here, and a reading touches only biflows that are due.
//!
//! Entries tell ticks; the deadline to the microsecond stands with the biflow, which has to be looked
//! at anyway. So an entry takes four octets, and half as much again as its list grows.

use std::collections::BTreeMap;

/// About as often as a live agent looks: with longer ticks more would be looked at that is not due, with
/// shorter ones there would be lists of few entries. A day, the longest timeout, has 330,000 ticks.
const MICROS_IN_TICK: u64 = 1 << 18;

/// One appointment: the slot at `at` microseconds. In the order in which they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Deadline {
    pub at: u64,
    pub index: u32,
}

/// Slots by the tick in which they have to be looked at. Entries that no longer hold stay until they
/// come up or are swept.
#[derive(Debug, Default)]
pub(super) struct DeadlineQueue {
    ticks: BTreeMap<u64, Vec<u32>>,
    length: usize,
}

impl DeadlineQueue {
    /// Whether what is queued for one of these moments comes up with what is queued for the other.
    pub fn is_same_tick(at: u64, other: u64) -> bool {
        tick(at) == tick(other)
    }

    pub fn push(&mut self, deadline: Deadline) {
        self.ticks.entry(tick(deadline.at)).or_default().push(deadline.index);
        self.length += 1;
    }

    /// Takes deadlines that are not after `now`, the earliest first: of one tick, those of later ticks
    /// come next time. `at` tells the moment for which a slot is queued, [`u64::MAX`] for none. Empty once
    /// there are no more.
    pub fn pop_due(&mut self, now: u64, at: impl Fn(u32) -> u64) -> Vec<Deadline> {
        while let Some(mut entry) = self.ticks.first_entry()
            && *entry.key() <= tick(now)
        {
            let of_tick = *entry.key();
            let slots = entry.get_mut();
            let before = slots.len();
            let mut due = Vec::new();
            slots.retain(|&index| {
                let at = at(index);
                let holds = tick(at) == of_tick;
                if holds && at <= now {
                    due.push(Deadline { at, index });
                }
                holds && at > now
            });
            self.length -= before - slots.len();
            let is_later = !slots.is_empty();
            if !is_later {
                entry.remove();
            }
            if is_later || !due.is_empty() {
                due.sort_unstable();
                // One that ended may have left its entry to the next in its slot.
                due.dedup();
                return due;
            }
        }
        Vec::new()
    }

    /// Drops what no longer holds once that can be most of the queue: `live` biflows have one
    /// deadline each, and eviction leaves theirs behind.
    pub fn sweep(&mut self, live: usize, at: impl Fn(u32) -> u64) {
        const SLACK: usize = 4096;
        if self.length <= 2 * live + SLACK {
            return;
        }
        self.ticks.retain(|of_tick, slots| {
            slots.retain(|&index| tick(at(index)) == *of_tick);
            slots.sort_unstable();
            slots.dedup();
            slots.shrink_to_fit();
            !slots.is_empty()
        });
        self.length = self.ticks.values().map(Vec::len).sum();
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Octets of memory that was asked for, beside what finds a tick.
    #[cfg(test)]
    pub fn octets(&self) -> usize {
        self.ticks.values().map(|slots| slots.capacity() * size_of::<u32>()).sum()
    }
}

const fn tick(at: u64) -> u64 {
    at / MICROS_IN_TICK
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: u64 = MICROS_IN_TICK;

    /// What is due by `now` of a queue for slots that are queued at these moments.
    fn due(queue: &mut DeadlineQueue, now: u64, slots: &[u64]) -> Vec<u32> {
        let at = |index: u32| slots[index as usize];
        let mut found = Vec::new();
        loop {
            let due = queue.pop_due(now, at);
            assert!(due.iter().all(|deadline| deadline.at == at(deadline.index)));
            if due.is_empty() {
                return found;
            }
            found.extend(due.into_iter().map(|deadline| deadline.index));
        }
    }

    #[test]
    fn deadlines_come_to_the_microsecond_and_ties_by_slot() {
        let slots = [3 * TICK + 5, 5, 3 * TICK + 5, 3 * TICK + 4, 9 * TICK];
        let mut queue = DeadlineQueue::default();
        for index in [4, 2, 0, 3, 1] {
            queue.push(Deadline { at: slots[index as usize], index });
        }
        assert!(due(&mut queue, 4, &slots).is_empty());
        assert_eq!(due(&mut queue, 3 * TICK + 4, &slots), [1, 3]);
        assert_eq!(due(&mut queue, 9 * TICK - 1, &slots), [0, 2]);
        assert_eq!(due(&mut queue, u64::MAX, &slots), [4]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn what_no_longer_holds_does_not_come_and_what_is_there_twice_comes_once() {
        let mut slots = [5, 5, 6, TICK];
        let mut queue = DeadlineQueue::default();
        for index in [0, 1, 1, 2, 3] {
            queue.push(Deadline { at: slots[index as usize], index });
        }
        // The first was put off, the last has nothing to wait for.
        slots[0] = 7 * TICK;
        slots[3] = u64::MAX;
        queue.push(Deadline { at: 7 * TICK, index: 0 });
        assert_eq!(due(&mut queue, 2 * TICK, &slots), [1, 2]);
        assert_eq!((due(&mut queue, 7 * TICK, &slots), queue.len()), (vec![0], 0));
    }

    #[test]
    fn a_sweep_leaves_one_entry_for_each_that_holds() {
        let slots = [TICK, 2 * TICK];
        let mut queue = DeadlineQueue::default();
        for round in 0..3000 {
            queue.push(Deadline { at: TICK, index: 0 });
            queue.push(Deadline { at: round * TICK, index: 1 });
        }
        queue.sweep(2, |index| slots[index as usize]);
        assert_eq!((queue.len(), due(&mut queue, u64::MAX, &slots)), (2, vec![0, 1]));
    }
}
