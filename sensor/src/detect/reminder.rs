//! What is worth one finding now and then, however often it happens.

use std::{hash::Hash, time::Duration};

use super::table::Table;
use crate::time::Moment;

/// Keys that were reported, and when.
#[derive(Debug)]
pub struct Reminder<K> {
    reported: Table<K, Moment>,
    period: Duration,
}

impl<K: Eq + Hash> Reminder<K> {
    /// A key is due again after `period`.
    pub fn every(period: Duration, capacity: usize) -> Self {
        Self { reported: Table::new(capacity, period * 2), period }
    }

    /// Whether `key` is to be reported at `at`; what finds no room is not, and counted.
    pub fn is_due(&mut self, key: K, at: Moment) -> bool {
        let mut is_new = false;
        let period = self.period;
        let Some(reported) = self.reported.touch(key, at, || {
            is_new = true;
            at
        }) else {
            return false;
        };
        let is_due = is_new || at.since(*reported) >= period;
        if is_due {
            *reported = at;
        }
        is_due
    }

    pub fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    #[test]
    fn a_key_is_due_once_in_a_period() {
        let mut reminder = Reminder::every(Duration::from_secs(10), 1);
        assert!(reminder.is_due('a', seconds(0.0)));
        assert!(!reminder.is_due('a', seconds(9.9)));
        assert!(reminder.is_due('a', seconds(10.0)));
        assert!(!reminder.is_due('a', seconds(19.9)));
        assert!(!reminder.is_due('b', seconds(20.0)), "there is no room");
        assert_eq!(reminder.overflowed(), 1);
    }
}
