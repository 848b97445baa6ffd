//! What waits in memory while the store cannot be written. Bounded: the least severe go first.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use super::Notice;
use crate::{detect::Severity, time::Timestamp};

/// A notice for one sink.
#[derive(Clone, Debug)]
pub struct HeldNotice {
    /// Never given again.
    pub number: u64,
    pub sink: usize,
    pub notice: Notice,
    pub attempts: u32,
    put_off: Option<Timestamp>,
}

#[derive(Debug)]
pub struct Held {
    /// For each sink.
    capacity: usize,
    /// By number.
    notices: BTreeMap<u64, HeldNotice>,
    /// How many there are for each sink.
    lengths: HashMap<usize, usize>,
    last: u64,
}

impl Held {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, notices: BTreeMap::new(), lengths: HashMap::new(), last: 0 }
    }

    /// Keeps a notice; returns its number, and whether one was dropped for it (or itself).
    pub fn push(&mut self, sink: usize, notice: Notice) -> (u64, bool) {
        self.last += 1;
        let number = self.last;
        let held = HeldNotice { number, sink, notice, attempts: 0, put_off: None };
        self.notices.insert(number, held);
        *self.lengths.entry(sink).or_default() += 1;
        let is_over = self.len(sink) > self.capacity;
        if is_over {
            let of_sink = self.notices.values().filter(|held| held.sink == sink);
            let least = of_sink.min_by_key(|held| (held.notice.severity, held.number));
            if let Some(victim) = least.map(|held| held.number) {
                self.remove(victim);
            }
        }
        (number, is_over)
    }

    pub fn remove(&mut self, number: u64) {
        if let Some(held) = self.notices.remove(&number)
            && let Some(length) = self.lengths.get_mut(&held.sink)
        {
            *length -= 1;
        }
    }

    /// In the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &HeldNotice> {
        self.notices.values()
    }

    pub fn has(&self, number: u64) -> bool {
        self.notices.contains_key(&number)
    }

    pub fn len(&self, sink: usize) -> usize {
        self.lengths.get(&sink).copied().unwrap_or(0)
    }

    /// Everything of an alert waits until then.
    pub fn put_off(&mut self, number: u64, until: Timestamp) {
        let Some(refused) = self.notices.get_mut(&number) else { return };
        refused.attempts = refused.attempts.saturating_add(1);
        let (sink, alert) = (refused.sink, refused.notice.alert);
        for held in self.notices.values_mut() {
            if held.sink == sink && held.notice.alert == alert {
                held.put_off = Some(until);
            }
        }
    }

    /// At most `limit` that are due for a sink, each with the severity of the worst that waits of
    /// its alert; the worst alerts first.
    pub fn due(&self, sink: usize, limit: usize, now: Timestamp) -> Vec<(Severity, &HeldNotice)> {
        let of_sink = || self.notices.values().filter(move |held| held.sink == sink);
        let mut worst: HashMap<u64, Severity> = HashMap::new();
        for held in of_sink() {
            let severity = worst.entry(held.notice.alert).or_insert(held.notice.severity);
            *severity = held.notice.severity.max(*severity);
        }
        let mut due: Vec<_> = of_sink()
            .filter(|held| held.put_off.is_none_or(|until| until <= now))
            .map(|held| (worst[&held.notice.alert], held))
            .collect();
        due.sort_by_key(|(severity, held)| (Reverse(*severity), held.number));
        due.truncate(limit);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(alert: u64, severity: Severity) -> Notice {
        Notice { alert, severity, ..Notice::test("s", Timestamp::from_micros(1)) }
    }

    #[test]
    fn a_full_memory_drops_the_oldest_of_the_least_severe_of_its_sink() {
        let mut held = Held::new(2);
        let (first, _) = held.push(0, notice(1, Severity::Low));
        held.push(0, notice(2, Severity::High));
        assert!(!held.push(1, notice(3, Severity::Info)).1);
        let (third, is_over) = held.push(0, notice(4, Severity::Medium));
        assert!(is_over && !held.has(first) && held.has(third));
        let (fourth, is_over) = held.push(0, notice(5, Severity::Info));
        assert!(is_over && !held.has(fourth));
        assert_eq!((held.len(0), held.len(1)), (2, 1));
    }

    #[test]
    fn what_is_put_off_holds_up_its_own_alert_only() {
        let mut held = Held::new(9);
        let (first, _) = held.push(0, notice(1, Severity::Low));
        held.push(0, notice(2, Severity::Low));
        held.push(0, notice(1, Severity::High));
        let at = Timestamp::from_micros;
        held.put_off(first, at(10));
        let due = |now| -> Vec<(Severity, u64)> {
            let due = held.due(0, 9, at(now));
            due.into_iter().map(|(worst, held)| (worst, held.notice.alert)).collect()
        };
        assert_eq!(due(9), [(Severity::Low, 2)]);
        assert_eq!(due(10), [(Severity::High, 1), (Severity::High, 1), (Severity::Low, 2)]);
    }
}
