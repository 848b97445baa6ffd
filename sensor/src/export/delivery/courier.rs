//! Brings one sink what waits for it, on a thread of its own. Its steps take the time as an
//! argument.

use std::{
    slice,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{
    Address, Notice,
    backoff::Backoff,
    outbox::{Call, Due, Outbox},
    sink::{Failure, Sink},
    wall_time,
};
use crate::time::Timestamp;

/// Notices in one delivery.
const BATCH: usize = 64;
/// One attempt of so many that fail is made with another alert.
const STUCK: u32 = 8;
/// Longest sleep: what was put off is looked for.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How long deliveries may go on when the agent ends. What is left is in the store.
pub(super) const FLUSH: Duration = Duration::from_secs(5);

/// What a courier has done so far.
#[derive(Debug, Default)]
pub struct Counts {
    /// Notices that the receiver took, each time.
    pub sent: AtomicU64,
    /// Attempts that failed.
    pub failed: AtomicU64,
    /// Notices that wait.
    pub entries: AtomicU64,
}

pub struct Courier {
    index: usize,
    address: Address,
    sink: Box<dyn Sink>,
    outbox: Arc<Outbox>,
    backoff: Backoff,
    counts: Arc<Counts>,
}

impl Courier {
    pub fn new(
        index: usize,
        address: Address,
        sink: Box<dyn Sink>,
        outbox: Arc<Outbox>,
        counts: Arc<Counts>,
    ) -> Self {
        Self { index, address, sink, outbox, backoff: Backoff::default(), counts }
    }

    /// Delivers until the agent ends.
    pub fn run(mut self) {
        loop {
            let heard = self.outbox.rings();
            let pause = self.turn(Instant::now(), wall_time());
            if self.outbox.wait(heard, pause) == Call::Close {
                break;
            }
        }
        // Whoever was away may be back.
        self.backoff.reset();
        let deadline = Instant::now() + FLUSH;
        while Instant::now() < deadline && !self.due(wall_time()).is_empty() {
            if !self.turn(Instant::now(), wall_time()).is_zero() {
                break;
            }
        }
    }

    /// One delivery of what is due, if anything is; returns how long there is nothing to do unless
    /// something new comes.
    pub fn turn(&mut self, now: Instant, wall: Timestamp) -> Duration {
        let pause = self.attempt(now, wall);
        if let Some(entries) = self.outbox.len(self.index, &self.address) {
            self.counts.entries.store(entries, Relaxed);
        }
        pause
    }

    fn attempt(&mut self, now: Instant, wall: Timestamp) -> Duration {
        let pause = self.backoff.remaining(now);
        if !pause.is_zero() {
            return pause;
        }
        if self.backoff.failures() % STUCK == STUCK - 1
            && let Some(pause) = self.ask_with_another(now, wall)
        {
            return pause;
        }
        let due = self.due(wall);
        if !due.is_empty() && !self.deliver(&due, now, wall) {
            return self.backoff.remaining(now);
        }
        if self.sink.until_refresh(now).is_some_and(|left| left.is_zero()) {
            match self.sink.refresh(now) {
                Ok(sent) => drop(self.counts.sent.fetch_add(sent, Relaxed)),
                Err(failure) => {
                    self.fail(&failure, 0, now);
                    return self.backoff.remaining(now);
                }
            }
        }
        if due.is_empty() {
            let left = self.sink.until_refresh(now);
            return left.map_or(LONGEST_SLEEP, |left| left.min(LONGEST_SLEEP));
        }
        Duration::ZERO
    }

    /// A receiver that seems to be away may stumble over one notice only. Another alert's tells
    /// that; then the first one waits as if it had been refused. `None` if there is no other.
    fn ask_with_another(&mut self, now: Instant, wall: Timestamp) -> Option<Duration> {
        let due = self.outbox.due(self.index, &self.address, BATCH, wall);
        let first = due.first()?;
        let other = due.iter().find(|due| due.notice.alert != first.notice.alert)?;
        if !self.deliver(slice::from_ref(other), now, wall) {
            return Some(self.backoff.remaining(now));
        }
        // It may just have come back.
        if !self.deliver(slice::from_ref(first), now, wall) && self.outbox.refused(first, wall) {
            self.backoff.reset();
        }
        Some(self.backoff.remaining(now))
    }

    fn due(&self, wall: Timestamp) -> Vec<Due> {
        // Whether somebody is back is asked with one.
        let limit = if self.backoff.failures() > 0 { 1 } else { BATCH };
        self.outbox.due(self.index, &self.address, limit, wall)
    }

    /// Returns whether the receiver is there.
    fn deliver(&mut self, due: &[Due], now: Instant, wall: Timestamp) -> bool {
        let notices: Vec<Notice> = due.iter().map(|due| due.notice.clone()).collect();
        let delivered = self.sink.deliver(&notices, now);
        let accepted = delivered.accepted.min(due.len());
        self.outbox.delivered(&due[..accepted]);
        self.counts.sent.fetch_add(accepted as u64, Relaxed);
        let Some(failure) = delivered.failure else {
            self.backoff.reset();
            return true;
        };
        if accepted > 0 {
            self.backoff.reset();
        }
        if matches!(failure, Failure::Refused(_))
            && let Some(refused) = due.get(accepted)
            && self.outbox.refused(refused, wall)
        {
            let sink = &self.address.label;
            self.counts.failed.fetch_add(1, Relaxed);
            tracing::warn!(sink, reason = failure.reason(), "an alert was refused");
            return true;
        }
        self.fail(&failure, due.len() - accepted, now);
        false
    }

    fn fail(&mut self, failure: &Failure, notices: usize, now: Instant) {
        self.backoff.fail(now);
        self.counts.failed.fetch_add(1, Relaxed);
        let (sink, reason) = (&self.address.label, failure.reason());
        tracing::warn!(sink, reason, notices, "alerts not delivered; trying again");
    }
}
