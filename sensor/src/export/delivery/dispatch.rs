//! Where alerts are handed in: each is stored together with what the sinks are to be told of it,
//! in one transaction. An agent that is killed has both or neither.

use std::{collections::VecDeque, sync::Arc};

use super::{Address, Notice, outbox::Outbox};
use crate::{
    detect::Alert,
    export::store::{DropReason, OutboxItem, Store, StoreError},
    inventory::Device,
    time::{Timestamp, WallClock},
};

/// Alerts that may wait for the store.
const UNSAVED: usize = 10_000;
/// Alerts in one transaction.
const TOGETHER: usize = 128;

/// An alert that the store does not have yet.
#[derive(Debug)]
struct Unsaved {
    alert: Alert,
    wall: WallClock,
    notice: Notice,
    body: String,
    /// Sinks that are to be told, each with the number under which the notice waits in memory, if
    /// it does.
    sinks: Vec<(usize, Option<u64>)>,
}

/// What became of the alerts that were handed in.
#[derive(Debug, Default)]
pub struct Settled {
    pub saved: u64,
    /// Alerts that will not be in the store. What is told of them waits in memory.
    pub lost: u64,
    pub error: Option<StoreError>,
}

#[derive(Debug)]
pub struct Dispatch {
    outbox: Arc<Outbox>,
    sinks: Arc<[Address]>,
    sensor: String,
    next_sequence: u64,
    unsaved: VecDeque<Unsaved>,
}

impl Dispatch {
    pub(super) fn new(outbox: Arc<Outbox>, sinks: Arc<[Address]>, now: Timestamp) -> Self {
        let next_sequence = outbox.first_sequence(now);
        let sensor = super::sensor_name();
        Self { outbox, sinks, sensor, next_sequence, unsaved: VecDeque::new() }
    }

    /// Goes on with what `old` has not stored, and with what its outbox has in memory alone, for
    /// sinks that are still there. The couriers of `old` have ended.
    pub fn take_over(&mut self, old: &mut Self) {
        let place = |index: usize| {
            let id = &old.sinks.get(index)?.id;
            self.sinks.iter().position(|sink| sink.id == *id)
        };
        self.next_sequence = self.next_sequence.max(old.next_sequence);
        let mut numbers = Vec::new();
        for mut unsaved in std::mem::take(&mut old.unsaved) {
            let sinks = std::mem::take(&mut unsaved.sinks).into_iter();
            // What waited in memory and no longer does is delivered.
            let waiting =
                sinks.filter(|(_, number)| number.is_none_or(|number| old.outbox.is_held(number)));
            unsaved.sinks = waiting
                .filter_map(|(sink, number)| {
                    numbers.extend(number);
                    Some((place(sink)?, None))
                })
                .collect();
            self.unsaved.push_back(unsaved);
        }
        for (sink, notice) in old.outbox.held_but(&numbers) {
            if let Some(index) = place(sink) {
                self.outbox.hold(index, notice);
            }
        }
        self.outbox.ring();
    }

    /// Takes one state of an alert; `wall` is the clock that dates it.
    pub fn take(&mut self, alert: Alert, device: Option<&Device>, wall: WallClock, now: Timestamp) {
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let notice = Notice::of(&alert, device, wall, sequence, &self.sensor, now);
        let sinks = self.sinks.iter().enumerate();
        let sinks = sinks.filter(|(_, sink)| alert.severity >= sink.minimum_severity);
        let sinks = sinks.map(|(index, _)| (index, None)).collect();
        let body = serde_json::to_string(&notice)
            .expect("a notice holds texts, numbers and lists of them only");
        self.unsaved.push_back(Unsaved { alert, wall, notice, body, sinks });
    }

    /// Takes a state of an alert that is kept, and of which nobody is told.
    pub fn keep(&mut self, alert: Alert, wall: WallClock, now: Timestamp) {
        let notice = Notice::of(&alert, None, wall, self.next_sequence, &self.sensor, now);
        let (body, sinks) = (String::new(), Vec::new());
        self.unsaved.push_back(Unsaved { alert, wall, notice, body, sinks });
    }

    /// Stores what was taken. What the store does not take waits in memory, so that it is
    /// delivered all the same, and is stored when that works again.
    pub fn settle(&mut self, mut store: Option<&mut Store>, now: Timestamp) -> Settled {
        let mut settled = Settled::default();
        if self.unsaved.is_empty() {
            return settled;
        }
        while !self.unsaved.is_empty() {
            let Some(store) = &mut store else {
                self.hold();
                self.unsaved.clear();
                break;
            };
            match self.store_some(store, now) {
                Ok(saved) => settled.saved += saved,
                Err(error) => {
                    settled.error = Some(error);
                    self.hold();
                    while self.unsaved.len() > UNSAVED {
                        self.unsaved.pop_front();
                        settled.lost += 1;
                    }
                    break;
                }
            }
        }
        self.outbox.ring();
        settled
    }

    fn store_some(&mut self, store: &mut Store, now: Timestamp) -> Result<u64, StoreError> {
        let count = self.unsaved.len().min(TOGETHER);
        let batch: Vec<&Unsaved> = self.unsaved.iter().take(count).collect();
        let alerts = batch.iter().map(|each| (&each.alert, each.wall));
        let items = batch.iter().flat_map(|each| {
            // What waited in memory and no longer does is delivered.
            let is_waiting =
                |number: &Option<u64>| number.is_none_or(|number| self.outbox.is_held(number));
            let waiting = each.sinks.iter().filter(move |(_, number)| is_waiting(number));
            waiting.map(|&(index, _)| self.item(each, index))
        });
        let dropped = store.save_alerts_and_queue(alerts, items, now)?;
        for (_, number) in batch.iter().flat_map(|each| &each.sinks) {
            if let Some(number) = number {
                self.outbox.release(*number);
            }
        }
        self.outbox.count(DropReason::Full, dropped);
        self.unsaved.drain(..count);
        Ok(count as u64)
    }

    fn item<'a>(&'a self, unsaved: &'a Unsaved, index: usize) -> OutboxItem<'a> {
        let sink = &self.sinks[index];
        OutboxItem {
            sink: &sink.id,
            alert: unsaved.notice.alert,
            sequence: unsaved.notice.sequence,
            severity: unsaved.notice.severity,
            body: &unsaved.body,
            supersedes: sink.keeps_states,
        }
    }

    /// Puts everything into memory that is not there yet.
    fn hold(&mut self) {
        for unsaved in &mut self.unsaved {
            for (index, number) in &mut unsaved.sinks {
                if number.is_none() {
                    *number = Some(self.outbox.hold(*index, unsaved.notice.clone()));
                }
            }
        }
    }
}
