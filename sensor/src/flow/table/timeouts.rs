//! What is due when, by the settings and a biflow's moments.

use std::time::Duration;

use super::FlowSettings;
use crate::{
    flow::{
        FlowEndReason,
        biflow::{Times, begins_connection},
    },
    observation::FlowDelta,
};

/// Moments are microseconds.
impl FlowSettings {
    /// Why a delta of a biflow's key is the beginning of another biflow.
    pub(super) fn reason_to_begin_anew(
        &self,
        times: &Times,
        delta: &FlowDelta,
    ) -> Option<FlowEndReason> {
        let first_seen = delta.first_seen.as_micros();
        if times.closed().is_some_and(|closed| first_seen > closed) && begins_connection(delta) {
            return Some(FlowEndReason::EndOfFlow);
        }
        let is_after_idle = self.idle_at(times) <= first_seen;
        (delta.is_new && is_after_idle).then_some(match times.closed() {
            Some(_) => FlowEndReason::EndOfFlow,
            None => FlowEndReason::IdleTimeout,
        })
    }

    pub(super) fn end_reason(&self, times: &Times, now: u64) -> Option<FlowEndReason> {
        let closed = times.closed().map(|at| after(at, self.linger));
        if closed.is_some_and(|at| at <= now) {
            return Some(FlowEndReason::EndOfFlow);
        }
        (self.idle_at(times) <= now).then_some(match closed {
            Some(_) => FlowEndReason::EndOfFlow,
            None => FlowEndReason::IdleTimeout,
        })
    }

    /// When the attempt to connect that the biflow is will count as half open.
    pub(super) fn unanswered_at(&self, times: &Times) -> Option<u64> {
        times.awaits_outcome.then(|| after(times.start, self.answer_timeout))
    }

    /// When it is to be reported because it lasts.
    pub(super) fn report_at(&self, times: &Times) -> u64 {
        after(times.recorded, self.active_timeout)
    }

    /// When the biflow is to be looked at.
    pub(super) fn due_at(&self, times: &Times) -> u64 {
        let mut at = self.idle_at(times).min(self.report_at(times));
        if let Some(closed) = times.closed() {
            at = at.min(after(closed, self.linger));
        }
        if let Some(unanswered) = self.unanswered_at(times) {
            at = at.min(unanswered);
        }
        at
    }

    fn idle_at(&self, times: &Times) -> u64 {
        after(times.last_seen, self.idle_timeout)
    }
}

/// `duration` after `moment`.
fn after(moment: u64, duration: Duration) -> u64 {
    let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    moment.saturating_add(micros)
}
