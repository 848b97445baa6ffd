//! Sliding windows of ten sub-buckets: sums, and distinct values that age.
//!
//! A window covers the sub-bucket that is filling and the nine before it, so it never holds more
//! than its length, and up to a tenth less.

mod values;

use std::time::Duration;

use self::values::Values;
use super::threshold::MAXIMUM_DISTINCT;
use crate::time::Moment;

const BUCKETS: usize = 10;

/// The sums of the last ten sub-buckets.
#[derive(Clone, Copy, Debug)]
pub struct Sums {
    /// Microseconds of a sub-bucket.
    width: u64,
    /// Number of the newest sub-bucket.
    head: u64,
    sums: [u64; BUCKETS],
}

impl Sums {
    pub fn new(window: Duration) -> Self {
        let micros = u64::try_from(window.as_micros()).unwrap_or(u64::MAX);
        Self { width: (micros / BUCKETS as u64).max(100_000), head: 0, sums: [0; BUCKETS] }
    }

    /// Moves on to `now`; a moment before the newest changes nothing.
    pub fn advance(&mut self, now: Moment) {
        let bucket = self.bucket(now);
        if bucket <= self.head {
            return;
        }
        let steps = (bucket - self.head).min(BUCKETS as u64);
        for step in 1..=steps {
            self.sums[((self.head + step) % BUCKETS as u64) as usize] = 0;
        }
        // A jump over the whole ring has emptied all of it, wherever the steps ended.
        self.head = bucket;
    }

    /// Adds what happened at `at`, unless that is too long ago.
    pub fn add(&mut self, at: Moment, amount: u64) {
        self.advance(at);
        if let Some(sum) = self.slot(self.bucket(at)) {
            *sum = sum.saturating_add(amount);
        }
    }

    fn remove_one(&mut self, bucket: u64) {
        if let Some(sum) = self.slot(bucket) {
            *sum = sum.saturating_sub(1);
        }
    }

    pub fn total(&self) -> u64 {
        self.sums.iter().fold(0, |total: u64, &sum| total.saturating_add(sum))
    }

    fn bucket(&self, at: Moment) -> u64 {
        at.as_micros() / self.width
    }

    fn is_current(&self, bucket: u64) -> bool {
        bucket <= self.head && self.head - bucket < BUCKETS as u64
    }

    fn slot(&mut self, bucket: u64) -> Option<&mut u64> {
        self.is_current(bucket).then(|| &mut self.sums[(bucket % BUCKETS as u64) as usize])
    }
}

/// A value of which different ones are counted: an address, or a port in the second word.
pub type Value = [u64; 2];

/// Distinct values and when each was last seen.
#[derive(Clone, Debug)]
pub struct Distinct {
    /// How many values were last seen in each sub-bucket.
    counts: Sums,
    /// Sub-bucket in which each value was last seen.
    last_seen: Values,
}

impl Distinct {
    pub fn new(window: Duration) -> Self {
        Self { counts: Sums::new(window), last_seen: Values::default() }
    }

    /// Drops the values that have aged; returns how many.
    pub fn advance(&mut self, now: Moment) -> usize {
        self.counts.advance(now);
        let before = self.last_seen.len();
        if before as u64 != self.counts.total() {
            let counts = &self.counts;
            self.last_seen.retain(|bucket| counts.is_current(bucket));
        }
        before - self.last_seen.len()
    }

    /// Whether `value` is new and there is no room for another.
    pub fn is_full_for(&self, value: &Value) -> bool {
        self.last_seen.len() >= MAXIMUM_DISTINCT && !self.last_seen.contains(value)
    }

    pub fn contains(&self, value: &Value) -> bool {
        self.last_seen.contains(value)
    }

    /// Notes `value` at `at`; returns whether it was not there.
    pub fn insert(&mut self, value: Value, at: Moment) -> bool {
        let bucket = self.counts.bucket(at);
        if bucket + (BUCKETS as u64) <= self.counts.head {
            return false;
        }
        match self.last_seen.insert(value, bucket) {
            Some(earlier) if earlier >= bucket => {
                self.last_seen.insert(value, earlier);
                false
            }
            Some(earlier) => {
                self.counts.remove_one(earlier);
                self.counts.add(at, 1);
                false
            }
            None => {
                self.counts.add(at, 1);
                true
            }
        }
    }

    /// Forgets `value`; returns whether it was there.
    pub fn remove(&mut self, value: &Value) -> bool {
        let Some(bucket) = self.last_seen.remove(value) else {
            return false;
        };
        self.counts.remove_one(bucket);
        true
    }

    pub fn len(&self) -> usize {
        self.last_seen.len()
    }

    /// Whether there may have been more values than are counted.
    pub fn is_capped(&self) -> bool {
        self.last_seen.len() >= MAXIMUM_DISTINCT
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn a_sum_ages_bucket_by_bucket() {
        let mut sums = Sums::new(WINDOW);
        for second in 0..10 {
            sums.add(seconds(f64::from(second)), 1);
        }
        assert_eq!(sums.total(), 10);
        sums.advance(seconds(9.99));
        assert_eq!(sums.total(), 10);
        sums.advance(seconds(10.0));
        assert_eq!(sums.total(), 9);
        sums.advance(seconds(18.0));
        assert_eq!(sums.total(), 1);
        sums.advance(seconds(1e9));
        assert_eq!(sums.total(), 0);
    }

    #[test]
    fn what_comes_late_is_counted_where_it_belongs_or_not_at_all() {
        let mut sums = Sums::new(WINDOW);
        sums.add(seconds(100.0), 1);
        sums.add(seconds(91.0), 1);
        sums.add(seconds(90.9), 1);
        assert_eq!(sums.total(), 2);
        sums.advance(seconds(101.0));
        assert_eq!(sums.total(), 1);
    }

    #[test]
    fn a_sum_does_not_wrap() {
        let mut sums = Sums::new(WINDOW);
        sums.add(seconds(1.0), u64::MAX);
        sums.add(seconds(2.0), u64::MAX);
        assert_eq!(sums.total(), u64::MAX);
    }

    #[test]
    fn a_value_seen_again_stays() {
        let mut distinct = Distinct::new(WINDOW);
        assert!(distinct.insert([0, 1], seconds(0.0)));
        assert!(distinct.insert([0, 2], seconds(0.0)));
        assert!(!distinct.insert([0, 1], seconds(5.0)));
        assert_eq!(distinct.advance(seconds(10.0)), 1);
        assert_eq!(distinct.len(), 1);
        assert_eq!(distinct.advance(seconds(15.0)), 1);
        assert_eq!(distinct.len(), 0);
    }

    #[test]
    fn a_value_seen_late_does_not_age_sooner() {
        let mut distinct = Distinct::new(WINDOW);
        distinct.insert([0, 1], seconds(5.0));
        distinct.insert([0, 1], seconds(1.0));
        distinct.advance(seconds(14.0));
        assert_eq!(distinct.len(), 1);
        assert!(distinct.remove(&[0, 1]));
        assert!(!distinct.remove(&[0, 1]));
        assert_eq!(distinct.counts.total(), 0);
    }

    #[test]
    fn a_full_window_still_renews_what_it_holds() {
        let mut distinct = Distinct::new(WINDOW);
        for value in 0..MAXIMUM_DISTINCT as u64 {
            assert!(!distinct.is_full_for(&[0, value]));
            distinct.insert([0, value], seconds(0.0));
        }
        assert!(distinct.is_capped());
        assert!(distinct.is_full_for(&[1, 0]));
        assert!(!distinct.is_full_for(&[0, 3]));
    }
}
