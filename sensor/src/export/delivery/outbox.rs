//! What waits for delivery, on disk and, while that cannot be written, in memory; shared by the
//! dispatch that fills it and the couriers that empty it.

use std::{
    collections::BTreeSet,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use super::{Address, Notice, held::Held};
use crate::{
    export::store::{DropReason, OutboxEntry, Store, StoreError},
    time::Timestamp,
};

/// Notices kept in memory, over all sinks, and at least for each.
const HELD: usize = 20_000;
const HELD_EACH: usize = 500;
/// Refused this often, once an hour, a notice is given up.
const REFUSALS: u32 = 24;
const REFUSED_WAIT: Duration = Duration::from_secs(3600);
/// Complaints about the store are not closer than this.
const QUIET: Duration = Duration::from_secs(60);

/// Where a notice waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Stored(i64),
    Held(u64),
}

/// A notice that is to be delivered now.
#[derive(Clone, Debug)]
pub struct Due {
    pub place: Place,
    pub notice: Notice,
    /// How often it was refused.
    pub attempts: u32,
}

/// Why a courier wakes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Look,
    /// The agent ends.
    Close,
}

#[derive(Debug)]
struct Inner {
    store: Option<Store>,
    held: Held,
    /// Delivered, but the store could not be told.
    confirmed: BTreeSet<i64>,
    rings: u64,
    is_closed: bool,
    complained: Option<Instant>,
}

#[derive(Debug)]
pub struct Outbox {
    inner: Mutex<Inner>,
    changed: Condvar,
    dropped: [AtomicU64; DropReason::ALL.len()],
}

impl Outbox {
    /// Over `store`, or in memory alone.
    pub fn new(mut store: Option<Store>, sinks: &[Address]) -> Self {
        let mut dropped = [0; DropReason::ALL.len()];
        if let Some(store) = &mut store {
            let names: Vec<&str> = sinks.iter().map(|sink| sink.id.as_str()).collect();
            match store.outbox_keep_sinks(&names) {
                Ok(0) => {}
                Ok(entries) => {
                    tracing::warn!(entries, "undelivered alerts of removed sinks are given up");
                }
                Err(error) => tracing::warn!(%error, "cannot tidy the outbox"),
            }
            dropped = DropReason::ALL.map(|reason| store.outbox_dropped(reason).unwrap_or(0));
        }
        let capacity = (HELD / sinks.len().max(1)).max(HELD_EACH);
        Self {
            inner: Mutex::new(Inner {
                store,
                held: Held::new(capacity),
                confirmed: BTreeSet::new(),
                rings: 0,
                is_closed: false,
                complained: None,
            }),
            changed: Condvar::new(),
            dropped: dropped.map(AtomicU64::new),
        }
    }

    /// A panic elsewhere leaves it as good as it was.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the first notice to come: above all that were stored, and above those of runs
    /// that could not store them.
    pub fn first_sequence(&self, now: Timestamp) -> u64 {
        let inner = self.inner();
        let stored = inner.store.as_ref().and_then(|store| store.last_sequence().ok());
        let by_clock = u64::try_from(now.as_micros()).unwrap_or(0);
        by_clock.max(stored.unwrap_or(0) + 1)
    }

    /// Keeps a notice in memory; returns its number.
    pub fn hold(&self, sink: usize, notice: Notice) -> u64 {
        let (number, is_over) = self.inner().held.push(sink, notice);
        if is_over {
            self.count(DropReason::MemoryFull, 1);
        }
        number
    }

    /// Whether a notice still waits in memory.
    pub fn is_held(&self, number: u64) -> bool {
        self.inner().held.has(number)
    }

    /// The notices that wait in memory, each with its sink, but for those of these numbers.
    pub fn held_but(&self, numbers: &[u64]) -> Vec<(usize, Notice)> {
        let inner = self.inner();
        let others = inner.held.iter().filter(|held| !numbers.contains(&held.number));
        others.map(|held| (held.sink, held.notice.clone())).collect()
    }

    /// A notice no longer waits in memory: the store has it.
    pub fn release(&self, number: u64) {
        self.inner().held.remove(number);
    }

    pub fn count(&self, reason: DropReason, dropped: u64) {
        if dropped > 0 {
            self.dropped[reason as usize].fetch_add(dropped, Relaxed);
            tracing::warn!(dropped, reason = reason.name(), "alerts will not be delivered");
        }
    }

    /// Notices that were never delivered.
    pub fn dropped(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize].load(Relaxed)
    }

    /// Notices that wait for a sink; `None` if the store cannot say.
    pub fn len(&self, index: usize, sink: &Address) -> Option<u64> {
        let inner = self.inner();
        let stored = match &inner.store {
            Some(store) => store.outbox_len(&sink.id).ok()?,
            None => 0,
        };
        Some(stored + inner.held.len(index) as u64)
    }

    /// What a sink is to be told now, at most `limit`: the worst alerts first, each in its order.
    pub fn due(&self, index: usize, sink: &Address, limit: usize, now: Timestamp) -> Vec<Due> {
        let mut inner = self.inner();
        let stored = inner.stored(sink, limit, now);
        let mut due: Vec<(i64, u64, Due)> = Vec::new();
        let mut damaged = Vec::new();
        for OutboxEntry { id, rank, body, attempts, .. } in stored {
            match serde_json::from_str::<Notice>(&body) {
                Ok(notice) => {
                    let place = Place::Stored(id);
                    due.push((rank, notice.sequence, Due { place, notice, attempts }));
                }
                Err(_) => damaged.push(id),
            }
        }
        if inner.give_up(&damaged, DropReason::Unreadable) {
            self.count(DropReason::Unreadable, damaged.len() as u64);
        }
        for (severity, held) in inner.held.due(index, limit, now) {
            // What the store has of the same alert is older.
            let has_older = |store: &Store| store.outbox_has(&sink.id, held.notice.alert);
            if !inner.store.as_ref().is_some_and(|store| has_older(store).unwrap_or(false)) {
                let (notice, attempts) = (held.notice.clone(), held.attempts);
                let place = Place::Held(held.number);
                due.push((severity as i64, notice.sequence, Due { place, notice, attempts }));
            }
        }
        // The store's own order is the same.
        due.sort_by_key(|(rank, sequence, _)| (-rank, *sequence));
        due.truncate(limit);
        due.into_iter().map(|(_, _, due)| due).collect()
    }

    /// The sink has these.
    pub fn delivered(&self, delivered: &[Due]) {
        let mut inner = self.inner();
        for due in delivered {
            match due.place {
                Place::Stored(id) => drop(inner.confirmed.insert(id)),
                Place::Held(number) => inner.held.remove(number),
            }
        }
        inner.confirm();
    }

    /// The sink's receiver says that a notice is wrong. Returns whether it will be a while until it
    /// is due again, if ever.
    pub fn refused(&self, due: &Due, now: Timestamp) -> bool {
        let mut inner = self.inner();
        let is_over = due.attempts + 1 >= REFUSALS;
        let is_noted = match due.place {
            Place::Stored(id) if is_over => inner.give_up(&[id], DropReason::Refused),
            Place::Stored(id) => inner.put_off(id, now),
            Place::Held(number) if is_over => {
                inner.held.remove(number);
                true
            }
            Place::Held(number) => {
                let wait = i64::try_from(REFUSED_WAIT.as_micros()).unwrap_or(i64::MAX);
                let until = now.as_micros().saturating_add(wait);
                inner.held.put_off(number, Timestamp::from_micros(until));
                true
            }
        };
        if is_over && is_noted {
            self.count(DropReason::Refused, 1);
        }
        is_noted
    }

    #[cfg(test)]
    pub fn refuse_writes(&self, is_refusing: bool) {
        self.inner().store.as_ref().unwrap().refuse_writes(is_refusing);
    }

    /// There is something new.
    pub fn ring(&self) {
        self.inner().rings += 1;
        self.changed.notify_all();
    }

    /// The agent ends.
    pub fn close(&self) {
        self.inner().is_closed = true;
        self.changed.notify_all();
    }

    pub fn rings(&self) -> u64 {
        self.inner().rings
    }

    /// Waits for a ring after the `heard` ones, or that long.
    pub fn wait(&self, heard: u64, patience: Duration) -> Call {
        let is_quiet = |inner: &mut Inner| inner.rings == heard && !inner.is_closed;
        let waited = self.changed.wait_timeout_while(self.inner(), patience, is_quiet);
        match waited.unwrap_or_else(PoisonError::into_inner).0.is_closed {
            true => Call::Close,
            false => Call::Look,
        }
    }
}

impl Inner {
    fn stored(&mut self, sink: &Address, limit: usize, now: Timestamp) -> Vec<OutboxEntry> {
        self.confirm();
        let Some(store) = &self.store else { return Vec::new() };
        let limit = u32::try_from(limit + self.confirmed.len()).unwrap_or(u32::MAX);
        match store.outbox_peek(&sink.id, now, limit) {
            Ok(mut entries) => {
                entries.retain(|entry| !self.confirmed.contains(&entry.id));
                entries
            }
            Err(error) => {
                self.complain(&error);
                Vec::new()
            }
        }
    }

    /// Strikes what is delivered from the store, now or when it can be written again. Until then it
    /// is not delivered anew, but by an agent that is started in between.
    fn confirm(&mut self) {
        let Some(store) = &mut self.store else { return };
        if self.confirmed.is_empty() {
            return;
        }
        let ids: Vec<i64> = self.confirmed.iter().copied().collect();
        match store.outbox_delivered(&ids) {
            Ok(()) => self.confirmed.clear(),
            Err(error) => self.complain(&error),
        }
    }

    fn give_up(&mut self, ids: &[i64], reason: DropReason) -> bool {
        let Some(store) = self.store.as_mut().filter(|_| !ids.is_empty()) else { return false };
        let given_up = store.outbox_give_up(ids, reason);
        given_up.inspect_err(|error| self.complain(error)).is_ok()
    }

    fn put_off(&mut self, id: i64, now: Timestamp) -> bool {
        let Some(store) = &mut self.store else { return false };
        let put_off = store.outbox_put_off(id, now, REFUSED_WAIT);
        put_off.inspect_err(|error| self.complain(error)).is_ok()
    }

    fn complain(&mut self, error: &StoreError) {
        if self.complained.is_none_or(|at| at.elapsed() > QUIET) {
            self.complained = Some(Instant::now());
            tracing::error!(%error, "cannot keep the outbox up; trying again");
        }
    }
}
