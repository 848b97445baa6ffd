//! How full what has a limit is.

use std::time::{Duration, Instant};

use super::Live;
use crate::capture::Datapath as _;

/// For so long, and up to twice that, the fullest that a ring has been is shown: longer than between
/// two scrapes, so that each sees it.
const SHOWN: Duration = Duration::from_secs(30);

/// The rings, at the fullest lately: records, notices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fullest {
    since: Instant,
    now: [f64; 2],
    before: [f64; 2],
}

impl Fullest {
    pub(super) fn from(since: Instant) -> Self {
        Self { since, now: [0.0; 2], before: [0.0; 2] }
    }

    /// Takes how full they were when they were read.
    pub(super) fn note(&mut self, at: Instant, found: [f64; 2]) {
        let turns = at.saturating_duration_since(self.since).as_nanos() / SHOWN.as_nanos();
        if turns > 0 {
            self.before = if turns == 1 { self.now } else { [0.0; 2] };
            (self.since, self.now) = (at, [0.0; 2]);
        }
        self.now = larger(self.now, found);
    }

    pub(super) fn shown(&self) -> [f64; 2] {
        larger(self.now, self.before)
    }
}

fn larger([a, b]: [f64; 2], [c, d]: [f64; 2]) -> [f64; 2] {
    [a.max(c), b.max(d)]
}

impl Live {
    /// Each 0 to 1, by a name of our own.
    pub(super) fn fill_ratios(&self) -> Vec<(&'static str, f64)> {
        let ratio = |used: usize, limit: usize| used as f64 / limit.max(1) as f64;
        let [records, notices] = self.fullest.shown();
        let waiting = self.sinks.counts().into_iter().filter_map(|counts| counts.waiting).max();
        let outbox = self.config.outbox.maximum_entries as usize;
        let (flows, most_flows) = (self.core.flows.len(), self.core.flows.maximum());
        let devices = self.core.inventory.devices().len();
        let endpoints = self.reader.endpoints_seen() as usize;
        vec![
            (
                "flows",
                ratio(self.reader.books().live_flows as usize, self.datapath.slots() as usize),
            ),
            ("endpoints", ratio(endpoints, self.datapath.endpoint_capacity() as usize)),
            ("biflows", ratio(flows, most_flows)),
            ("devices", ratio(devices, self.config.inventory.maximum_devices)),
            ("records_ring", records),
            ("notices_ring", notices),
            ("outbox", ratio(waiting.unwrap_or(0) as usize, outbox)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_that_was_full_for_a_moment_is_shown_to_the_next_scrape_and_then_forgotten() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut fullest = Fullest::from(start);
        fullest.note(at(29), [0.9, 0.1]);
        for second in 30..58 {
            fullest.note(at(second), [0.0, 0.2]);
            assert_eq!(fullest.shown(), [0.9, 0.2], "{second}");
        }
        fullest.note(at(60), [0.1, 0.0]);
        assert_eq!(fullest.shown(), [0.1, 0.2]);
        // Nobody read them for an hour.
        fullest.note(at(3660), [0.3, 0.0]);
        assert_eq!(fullest.shown(), [0.3, 0.0]);
    }
}
