//! Bounded state by key, for detectors: what was not touched for long goes, what finds no room is
//! counted.

use std::{hash::Hash, time::Duration};

use crate::{hash::HashMap, time::Moment};

/// Values by key. When it is full, keys that were not touched for `lifetime` make room; if there are
/// none, the new one is refused: who floods the table displaces nobody.
#[derive(Debug)]
pub struct Table<K, V> {
    entries: HashMap<K, Entry<V>>,
    capacity: usize,
    lifetime: Duration,
    /// Until then nothing can have aged, so a full table is not searched again.
    next_search: Moment,
    /// No value was touched last before this.
    oldest: Moment,
    overflowed: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    touched: Moment,
}

impl<K: Eq + Hash, V> Table<K, V> {
    pub fn new(capacity: usize, lifetime: Duration) -> Self {
        Self {
            entries: HashMap::default(),
            capacity,
            lifetime,
            next_search: Moment::default(),
            oldest: Moment::default(),
            overflowed: 0,
        }
    }

    /// The value of `key`, made if it is not there; `None` if there is no room for it.
    pub fn touch(&mut self, key: K, at: Moment, make: impl FnOnce() -> V) -> Option<&mut V> {
        if self.entries.len() >= self.capacity && !self.entries.contains_key(&key) {
            self.make_room(at);
            if self.entries.len() >= self.capacity {
                self.overflowed += 1;
                return None;
            }
        }
        self.oldest = if self.entries.is_empty() { at } else { self.oldest.min(at) };
        let entry = self.entries.entry(key).or_insert_with(|| Entry { value: make(), touched: at });
        entry.touched = entry.touched.max(at);
        Some(&mut entry.value)
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key).map(|entry| entry.value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, entry)| (key, &mut entry.value))
    }

    /// Drops what was not touched within the lifetime.
    pub fn expire(&mut self, now: Moment) {
        let lifetime = self.lifetime;
        if self.entries.is_empty() || now.since(self.oldest) <= lifetime {
            return;
        }
        self.oldest = now;
        let oldest = &mut self.oldest;
        self.entries.retain(|_, entry| {
            let is_kept = now.since(entry.touched) <= lifetime;
            if is_kept {
                *oldest = entry.touched.min(*oldest);
            }
            is_kept
        });
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How often there was no room.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Drops what has aged, at most ten times in a lifetime: a flood does not cost the square of it.
    pub fn make_room(&mut self, now: Moment) {
        if now >= self.next_search {
            self.expire(now);
            self.next_search = now + self.lifetime / 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    #[test]
    fn a_full_table_refuses_what_is_new_and_counts_it_until_something_ages() {
        let mut table = Table::new(2, Duration::from_secs(10));
        for key in 0..2 {
            assert!(table.touch(key, seconds(0.0), || key).is_some());
        }
        assert!(table.touch(2, seconds(1.0), || 2).is_none());
        assert_eq!(table.overflowed(), 1);
        assert!(table.touch(0, seconds(9.0), || 9).is_some(), "it is there");
        assert!(table.touch(2, seconds(11.0), || 2).is_some());
        assert_eq!((table.len(), table.get(&1), table.get(&0)), (2, None, Some(&0)));
    }

    #[test]
    fn a_million_new_keys_displace_nothing_that_is_in_use() {
        const REAL: u32 = 1000;
        let mut table = Table::new(4096, Duration::from_secs(60));
        for key in 0..REAL {
            table.touch(key, seconds(0.0), || key);
        }
        for forged in 0..1_000_000 {
            let at = seconds(f64::from(forged) * 0.000_1);
            table.touch(REAL + forged, at, || 0);
            // Each real one is heard every second.
            table.touch(forged % REAL, at, || u32::MAX);
        }
        assert!((0..REAL).all(|key| table.get(&key) == Some(&key)));
        assert!(table.len() <= 4096);
        assert!(table.overflowed() > 900_000);
    }

    #[test]
    fn what_is_not_touched_expires() {
        let mut table = Table::new(2, Duration::from_secs(10));
        table.touch(0, seconds(0.0), || ());
        table.touch(1, seconds(5.0), || ());
        table.expire(seconds(10.5));
        assert_eq!((table.get(&0), table.get(&1)), (None, Some(&())));
    }
}
