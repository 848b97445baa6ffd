//! Counting within a window that slides: the last so many moments, or different things, of one key.

use std::{collections::VecDeque, time::Duration};

use crate::time::Moment;

/// The latest moments of something, as many as its limit.
#[derive(Clone, Debug, Default)]
pub struct Burst {
    moments: VecDeque<Moment>,
}

impl Burst {
    /// Notes one more; the first moment of the last `limit`, if all are within `window`. Counting
    /// then begins anew, so that a burst that goes on is told of every `limit` times.
    pub fn add(&mut self, at: Moment, limit: usize, window: Duration) -> Option<Moment> {
        self.moments.push_back(at);
        while self.moments.len() > limit.max(1) {
            self.moments.pop_front();
        }
        let since = *self.moments.front()?;
        let is_reached = self.moments.len() >= limit && at.since(since) <= window;
        if is_reached {
            self.moments.clear();
        }
        is_reached.then_some(since)
    }
}

/// Different things seen within a window, as many as the limit.
#[derive(Clone, Debug)]
pub struct Distinct<T> {
    seen: Vec<(T, Moment)>,
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self { seen: Vec::new() }
    }
}

impl<T: PartialEq> Distinct<T> {
    /// Notes one; the first moment, once there are `limit` different ones within `window`. Those
    /// stay, so each that is new after them tells of it again.
    pub fn add(&mut self, what: T, at: Moment, limit: usize, window: Duration) -> Option<Moment> {
        self.seen.retain(|(_, moment)| at.since(*moment) <= window);
        if let Some((_, moment)) = self.seen.iter_mut().find(|(each, _)| *each == what) {
            *moment = at.max(*moment);
            return None;
        }
        if self.seen.len() >= limit.max(1) {
            let oldest = (0..self.seen.len()).min_by_key(|&index| self.seen[index].1)?;
            self.seen.swap_remove(oldest);
        }
        self.seen.push((what, at));
        let since = self.seen.iter().map(|(_, moment)| *moment).min()?;
        (self.seen.len() >= limit).then_some(since)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.seen.iter().map(|(what, _)| what)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn a_burst_is_so_many_within_the_window() {
        let mut burst = Burst::default();
        assert_eq!(burst.add(seconds(0.0), 3, WINDOW), None);
        assert_eq!(burst.add(seconds(5.0), 3, WINDOW), None);
        assert_eq!(burst.add(seconds(10.1), 3, WINDOW), None, "the first is too old");
        assert_eq!(burst.add(seconds(15.0), 3, WINDOW), Some(seconds(5.0)));
        assert_eq!(burst.add(seconds(15.0), 3, WINDOW), None, "it begins anew");
    }

    #[test]
    fn the_same_thing_counts_once_and_what_is_old_not_at_all() {
        let mut distinct = Distinct::default();
        assert_eq!(distinct.add('a', seconds(0.0), 2, WINDOW), None);
        assert_eq!(distinct.add('a', seconds(1.0), 2, WINDOW), None);
        assert_eq!(distinct.add('b', seconds(12.0), 2, WINDOW), None);
        assert_eq!(distinct.add('c', seconds(22.0), 2, WINDOW), Some(seconds(12.0)));
        assert_eq!(distinct.add('c', seconds(22.0), 2, WINDOW), None, "nothing new");
        assert_eq!(distinct.add('d', seconds(23.0), 2, WINDOW), Some(seconds(22.0)));
        assert_eq!(distinct.iter().count(), 2);
    }
}
