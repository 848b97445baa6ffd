//! Biflows in memory: found by key, listed by how long ago they were last seen.
//!
//! Slots lie in one vector; the hash chains and the list of recency are threaded through them, so
//! that a biflow is held once and costs no allocation. The vector keeps its largest size. The list is
//! in order to a second.

use std::hash::BuildHasher as _;

use super::{biflow::Biflow, key::BiflowKey};
use crate::{hash::RandomState, prefetch::prefetch};

const NONE: u32 = u32::MAX;
const FEWEST_BUCKETS: usize = 1024;

#[derive(Debug)]
struct Slot {
    biflow: Biflow,
    hash: u32,
    /// Next slot of the bucket, or of the free slots.
    next: u32,
    earlier: u32,
    later: u32,
    /// The second in which it was last made the newest.
    touched: u32,
    /// Odd while in use.
    generation: u32,
}

// A million biflows are to fit in 256 MiB with their deadlines.
const _: () = assert!(size_of::<Slot>() <= 248);

#[derive(Debug)]
pub(super) struct BiflowStore {
    slots: Vec<Slot>,
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
            slots: Vec::new(),
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
            let slot = &self.slots[index as usize];
            if slot.hash == hash && slot.biflow.key == *key {
                return Some(index);
            }
            index = slot.next;
        }
        None
    }

    /// Has the processor fetch where the biflows of these keys lie, all at the same time; what is found
    /// for none of them waits for memory as it would have.
    pub fn expect<const N: usize>(&self, keys: [Option<BiflowKey>; N]) {
        let hashes = keys.map(|key| key.map(|key| self.hash(&key)));
        for hash in hashes.iter().flatten() {
            prefetch(&self.buckets[self.bucket(*hash)]);
        }
        for hash in hashes.iter().flatten() {
            let index = self.buckets[self.bucket(*hash)];
            if let Some(slot) = self.slots.get(index as usize) {
                let Slot { biflow, generation, .. } = slot;
                prefetch(slot);
                prefetch(biflow);
                prefetch(generation);
                biflow.expect();
            }
        }
    }

    /// Adds a biflow whose key is not yet there, as the newest.
    pub fn insert(&mut self, biflow: Biflow) -> u32 {
        let touched = second_of(&biflow);
        if self.length >= self.buckets.len() {
            self.double_buckets();
        }
        let hash = self.hash(&biflow.key);
        let bucket = self.bucket(hash);
        let slot = Slot {
            biflow,
            hash,
            next: self.buckets[bucket],
            earlier: NONE,
            later: NONE,
            touched,
            generation: 1,
        };
        let index = if self.free == NONE {
            self.slots.push(slot);
            (self.slots.len() - 1) as u32
        } else {
            let index = self.free;
            let place = &mut self.slots[index as usize];
            self.free = place.next;
            let generation = place.generation.wrapping_add(1);
            *place = Slot { generation, ..slot };
            index
        };
        self.buckets[bucket] = index;
        self.append(index);
        self.length += 1;
        index
    }

    pub fn remove(&mut self, index: u32) {
        self.unlink(index);
        let Slot { hash, next, .. } = self.slots[index as usize];
        let bucket = self.bucket(hash);
        let mut before = self.buckets[bucket];
        if before == index {
            self.buckets[bucket] = next;
        } else {
            while self.slots[before as usize].next != index {
                before = self.slots[before as usize].next;
            }
            self.slots[before as usize].next = next;
        }
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        slot.next = self.free;
        self.free = index;
        self.length -= 1;
    }

    /// Makes a biflow the newest, once in each second in which it is seen: its neighbours in the list
    /// lie anywhere in memory.
    pub fn touch(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        let second = second_of(&slot.biflow);
        if std::mem::replace(&mut slot.touched, second) != second && self.newest != index {
            self.unlink(index);
            self.append(index);
        }
    }

    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    pub fn generation(&self, index: u32) -> u32 {
        self.slots[index as usize].generation
    }

    pub fn get(&self, index: u32) -> &Biflow {
        &self.slots[index as usize].biflow
    }

    pub fn get_mut(&mut self, index: u32) -> &mut Biflow {
        &mut self.slots[index as usize].biflow
    }

    /// Every biflow, the one longest unseen first.
    pub fn iter(&self) -> impl Iterator<Item = &Biflow> {
        let mut index = self.oldest;
        std::iter::from_fn(move || {
            let slot = self.slots.get(index as usize)?;
            index = slot.later;
            Some(&slot.biflow)
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
            let bucket = self.bucket(self.slots[index as usize].hash);
            let slot = &mut self.slots[index as usize];
            slot.next = self.buckets[bucket];
            self.buckets[bucket] = index;
            index = slot.later;
        }
    }

    fn append(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.earlier = self.newest;
        slot.later = NONE;
        match self.newest {
            NONE => self.oldest = index,
            newest => self.slots[newest as usize].later = index,
        }
        self.newest = index;
    }

    fn unlink(&mut self, index: u32) {
        let Slot { earlier, later, .. } = self.slots[index as usize];
        match earlier {
            NONE => self.oldest = later,
            earlier => self.slots[earlier as usize].later = later,
        }
        match later {
            NONE => self.newest = earlier,
            later => self.slots[later as usize].earlier = earlier,
        }
    }
}

/// The second in which a biflow was last seen, in the low half of its number.
fn second_of(biflow: &Biflow) -> u32 {
    (biflow.last_seen / 1_000_000) as u32
}
