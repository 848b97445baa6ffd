//! Where events go, on a thread of its own: a slow disk or an absent receiver never holds up the
//! reading of the maps. The queue is bounded; what finds it full is counted.

mod worker;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    config::Events,
    event::Event,
    export::{
        delivery::{Delivery, Receivers},
        eve::{EveFile, EveWriter},
        ipfix::{Exporters, IpfixCounts},
        store::Store,
    },
    inventory::{Device, DeviceId},
    pipeline::live::Names,
    snapshot::SinkCounts,
    time::WallClock,
};
use worker::Worker;

/// Batches, and events in them, that may wait.
const WAITING: usize = 1024;
const WAITING_EVENTS: u64 = 200_000;
/// Alerts that found the queue full and may wait before it.
const LATE: usize = 10_000;
/// How often every device is saved, for when it was last seen.
const SAVE: Duration = Duration::from_secs(30);
/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a reload changes.
pub struct Change {
    pub settings: Events,
    /// If events go elsewhere.
    pub events_file: Option<Option<EveFile>>,
    /// If others are told, or in another way; with a way into the store for them.
    pub receivers: Option<(Receivers, Option<Store>)>,
    /// If flow records go to other collectors.
    pub collectors: Option<Exporters>,
}

enum Batch {
    Change(Box<Change>),
    Events(Vec<Event>, WallClock, Arc<Names>),
    Devices(Vec<Device>, WallClock),
    Profiles(Vec<(DeviceId, String)>),
    Forgotten(Vec<DeviceId>),
    Reopen,
    Statistics(Value, WallClock, Arc<Names>),
}

#[derive(Debug, Default)]
struct Counts {
    events_written: AtomicU64,
    events_failed: AtomicU64,
    /// Lines that the events file did not take whole.
    events_lost: AtomicU64,
    store_written: AtomicU64,
    store_failed: AtomicU64,
    dropped: AtomicU64,
    /// Resolved alerts that went from the store to make room.
    alerts_dropped: AtomicU64,
    /// Events in the queue.
    waiting: AtomicU64,
}

/// The near end of the queue.
pub struct Sinks {
    queue: Option<SyncSender<Batch>>,
    late: Vec<Event>,
    late_changes: VecDeque<Batch>,
    counts: Arc<Counts>,
    delivery: Arc<Mutex<Delivery>>,
    collectors: Arc<Mutex<Arc<Exporters>>>,
    thread: Option<thread::JoinHandle<()>>,
    saved: Instant,
}

impl Sinks {
    pub fn start(
        store: Option<Store>,
        file: Option<EveFile>,
        delivery: Delivery,
        collectors: Exporters,
        settings: &Events,
    ) -> Self {
        let (queue, batches) = sync_channel(WAITING);
        let counts = Arc::new(Counts::default());
        let dispatch = delivery.dispatch();
        let delivery = Arc::new(Mutex::new(delivery));
        let collectors = Arc::new(Mutex::new(Arc::new(collectors)));
        let worker = Worker {
            store,
            writer: file.map(EveWriter::new),
            settings: settings.clone(),
            counts: Arc::clone(&counts),
            dispatch,
            delivery: Arc::clone(&delivery),
            earlier_files: (0, 0),
            collectors: Arc::clone(&collectors),
            records: VecDeque::new(),
            store_complained: None,
        };
        let thread = thread::Builder::new().name("sinks".to_owned());
        let thread = thread.spawn(move || worker.run(&batches)).ok();
        Self {
            queue: Some(queue),
            late: Vec::new(),
            late_changes: VecDeque::new(),
            counts,
            delivery,
            collectors,
            thread,
            saved: Instant::now(),
        }
    }

    pub fn take(&mut self, mut events: Vec<Event>, wall: WallClock, names: Arc<Names>) {
        self.send_changes();
        if !self.late.is_empty() {
            events = self.late.drain(..).chain(events).collect();
        }
        let count = events.len() as u64;
        if count == 0 {
            return;
        }
        if self.counts.waiting.load(Ordering::Relaxed) + count > WAITING_EVENTS {
            self.shed(events);
            return;
        }
        self.counts.waiting.fetch_add(count, Ordering::Relaxed);
        if let Some(Batch::Events(events, ..)) = self.send(Batch::Events(events, wall, names)) {
            self.counts.waiting.fetch_sub(count, Ordering::Relaxed);
            self.shed(events);
        }
    }

    /// Gives up events that found the queue full, but for alerts: they come with the next ones.
    fn shed(&mut self, events: Vec<Event>) {
        let (alerts, others): (Vec<_>, Vec<_>) = events
            .into_iter()
            .partition(|event| matches!(event, Event::Alert(..) | Event::Desk(_)));
        self.late = alerts;
        let surplus = self.late.len().saturating_sub(LATE);
        self.late.truncate(LATE);
        let lost = others.len() + surplus;
        self.counts.dropped.fetch_add(lost as u64, Ordering::Relaxed);
    }

    /// Saves when every device was last seen, now and then.
    pub fn save_devices<'a>(&mut self, devices: impl Iterator<Item = &'a Device>, wall: WallClock) {
        if self.saved.elapsed() >= SAVE {
            self.save_all_devices(devices, wall);
        }
    }

    pub fn save_all_devices<'a>(
        &mut self,
        devices: impl Iterator<Item = &'a Device>,
        wall: WallClock,
    ) {
        self.saved = Instant::now();
        // What does not get in comes again, as it does below.
        let _ = self.send(Batch::Devices(devices.cloned().collect(), wall));
    }

    /// Saves what has been learned of devices.
    pub fn save_profiles(&self, profiles: Vec<(DeviceId, String)>) {
        if !profiles.is_empty() {
            let _ = self.send(Batch::Profiles(profiles));
        }
    }

    pub fn statistics(&self, wall: WallClock, statistics: Value, names: Arc<Names>) {
        let _ = self.send(Batch::Statistics(statistics, wall, names));
    }

    /// Opens the events file again, after it was renamed.
    pub fn reopen(&self) {
        let _ = self.send(Batch::Reopen);
    }

    /// Goes on with other settings, after what is queued.
    pub fn change(&mut self, change: Change) {
        self.late_changes.push_back(Batch::Change(Box::new(change)));
        self.send_changes();
    }

    /// Changes that found the queue full come as soon as there is room, in their order.
    fn send_changes(&mut self) {
        while let Some(change) = self.late_changes.pop_front() {
            if let Some(change) = self.send(change) {
                self.late_changes.push_front(change);
                return;
            }
        }
    }

    /// Strikes devices off the store.
    pub fn forget(&self, devices: Vec<DeviceId>) {
        if !devices.is_empty() {
            let _ = self.send(Batch::Forgotten(devices));
        }
    }

    /// Returns a batch that found the queue full.
    fn send(&self, batch: Batch) -> Option<Batch> {
        match self.queue.as_ref()?.try_send(batch) {
            Ok(()) => None,
            Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) => Some(batch),
        }
    }

    pub fn counts(&self) -> Vec<SinkCounts> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut counts = vec![
            SinkCounts {
                sink: "events".to_owned(),
                written: load(&self.counts.events_written),
                failed: load(&self.counts.events_failed),
                waiting: None,
            },
            SinkCounts {
                sink: "store".to_owned(),
                written: load(&self.counts.store_written),
                failed: load(&self.counts.store_failed),
                waiting: None,
            },
        ];
        counts.extend(locked(&self.delivery).counts());
        counts
    }

    /// How collectors of flow records are served.
    pub fn ipfix(&self) -> Vec<IpfixCounts> {
        locked(&self.collectors).counts()
    }

    pub fn dropped(&self) -> u64 {
        let at_file = self.counts.events_lost.load(Ordering::Relaxed);
        self.counts.dropped.load(Ordering::Relaxed) + at_file
    }

    /// Alerts that receivers were never told, by reason.
    pub fn undeliverable(&self) -> Vec<(&'static str, u64)> {
        locked(&self.delivery).dropped().to_vec()
    }

    /// Alerts that went from the store to make room, over all runs.
    pub fn alerts_dropped(&self) -> u64 {
        self.counts.alerts_dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything queued is written, and told, within reason.
    pub fn finish(mut self) {
        self.queue = None;
        self.join();
        if let Some(collectors) = Arc::into_inner(std::mem::take(&mut *locked(&self.collectors))) {
            collectors.finish();
        }
        locked(&self.delivery).finish();
    }

    fn join(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        let began = Instant::now();
        while !thread.is_finished() && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(10));
        }
        if !thread.is_finished() {
            tracing::error!("events are still being written; giving up on them");
        }
    }
}

/// A panic elsewhere leaves it as good as it was.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
