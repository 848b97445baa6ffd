//! The table of biflows: deltas of one direction in, records of both directions out.
//!
//! Pure: time is what deltas and callers say. A reading is to be observed before the table is
//! expired at the moment of that reading.

mod timeouts;

use std::time::Duration;

use super::{
    biflow::{NEVER, Times},
    expiry::{Deadline, DeadlineQueue},
    key::BiflowKey,
    record::{FlowEndReason, FlowRecord},
    store::BiflowStore,
};

use crate::{
    hash::HashMap,
    interpret::{FlowDetail, Lesson},
    inventory::DeviceId,
    observation::FlowDelta,
    time::Moment,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowSettings {
    /// A biflow ends when nothing was seen for so long (IPFIX IE 37).
    pub idle_timeout: Duration,
    /// A biflow that lasts is reported this often (IPFIX IE 36).
    pub active_timeout: Duration,
    /// Biflows held at most; each takes about 140 octets, 190 once both of its ends have sent, and of
    /// IPv6 32 more.
    pub maximum: usize,
    /// How long a closed TCP connection is kept, so that late segments join it.
    pub linger: Duration,
    /// How long a responder may take until its connection counts as half open.
    pub answer_timeout: Duration,
    /// Keeps equal addresses in different VLANs apart; then the two directions of traffic that is
    /// routed between VLANs do not join.
    pub by_vlan: bool,
}

impl Default for FlowSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(60),
            active_timeout: Duration::from_secs(300),
            maximum: 1 << 20,
            linger: Duration::from_secs(2),
            answer_timeout: Duration::from_secs(1),
            by_vlan: false,
        }
    }
}

/// What became of an attempt to open a TCP connection: exactly one for every biflow whose first
/// SYN was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub initiator_device: Option<DeviceId>,
    /// The responder sent nothing in time. A refusal (RST) is an answer.
    pub is_half_open: bool,
    /// When the attempt was answered or given up.
    pub at: Moment,
}

/// Joins the flows of both directions, of all CPUs and of a gateway's ports.
///
/// A record counts what came since the flow's record before it (IPFIX delta counters): all records
/// with the same id add up to the flow. Its start is always that of the flow.
#[derive(Debug)]
pub struct FlowTable {
    settings: FlowSettings,
    store: BiflowStore,
    deadlines: DeadlineQueue,
    /// Records of biflows that ended between two expiries.
    ended: Vec<FlowRecord>,
    outcomes: Vec<Outcome>,
    last_id: u64,
    displaced: u64,
    /// What the messages of flows say of them, by the flow's id; few say anything.
    details: HashMap<u64, Box<FlowDetail>>,
    undescribed: u64,
}

/// Flows whose details are held.
const MOST_DETAILS: usize = 1 << 16;

impl FlowTable {
    /// Deltas whose biflows are fetched from memory together.
    pub const AT_ONCE: usize = 8;

    /// Timeouts of zero are taken as the shortest possible, a maximum of zero as one.
    pub fn new(settings: FlowSettings) -> Self {
        let settings = FlowSettings {
            active_timeout: settings.active_timeout.max(Duration::from_micros(1)),
            // Slot numbers have 32 bits, one of which means none.
            maximum: settings.maximum.clamp(1, u32::MAX as usize - 1),
            ..settings
        };
        Self {
            settings,
            store: BiflowStore::new(),
            deadlines: DeadlineQueue::default(),
            ended: Vec::new(),
            outcomes: Vec::new(),
            last_id: 0,
            displaced: 0,
            details: HashMap::default(),
            undescribed: 0,
        }
    }

    /// Goes on with other timeouts; what waits for a deadline that was set before waits for it.
    pub fn set_timeouts(&mut self, idle: Duration, active: Duration) {
        self.settings.idle_timeout = idle;
        self.settings.active_timeout = active.max(Duration::from_micros(1));
    }

    #[cfg(test)]
    pub fn timeouts(&self) -> (Duration, Duration) {
        (self.settings.idle_timeout, self.settings.active_timeout)
    }

    /// Biflows that can be held.
    pub fn maximum(&self) -> usize {
        self.settings.maximum
    }

    /// Biflows held.
    pub fn len(&self) -> usize {
        self.store.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Biflows that were ended early because the table was full, since the start.
    pub fn displaced(&self) -> u64 {
        self.displaced
    }

    /// Flows whose details found no room, since the start.
    pub fn undescribed(&self) -> u64 {
        self.undescribed
    }

    /// Adds to a flow's record what a message of it says; `false` if no such flow is held (yet).
    pub fn describe(&mut self, lesson: &Lesson) -> bool {
        let found = BiflowKey::of(&lesson.key, self.settings.by_vlan)
            .and_then(|(key, _)| self.store.find(&key));
        let Some(index) = found else { return false };
        if let Some(application) = lesson.application {
            self.store.settle_application(index, application);
        }
        let detail = &lesson.detail;
        if *detail == FlowDetail::default() {
            return true;
        }
        let id = self.store.get(index).id;
        if self.details.contains_key(&id) || self.details.len() < MOST_DETAILS {
            self.details.entry(id).or_default().add(detail.clone());
        } else {
            self.undescribed += 1;
        }
        true
    }

    /// What is observed next, [`Self::AT_ONCE`] at most: where its biflows lie is fetched meanwhile.
    pub fn expect(&self, deltas: &[FlowDelta]) {
        let by_vlan = self.settings.by_vlan;
        let key = |place: usize| Some(BiflowKey::of(&deltas.get(place)?.key, by_vlan)?.0);
        self.store.expect::<{ Self::AT_ONCE }>(std::array::from_fn(key));
    }

    /// Adds what one flow did since the last reading; the devices are those of its two endpoints.
    ///
    /// A delta without packets only improves what is known of a biflow, it opens none.
    pub fn observe(
        &mut self,
        delta: &FlowDelta,
        source: Option<DeviceId>,
        destination: Option<DeviceId>,
    ) {
        let Some((key, from)) = BiflowKey::of(&delta.key, self.settings.by_vlan) else {
            return;
        };
        let mut found = self.store.find(&key);
        if let Some(index) = found {
            let times = self.store.times(index);
            if let Some(reason) = self.settings.reason_to_begin_anew(&times, delta) {
                let record = self.end(index, reason, delta.first_seen);
                self.ended.push(record);
                found = None;
            }
        }
        let index = match found {
            Some(index) => index,
            None if delta.packets == 0 => return,
            None => self.open(&key, from, delta),
        };
        self.store.add(index, from, delta, source, destination);
        let mut times = self.store.times(index);
        if times.awaits_outcome && self.store.is_answered(index) {
            self.settle(index, false, Moment::from_micros(times.last_seen));
            times.awaits_outcome = false;
        }
        self.queue(index, &times);
    }

    /// Moves into `records` every biflow that ended by `now`, and what there is to report of those
    /// that have lasted for the active timeout.
    pub fn expire(&mut self, now: Moment, records: &mut Vec<FlowRecord>) {
        records.append(&mut self.ended);
        let micros = now.as_micros();
        loop {
            let store = &self.store;
            let due = self.deadlines.pop_due(micros, |index| store.queued(index));
            if due.is_empty() {
                break;
            }
            for Deadline { index, .. } in due {
                self.look_at(index, now, records);
            }
        }
        let store = &self.store;
        self.deadlines.sweep(store.len(), |index| store.queued(index));
    }

    /// Does what is due of a biflow whose deadline came up.
    fn look_at(&mut self, index: u32, now: Moment, records: &mut Vec<FlowRecord>) {
        let micros = now.as_micros();
        let mut times = self.store.times(index);
        if let Some(reason) = self.settings.end_reason(&times, micros) {
            records.push(self.end(index, reason, now));
            return;
        }
        if let Some(at) = self.settings.unanswered_at(&times)
            && at <= micros
        {
            self.settle(index, true, Moment::from_micros(at));
            times.awaits_outcome = false;
        }
        if self.settings.report_at(&times) <= micros {
            let biflow = self.store.get(index);
            if biflow.has_news() {
                let mut record = biflow.record(FlowEndReason::ActiveTimeout);
                record.detail = self.details.get(&record.id).cloned();
                records.push(record);
                self.store.mark_recorded(index, biflow.initiator());
            }
            times.recorded = micros;
        }
        times.queued = NEVER;
        self.store.set_times(index, &times);
        self.queue(index, &times);
    }

    /// Ends so many biflows that are longest unseen, because no more will come.
    pub fn end_oldest(&mut self, count: usize, now: Moment, records: &mut Vec<FlowRecord>) {
        for _ in 0..count {
            let Some(index) = self.store.oldest() else { return };
            let reason = match self.store.times(index).closed() {
                Some(_) => FlowEndReason::EndOfFlow,
                None => FlowEndReason::ForcedEnd,
            };
            records.push(self.end(index, reason, now));
        }
    }

    /// Takes what became of attempts to connect since this was last called.
    pub fn take_outcomes(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.outcomes)
    }

    /// Each biflow as its record would be now, as if the active timeout had passed; the one longest
    /// unseen first.
    pub fn iter(&self) -> impl Iterator<Item = FlowRecord> {
        self.store.iter().map(|biflow| {
            let mut record = biflow.record(FlowEndReason::ActiveTimeout);
            record.detail = self.details.get(&record.id).cloned();
            record
        })
    }

    /// Makes room for a biflow that is not held yet.
    fn open(&mut self, key: &BiflowKey, from: usize, delta: &FlowDelta) -> u32 {
        while self.store.len() >= self.settings.maximum
            && let Some(oldest) = self.store.oldest()
        {
            self.displaced += 1;
            let record = self.end(oldest, FlowEndReason::LackOfResources, delta.last_seen);
            self.ended.push(record);
        }
        self.last_id += 1;
        self.store.insert(key, self.last_id, from, delta)
    }

    /// Takes a biflow out of the table.
    fn end(&mut self, index: u32, reason: FlowEndReason, now: Moment) -> FlowRecord {
        if let Some(at) = self.settings.unanswered_at(&self.store.times(index)) {
            self.settle(index, true, Moment::from_micros(at).min(now));
        }
        let mut record = self.store.get(index).record(reason);
        record.detail = self.details.remove(&record.id);
        self.store.remove(index);
        record
    }

    fn settle(&mut self, index: u32, is_half_open: bool, at: Moment) {
        if let Some(opener) = self.store.get(index).opener() {
            let initiator_device = opener.device();
            self.outcomes.push(Outcome { initiator_device, is_half_open, at });
        }
        self.store.settle_outcome(index);
    }

    /// Queues a biflow that is due earlier than it is queued for.
    fn queue(&mut self, index: u32, times: &Times) {
        let at = self.settings.due_at(times);
        if at >= times.queued {
            return;
        }
        self.store.set_queued(index, at);
        // Its entry tells no more than the tick.
        if !DeadlineQueue::is_same_tick(at, times.queued) {
            self.deadlines.push(Deadline { at, index });
        }
    }
}

#[cfg(test)]
mod tests;
