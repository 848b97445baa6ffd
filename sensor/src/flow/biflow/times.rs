//! When a biflow was seen, and when it is to be looked at.

use crate::{flow::packed::PackedMoment, time::Moment};

/// Later than all that is waited for.
pub(in crate::flow) const NEVER: u64 = PackedMoment::LARGEST;

/// Moments of one biflow, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) struct Times {
    pub start: u64,
    pub last_seen: u64,
    /// When there was last something to record, or nothing to; at first the start.
    pub recorded: u64,
    /// The deadline at which it is queued, [`NEVER`] while it is not.
    pub queued: u64,
    /// When it was seen to be closed or reset, [`NEVER`] while it was not.
    pub closed_at: u64,
    /// Whether its connection may still turn out to be half open.
    pub awaits_outcome: bool,
}

impl Times {
    pub fn new(start: u64, last_seen: u64) -> Self {
        Self {
            start,
            last_seen,
            recorded: start,
            queued: NEVER,
            closed_at: NEVER,
            awaits_outcome: false,
        }
    }

    pub fn closed(&self) -> Option<u64> {
        (self.closed_at != NEVER).then_some(self.closed_at)
    }

    pub(super) fn kept(&self) -> KeptTimes {
        KeptTimes {
            start: PackedMoment::of(self.start),
            last_seen: PackedMoment::of(self.last_seen),
            recorded: PackedMoment::of(self.recorded),
            queued: PackedMoment::of(self.queued),
            closed_at: PackedMoment::of(self.closed_at),
        }
    }
}

/// The moments of [`Times`] as they are kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeptTimes {
    start: PackedMoment,
    pub last_seen: PackedMoment,
    recorded: PackedMoment,
    pub queued: PackedMoment,
    closed_at: PackedMoment,
}

impl KeptTimes {
    /// It began then, or before.
    pub fn begin_by(&mut self, moment: Moment) {
        let start = moment.as_micros().min(self.start.get());
        self.start = PackedMoment::of(start);
        self.recorded = PackedMoment::of(start.min(self.recorded.get()));
    }

    /// It was seen then, if not later.
    pub fn see(&mut self, moment: Moment) {
        if moment.as_micros() > self.last_seen.get() {
            self.last_seen = PackedMoment::of(moment.as_micros());
        }
    }

    /// It is closed, if it was not yet.
    pub fn close(&mut self) {
        if self.closed_at.get() == NEVER {
            self.closed_at = self.last_seen;
        }
    }

    #[inline(always)]
    pub fn times(&self, awaits_outcome: bool) -> Times {
        Times {
            start: self.start.get(),
            last_seen: self.last_seen.get(),
            recorded: self.recorded.get(),
            queued: self.queued.get(),
            closed_at: self.closed_at.get(),
            awaits_outcome,
        }
    }
}
