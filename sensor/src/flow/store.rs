//! Biflows in memory: found by key, listed by how long ago they were last seen.
//!
//! Slots keep their places; the hash chains and the list of recency are threaded through them, so that a
//! biflow of which one end sent costs no allocation. Slots keep their largest number. The list is in
//! order to a second.

use std::{hash::BuildHasher as _, mem::offset_of};

use sensor_common::application::Application;

use super::{
    biflow::{Annex, BEFORE_HALF, Biflow, KeptBiflow, NEVER, Times},
    key::BiflowKey,
    pool::Chunks,
};
use crate::{hash::RandomState, inventory::DeviceId, observation::FlowDelta, prefetch::prefetch};

const NONE: u32 = u32::MAX;
const FEWEST_BUCKETS: usize = 1024;

/// Two cache lines: what is asked of a biflow, and what is written with a packet.
#[repr(C, align(64))]
#[derive(Debug)]
struct Slot {
    /// Next slot of the bucket, or of the free slots.
    next: u32,
    earlier: u32,
    later: u32,
    biflow: KeptBiflow,
}

// A million biflows are to fit in 136 MiB with their deadlines.
const _: () = assert!(size_of::<Slot>() == 128);
const _: () = assert!(offset_of!(Slot, biflow) + BEFORE_HALF == 64);

#[derive(Debug)]
pub(super) struct BiflowStore {
    slots: Chunks<Slot>,
    annex: Annex,
    buckets: Vec<u32>,
    free: u32,
    oldest: u32,
    newest: u32,
    length: usize,
    /// Drawn at start, so that a sender cannot aim at one bucket.
    hasher: RandomState,
}

impl BiflowStore {
    pub fn new() -> Self {
        Self {
            slots: Chunks::new(),
            annex: Annex::new(),
            buckets: vec![NONE; FEWEST_BUCKETS],
            free: NONE,
            oldest: NONE,
            newest: NONE,
            length: 0,
            hasher: RandomState::default(),
        }
    }

    pub fn len(&self) -> usize {
        self.length
    }

    pub fn find(&self, key: &BiflowKey) -> Option<u32> {
        let hash = self.hash(key);
        let mut index = self.buckets[self.bucket(hash)];
        while index != NONE {
            let slot = &self.slots[index];
            if self.annex.is_of(key, hash, &slot.biflow) {
                return Some(index);
            }
            index = slot.next;
        }
        None
    }

    /// Has the processor fetch where the biflows of these keys lie, all at the same time; what is found
    /// for none of them waits for memory as it would have.
    pub fn expect<const N: usize>(&self, keys: [Option<BiflowKey>; N]) {
        let buckets = keys.map(|key| key.map(|key| self.bucket(self.hash(&key))));
        for &bucket in buckets.iter().flatten() {
            prefetch(&self.buckets[bucket]);
        }
        let slots = buckets.map(|bucket| self.slots.get(self.buckets[bucket?]));
        for slot in slots.into_iter().flatten() {
            prefetch(slot);
            slot.biflow.expect();
        }
        // Whoever has more says so itself: we wait for the first, and the others are there by then.
        for slot in slots.into_iter().flatten() {
            self.annex.expect(&slot.biflow);
        }
    }

    /// Adds a biflow whose key is not yet there, as the newest: its end `from` begins it with `delta`, of
    /// which nothing is counted yet.
    pub fn insert(&mut self, key: &BiflowKey, id: u64, from: usize, delta: &FlowDelta) -> u32 {
        // Twice as many buckets as biflows: the second of a bucket waits for memory after the first.
        if self.length >= self.buckets.len() / 2 {
            self.double_buckets();
        }
        let hash = self.hash(key);
        let bucket = self.bucket(hash);
        let slot = Slot {
            next: self.buckets[bucket],
            earlier: NONE,
            later: NONE,
            biflow: self.annex.begin(key, hash, id, from, delta),
        };
        let index = if self.free == NONE {
            self.slots.push(slot)
        } else {
            let index = self.free;
            let place = &mut self.slots[index];
            self.free = place.next;
            *place = slot;
            index
        };
        self.buckets[bucket] = index;
        self.append(index);
        self.length += 1;
        index
    }

    pub fn remove(&mut self, index: u32) {
        self.unlink(index);
        let Slot { next, biflow, .. } = self.slots[index];
        let bucket = self.bucket(self.hash(&self.annex.key(&biflow)));
        let mut before = self.buckets[bucket];
        if before == index {
            self.buckets[bucket] = next;
        } else {
            while self.slots[before].next != index {
                before = self.slots[before].next;
            }
            self.slots[before].next = next;
        }
        self.annex.give_up(&biflow);
        // No deadline of it holds any more.
        self.set_queued(index, NEVER);
        self.slots[index].next = self.free;
        self.free = index;
        self.length -= 1;
    }

    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    pub fn get(&self, index: u32) -> Biflow {
        self.annex.biflow(&self.slots[index].biflow)
    }

    /// Adds what an end of a biflow did, and makes it the newest once in each second in which it is seen:
    /// its neighbours in the list lie anywhere in memory.
    pub fn add(
        &mut self,
        index: u32,
        from: usize,
        delta: &FlowDelta,
        source: Option<DeviceId>,
        destination: Option<DeviceId>,
    ) {
        let kept = &mut self.slots[index].biflow;
        let before = second(kept.times().last_seen);
        self.annex.add(kept, from, delta, source, destination);
        if second(kept.times().last_seen) != before && self.newest != index {
            self.unlink(index);
            self.append(index);
        }
    }

    /// [`Annex::settle_application`].
    pub fn settle_application(&mut self, index: u32, application: Application) {
        self.annex.settle_application(&mut self.slots[index].biflow, application);
    }

    /// [`Annex::mark_recorded`].
    pub fn mark_recorded(&mut self, index: u32, initiator: usize) {
        self.annex.mark_recorded(&mut self.slots[index].biflow, initiator);
    }

    /// [`KeptBiflow::settle_outcome`].
    pub fn settle_outcome(&mut self, index: u32) {
        self.slots[index].biflow.settle_outcome();
    }

    /// Whether both ends of a biflow sent something.
    pub fn is_answered(&self, index: u32) -> bool {
        self.annex.is_answered(&self.slots[index].biflow)
    }

    pub fn times(&self, index: u32) -> Times {
        self.slots[index].biflow.times()
    }

    /// Sets when a biflow is to be looked at, but not when it was last seen.
    pub fn set_times(&mut self, index: u32, times: &Times) {
        self.slots[index].biflow.set_times(times);
    }

    /// Sets the deadline at which a slot is queued.
    pub fn set_queued(&mut self, index: u32, at: u64) {
        self.slots[index].biflow.set_queued(at);
    }

    /// The deadline at which a slot is queued, [`NEVER`] for none.
    pub fn queued(&self, index: u32) -> u64 {
        self.slots[index].biflow.queued()
    }

    /// Every biflow, the one longest unseen first.
    pub fn iter(&self) -> impl Iterator<Item = Biflow> {
        let mut index = self.oldest;
        std::iter::from_fn(move || {
            let slot = self.slots.get(index)?;
            index = slot.later;
            Some(self.annex.biflow(&slot.biflow))
        })
    }

    fn hash(&self, key: &BiflowKey) -> u32 {
        self.hasher.hash_one(key) as u32
    }

    fn bucket(&self, hash: u32) -> usize {
        hash as usize & (self.buckets.len() - 1)
    }

    fn double_buckets(&mut self) {
        self.buckets = vec![NONE; self.buckets.len() * 2];
        let mut index = self.oldest;
        while index != NONE {
            let bucket = self.bucket(self.hash(&self.annex.key(&self.slots[index].biflow)));
            let slot = &mut self.slots[index];
            slot.next = self.buckets[bucket];
            self.buckets[bucket] = index;
            index = slot.later;
        }
    }

    fn append(&mut self, index: u32) {
        let slot = &mut self.slots[index];
        slot.earlier = self.newest;
        slot.later = NONE;
        match self.newest {
            NONE => self.oldest = index,
            newest => self.slots[newest].later = index,
        }
        self.newest = index;
    }

    fn unlink(&mut self, index: u32) {
        let Slot { earlier, later, .. } = self.slots[index];
        match earlier {
            NONE => self.oldest = later,
            earlier => self.slots[earlier].later = later,
        }
        match later {
            NONE => self.newest = earlier,
            later => self.slots[later].earlier = earlier,
        }
    }

    /// Octets of memory that was asked for: for biflows, and for what finds them.
    #[cfg(test)]
    pub fn octets(&self) -> (usize, usize) {
        let buckets = self.buckets.capacity() * size_of::<u32>();
        (self.slots.octets() + self.annex.octets(), buckets)
    }
}

fn second(micros: u64) -> u64 {
    micros / 1_000_000
}
