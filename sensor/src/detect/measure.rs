//! What one rule adds up for one device: kept per peer or per port where the rule says so.

use std::hash::{Hash, Hasher};

use sensor_common::flow::FlowKey;

use super::{
    opening::{self, Part},
    threshold::{Metric, Threshold},
    window::{Distinct, Sums, Value},
};
use crate::{observation::FlowDelta, time::Moment};

/// The peer address and destination port that a window is about; zeros where the rule does not
/// tell them apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group {
    pub peer: [u64; 2],
    pub port: u16,
}

/// Word by word, which hashers take faster than octets.
impl Hash for Group {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.peer[0]);
        state.write_u64(self.peer[1]);
        state.write_u16(self.port);
    }
}

impl Group {
    pub fn of(rule: &Threshold, key: &FlowKey, peer: [u64; 2]) -> Self {
        Self {
            peer: if rule.per_peer { peer } else { [0; 2] },
            port: if rule.per_port { key.destination_port() } else { 0 },
        }
    }
}

/// What a delta does to a rule's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Nothing,
    Add(Moment, u64),
    Insert(Moment, Value),
    /// The attempt was answered after all.
    Remove(Value),
    Seen(Moment),
}

impl Change {
    /// What `delta`, which passes the rule's filter, does to a window; `peer` is the other side.
    pub fn of(rule: &Threshold, delta: &FlowDelta, part: Part, peer: [u64; 2]) -> Self {
        let is_opening = delta.is_new && part == Part::Initiator;
        let counts = rule.filter.replies || part != Part::Responder;
        let when_new = |is_counted: bool| {
            if delta.is_new && is_counted { Self::Add(delta.first_seen, 1) } else { Self::Nothing }
        };
        match rule.metric {
            Metric::PacketRate if counts => Self::Add(delta.last_seen, delta.packets),
            Metric::OctetRate if counts => Self::Add(delta.last_seen, delta.octets),
            Metric::PacketRate | Metric::OctetRate => Self::Nothing,
            Metric::NewFlowRate => when_new(is_opening),
            Metric::InvalidOpenings => when_new(opening::is_invalid_opening(delta)),
            Metric::SynRate => match opening::syn_segments(delta) {
                0 => Self::Nothing,
                segments => Self::Add(delta.last_seen, segments),
            },
            Metric::DistinctPeers => Self::value(rule, delta, part, peer),
            Metric::DistinctDestinationPorts => {
                let port = u64::from(delta.key.destination_port());
                Self::value(rule, delta, part, [0, port])
            }
            Metric::DistinctSourcePorts => {
                let port = u64::from(delta.key.source_port());
                Self::value(rule, delta, part, [0, port])
            }
            Metric::Silence => Self::Seen(delta.last_seen),
            Metric::HalfOpenRate | Metric::HalfOpenShare => Self::Nothing,
        }
    }

    fn value(rule: &Threshold, delta: &FlowDelta, part: Part, value: Value) -> Self {
        if part != Part::Initiator {
            Self::Nothing
        } else if rule.failed && opening::is_answered(delta) {
            Self::Remove(value)
        } else if delta.is_new {
            Self::Insert(delta.first_seen, value)
        } else {
            Self::Nothing
        }
    }
}

/// The numbers of one window.
#[derive(Clone, Debug)]
enum Numbers {
    Sum(Sums),
    Distinct(Distinct),
    Share { half_open: Sums, all: Sums },
    LastSeen(Moment),
}

/// One rule's numbers for one device (and group).
#[derive(Clone, Debug)]
pub struct Measure {
    /// First moment of what the window holds.
    since: Moment,
    numbers: Numbers,
}

impl Measure {
    pub fn new(rule: &Threshold, at: Moment) -> Self {
        let numbers = match rule.metric {
            Metric::Silence => Numbers::LastSeen(at),
            Metric::HalfOpenShare => {
                Numbers::Share { half_open: Sums::new(rule.window), all: Sums::new(rule.window) }
            }
            metric if metric.is_distinct_count() => Numbers::Distinct(Distinct::new(rule.window)),
            _ => Numbers::Sum(Sums::new(rule.window)),
        };
        Self { since: at, numbers }
    }

    pub fn add(&mut self, at: Moment, amount: u64) {
        if let Numbers::Sum(sums) = &mut self.numbers {
            sums.add(at, amount);
        }
    }

    pub fn add_outcome(&mut self, at: Moment, is_half_open: bool) {
        match &mut self.numbers {
            Numbers::Sum(sums) => sums.add(at, u64::from(is_half_open)),
            Numbers::Share { half_open, all } => {
                half_open.add(at, u64::from(is_half_open));
                all.add(at, 1);
            }
            Numbers::Distinct(_) | Numbers::LastSeen(_) => {}
        }
    }

    pub fn see(&mut self, at: Moment) {
        if let Numbers::LastSeen(last_seen) = &mut self.numbers {
            *last_seen = at.max(*last_seen);
        }
    }

    pub fn distinct(&mut self) -> Option<&mut Distinct> {
        match &mut self.numbers {
            Numbers::Distinct(distinct) => Some(distinct),
            _ => None,
        }
    }

    /// Values held that count against the bound of all of them.
    pub fn values(&self) -> usize {
        match &self.numbers {
            Numbers::Distinct(distinct) => distinct.len(),
            _ => 0,
        }
    }

    /// Moves on to `now`; returns how many values have aged.
    pub fn advance(&mut self, now: Moment) -> usize {
        match &mut self.numbers {
            Numbers::Sum(sums) => sums.advance(now),
            Numbers::Distinct(distinct) => return distinct.advance(now),
            Numbers::Share { half_open, all } => {
                half_open.advance(now);
                all.advance(now);
            }
            Numbers::LastSeen(_) => {}
        }
        0
    }

    pub fn is_empty(&self) -> bool {
        match &self.numbers {
            Numbers::Sum(sums) => sums.total() == 0,
            Numbers::Distinct(distinct) => distinct.len() == 0,
            Numbers::Share { all, .. } => all.total() == 0,
            Numbers::LastSeen(_) => false,
        }
    }

    /// The number to be held against the limit, and whether it is only a lower bound.
    pub fn value(&self, rule: &Threshold, now: Moment) -> (f64, bool) {
        match &self.numbers {
            Numbers::Sum(sums) if rule.metric == Metric::InvalidOpenings => {
                (sums.total() as f64, false)
            }
            Numbers::Sum(sums) => (sums.total() as f64 / rule.window.as_secs_f64(), false),
            Numbers::Distinct(distinct) => (distinct.len() as f64, distinct.is_capped()),
            Numbers::Share { half_open, all } => {
                let all = all.total();
                if all < rule.minimum.max(1) {
                    (0.0, false)
                } else {
                    (half_open.total() as f64 / all as f64, false)
                }
            }
            Numbers::LastSeen(last_seen) => (now.since(*last_seen).as_secs_f64(), false),
        }
    }

    /// First moment of the evidence that is still in the window.
    pub fn evidence_since(&self, rule: &Threshold, now: Moment) -> Moment {
        match &self.numbers {
            Numbers::LastSeen(last_seen) => *last_seen,
            _ => {
                let window = u64::try_from(rule.window.as_micros()).unwrap_or(u64::MAX);
                let start = Moment::from_micros(now.as_micros().saturating_sub(window));
                self.since.max(start)
            }
        }
    }
}
