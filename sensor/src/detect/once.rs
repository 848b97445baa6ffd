//! What is said once a day: that a pair of devices speaks something that it should not.

use std::{hash::Hash, time::Duration};

use super::table::Table;
use crate::time::Moment;

pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// Keys that were spoken of within a day.
#[derive(Debug)]
pub struct OnceADay<K>(Table<K, ()>);

impl<K: Eq + Hash> OnceADay<K> {
    pub fn new(capacity: usize) -> Self {
        Self(Table::new(capacity, DAY))
    }

    /// Whether `key` was not spoken of for a day; from now on it was. Without room it is not spoken
    /// of, and counted.
    pub fn is_first(&mut self, key: K, at: Moment) -> bool {
        self.0.get(&key).is_none() && self.0.touch(key, at, || ()).is_some()
    }

    pub fn expire(&mut self, now: Moment) {
        self.0.expire(now);
    }

    pub fn overflowed(&self) -> u64 {
        self.0.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    #[test]
    fn a_day_counts_from_when_it_was_said_not_from_when_it_was_last_seen() {
        let mut said = OnceADay::new(1);
        assert!(said.is_first(1, seconds(0.0)));
        assert!(!said.is_first(1, seconds(86_000.0)));
        assert!(!said.is_first(2, seconds(86_000.0)), "no room");
        assert_eq!(said.overflowed(), 1);
        said.expire(seconds(86_401.0));
        assert!(said.is_first(1, seconds(86_401.0)));
    }
}
