//! The time in which a detector only learns what is routine.
//!
//! It is kept in memory: an agent that is started again learns again.

use std::{hash::Hash, time::Duration};

use super::{
    description::{Parameter, Source, Unit},
    table::Table,
};
use crate::time::Moment;

const DAY: f64 = 86_400.0;
/// What was not seen for so long is no routine any more.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(90 * 86_400);

/// The parameter of detectors that learn.
pub const PARAMETER: Parameter = Parameter {
    name: "learning_period",
    meaning: "after a start of the agent in which everything counts as routine",
    default: 14.0 * DAY,
    minimum: 0.0,
    maximum: 90.0 * DAY,
    unit: Unit::Seconds,
    source: Source::Ours,
};

/// A period that begins with the first moment that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Learning {
    length: Duration,
    started: Option<Moment>,
}

impl Learning {
    pub const fn new(length: Duration) -> Self {
        Self { length, started: None }
    }

    pub fn is_learning(&mut self, now: Moment) -> bool {
        let started = *self.started.get_or_insert(now);
        now.since(started) < self.length
    }
}

/// What was seen, in the learning period or after it.
#[derive(Debug)]
pub struct Routine<K> {
    learning: Learning,
    known: Table<K, ()>,
}

impl<K: Eq + Hash> Routine<K> {
    pub fn new(learning_period: Duration, capacity: usize) -> Self {
        Self {
            learning: Learning::new(learning_period),
            known: Table::new(capacity, FORGOTTEN_AFTER),
        }
    }

    /// Notes `key`; returns whether it is seen for the first time, and not in the learning period.
    /// What finds no room is counted, and is no news: it could be said of everything.
    pub fn is_news(&mut self, key: K, at: Moment) -> bool {
        let is_learning = self.learning.is_learning(at);
        let mut is_first = false;
        self.known.touch(key, at, || is_first = true);
        is_first && !is_learning
    }

    /// Begins to learn, if nothing was seen yet, and forgets what is old.
    pub fn advance(&mut self, now: Moment) {
        self.learning.is_learning(now);
        if self.known.len() * 2 > self.known.capacity() {
            self.known.make_room(now);
        }
    }

    pub fn overflowed(&self) -> u64 {
        self.known.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    #[test]
    fn it_learns_from_the_first_moment_for_as_long_as_was_said() {
        let mut learning = Learning::new(Duration::from_secs(10));
        assert!(learning.is_learning(seconds(100.0)));
        assert!(learning.is_learning(seconds(109.9)));
        assert!(!learning.is_learning(seconds(110.0)));
        assert!(!Learning::new(Duration::ZERO).is_learning(seconds(0.0)));
    }

    #[test]
    fn what_comes_first_after_learning_is_news_once() {
        let mut routine = Routine::new(Duration::from_secs(10), 8);
        assert!(!routine.is_news("learned", seconds(0.0)));
        assert!(!routine.is_news("learned", seconds(11.0)));
        assert!(routine.is_news("new", seconds(11.0)));
        assert!(!routine.is_news("new", seconds(12.0)));
    }

    #[test]
    fn a_quiet_beginning_counts_as_learning() {
        let mut routine = Routine::new(Duration::from_secs(10), 8);
        routine.advance(seconds(0.0));
        assert!(routine.is_news("new", seconds(10.0)));
    }

    #[test]
    fn what_was_long_not_seen_is_news_again_and_what_has_no_room_is_none() {
        let mut routine = Routine::new(Duration::ZERO, 2);
        assert!(routine.is_news(1, seconds(0.0)));
        assert!(routine.is_news(2, seconds(1.0)));
        assert!(!routine.is_news(3, seconds(2.0)));
        assert_eq!(routine.overflowed(), 1);
        let later = seconds(91.0 * DAY);
        routine.advance(later);
        assert!(routine.is_news(1, later));
    }
}
