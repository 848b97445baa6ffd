//! The conversations of one device with one destination.

use std::{collections::VecDeque, time::Duration};

use super::score::{Call, Scores};
use crate::time::Moment;

/// Conversations that are kept, the last ones: two hours and more of one a minute.
const MOST: usize = 96;
const HOUR: u64 = 3_600_000_000;
/// Hours that are kept, of conversations begun.
const HOURS: u64 = 24;

#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Start of the first conversation, also of those that are not kept.
    first: Option<u64>,
    calls: VecDeque<Call>,
    /// Hour since the beginning of the clock, and conversations begun in it.
    hours: VecDeque<(u64, u32)>,
    looked_at: Option<Moment>,
}

impl Row {
    pub fn add(&mut self, call: Call) {
        self.first = Some(self.first.map_or(call.start, |first| first.min(call.start)));
        // Records come in the order of ends.
        let place = self.calls.partition_point(|other| other.start <= call.start);
        self.calls.insert(place, call);
        if self.calls.len() > MOST {
            self.calls.pop_front();
        }
        let hour = call.start / HOUR;
        match self.hours.iter_mut().rfind(|(known, _)| *known == hour) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => {
                let place = self.hours.partition_point(|(known, _)| *known < hour);
                self.hours.insert(place, (hour, 1));
            }
        }
        let last = self.hours.back().map_or(0, |(last, _)| *last);
        self.hours.retain(|(hour, _)| last - hour < HOURS);
    }

    pub fn len(&self) -> usize {
        self.calls.len()
    }

    pub fn first(&self) -> Moment {
        Moment::from_micros(self.first.unwrap_or(0))
    }

    pub fn span(&self) -> Duration {
        let last = self.calls.back().map_or(0, |call| call.start);
        Moment::from_micros(last).since(self.first())
    }

    /// Whether it was not looked at for `pause`.
    pub fn is_due(&mut self, now: Moment, pause: Duration) -> bool {
        let is_due = self.looked_at.is_none_or(|looked_at| now.since(looked_at) >= pause);
        if is_due {
            self.looked_at = Some(now);
        }
        is_due
    }

    pub fn scores(&self) -> Scores {
        let calls: Vec<Call> = self.calls.iter().copied().collect();
        Scores::of(&calls, &self.whole_hours())
    }

    /// Conversations in each hour between the first kept one and the last, neither included unless
    /// there is nothing between them.
    fn whole_hours(&self) -> Vec<u32> {
        let (Some(&(first, _)), Some(&(last, _))) = (self.hours.front(), self.hours.back()) else {
            return Vec::new();
        };
        let between = if last - first >= 2 { first + 1..=last - 1 } else { first..=last };
        let count = |hour| self.hours.iter().find(|(known, _)| *known == hour);
        between.map(|hour| count(hour).map_or(0, |(_, count)| *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(start: u64) -> Call {
        Call { start, octets: 1, milliseconds: 1 }
    }

    #[test]
    fn the_span_outlives_what_is_kept_and_nothing_grows() {
        let mut row = Row::default();
        for minute in 0..10_000 {
            row.add(call(minute * 60_000_000));
        }
        assert_eq!((row.len(), row.hours.len()), (MOST, HOURS as usize));
        assert_eq!(row.span(), Duration::from_secs(9_999 * 60));
        assert_eq!(row.whole_hours(), [60; HOURS as usize - 2]);
    }

    #[test]
    fn what_comes_late_is_put_in_its_place() {
        let mut row = Row::default();
        for start in [3 * HOUR, HOUR, 2 * HOUR] {
            row.add(call(start));
        }
        assert!(row.calls.iter().is_sorted_by_key(|call| call.start));
        assert_eq!(row.span(), Duration::from_secs(2 * 3600));
        assert_eq!(row.whole_hours(), [1]);
    }

    #[test]
    fn an_empty_hour_counts() {
        let mut row = Row::default();
        for hour in [0, 1, 3, 4] {
            row.add(call(hour * HOUR));
        }
        assert_eq!(row.whole_hours(), [1, 0, 1]);
    }
}
