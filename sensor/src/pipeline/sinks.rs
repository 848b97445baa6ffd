//! Where events go, on a thread of its own: a slow disk or an absent receiver never holds up the
//! reading of the maps. The queue is bounded; what finds it full is counted.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    config::Events,
    detect::desk::Record,
    event::Event,
    export::{
        delivery::{Delivery, Dispatch, wall_time},
        eve::{EveFile, EveWriter, EventContext},
        store::Store,
    },
    inventory::{Device, DeviceId},
    pipeline::live::Names,
    snapshot::SinkCounts,
    time::WallClock,
};

/// Batches, and events in them, that may wait.
const WAITING: usize = 1024;
const WAITING_EVENTS: u64 = 200_000;
/// Alerts that found the queue full and may wait before it.
const LATE: usize = 10_000;
/// How often every device is saved, for when it was last seen.
const SAVE: Duration = Duration::from_secs(30);
/// How often, at least, the store is tried again that did not take alerts.
const RETRY: Duration = Duration::from_secs(1);
/// Records on alerts that may wait for the store, and that it is given in one transaction.
const UNSAVED: usize = 10_000;
const AT_ONCE: usize = 512;
/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(10);

enum Batch {
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
    counts: Arc<Counts>,
    delivery: Delivery,
    thread: Option<thread::JoinHandle<()>>,
    saved: Instant,
}

impl Sinks {
    pub fn start(
        store: Option<Store>,
        file: Option<EveFile>,
        delivery: Delivery,
        settings: &Events,
    ) -> Self {
        let (queue, batches) = sync_channel(WAITING);
        let counts = Arc::new(Counts::default());
        let worker = Worker {
            store,
            writer: file.map(EveWriter::new),
            settings: settings.clone(),
            counts: Arc::clone(&counts),
            dispatch: delivery.dispatch(),
            records: VecDeque::new(),
            store_complained: None,
        };
        let thread = thread::Builder::new().name("sinks".to_owned());
        let thread = thread.spawn(move || worker.run(&batches)).ok();
        Self {
            queue: Some(queue),
            late: Vec::new(),
            counts,
            delivery,
            thread,
            saved: Instant::now(),
        }
    }

    pub fn take(&mut self, mut events: Vec<Event>, wall: WallClock, names: Arc<Names>) {
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
        let (alerts, others): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| matches!(event, Event::Alert(..)));
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
        counts.extend(self.delivery.counts());
        counts
    }

    pub fn dropped(&self) -> u64 {
        let at_file = self.counts.events_lost.load(Ordering::Relaxed);
        self.counts.dropped.load(Ordering::Relaxed) + at_file
    }

    /// Alerts that receivers were never told, by reason.
    pub fn undeliverable(&self) -> Vec<(&'static str, u64)> {
        self.delivery.dropped().to_vec()
    }

    /// Alerts that went from the store to make room, over all runs.
    pub fn alerts_dropped(&self) -> u64 {
        self.counts.alerts_dropped.load(Ordering::Relaxed)
    }

    /// Waits until everything queued is written, and told, within reason.
    pub fn finish(mut self) {
        self.queue = None;
        self.join();
        self.delivery.finish();
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

struct Worker {
    store: Option<Store>,
    writer: Option<EveWriter<EveFile>>,
    settings: Events,
    counts: Arc<Counts>,
    dispatch: Dispatch,
    /// What was done about alerts and the store did not take yet.
    records: VecDeque<Record>,
    store_complained: Option<Instant>,
}

impl Worker {
    fn run(mut self, batches: &Receiver<Batch>) {
        loop {
            let batch = match batches.recv_timeout(RETRY) {
                Ok(batch) => batch,
                Err(RecvTimeoutError::Timeout) => {
                    self.save_alerts();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match batch {
                Batch::Events(events, wall, names) => {
                    self.counts.waiting.fetch_sub(events.len() as u64, Ordering::Relaxed);
                    self.take(events, wall, &names);
                }
                Batch::Devices(devices, wall) => self.save_devices(&devices, wall),
                Batch::Profiles(profiles) => self.save_profiles(&profiles),
                Batch::Statistics(statistics, wall, names) => {
                    self.write_statistics(&statistics, wall, &names);
                }
                Batch::Forgotten(devices) => self.forget(&devices),
                Batch::Reopen => {
                    if let Some(writer) = &mut self.writer {
                        writer.get_mut().reopen();
                    }
                }
            }
            self.save_alerts();
            self.save_records();
            if let Some(writer) = &mut self.writer {
                let failed_before = writer.get_mut().write_errors();
                // The file counts what it cannot write and goes on.
                let _ = writer.flush();
                let failed = writer.get_mut().write_errors();
                self.counts.events_failed.store(failed, Ordering::Relaxed);
                let lost = writer.get_mut().lost_lines();
                self.counts.events_lost.store(lost, Ordering::Relaxed);
                if failed > failed_before {
                    tracing::error!("cannot write to the events file; lines are lost and counted");
                }
            }
        }
    }

    fn take(&mut self, events: Vec<Event>, wall: WallClock, names: &Names) {
        let name_of = |index: u32| names.get(&index).map(|(name, _)| name.as_str());
        let mode_of = |index: u32| names.get(&index).map_or("native", |(_, mode)| *mode);
        let mut devices = Vec::new();
        for event in events {
            let attach_mode = match &event {
                Event::Flow(record) => mode_of(record.interface),
                Event::Device(_, device) => mode_of(device.interface),
                Event::Alert(_, device) => {
                    mode_of(device.as_ref().map_or(0, |device| device.interface))
                }
                Event::Desk(_) => "",
            };
            let context =
                EventContext { wall, interface_name: &name_of, attach_mode, sensor: None };
            self.write(&event, &context);
            match event {
                Event::Flow(_) => {}
                Event::Device(_, device) => devices.push(device),
                Event::Alert(alert, device) => {
                    self.dispatch.take(alert, device.as_ref(), wall, wall_time());
                }
                Event::Desk(Record::Kept(alert)) => self.dispatch.keep(alert, wall, wall_time()),
                Event::Desk(record) => self.records.push_back(record),
            }
        }
        if !devices.is_empty() {
            self.save_devices(&devices, wall);
        }
    }

    fn write_statistics(&mut self, statistics: &Value, wall: WallClock, names: &Names) {
        let name_of = |index: u32| names.get(&index).map(|(name, _)| name.as_str());
        let attach_mode = names.values().next().map_or("native", |(_, mode)| *mode);
        let context = EventContext { wall, interface_name: &name_of, attach_mode, sensor: None };
        let at = wall.at(crate::capture::xdp::monotonic());
        if let Some(writer) = &mut self.writer
            && writer.stats(at, statistics, &context).is_ok()
        {
            self.counts.events_written.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn write(&mut self, event: &Event, context: &EventContext<'_>) {
        let Some(writer) = &mut self.writer else { return };
        let written = match event {
            Event::Flow(record) if self.settings.flows => writer.flow(record, context),
            Event::Device(change, device) if self.settings.devices => {
                writer.device(*change, device, context)
            }
            Event::Alert(alert, device) if self.settings.alerts => {
                writer.alert(alert, device.as_ref(), context)
            }
            _ => return,
        };
        if written.is_ok() {
            self.counts.events_written.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn save_devices(&mut self, devices: &[Device], wall: WallClock) {
        let Some(store) = &mut self.store else { return };
        match store.save_devices(devices, wall) {
            Ok(()) => {
                self.counts.store_written.fetch_add(devices.len() as u64, Ordering::Relaxed);
            }
            // All of them are saved again soon.
            Err(error) => self.complain(&error),
        }
    }

    fn save_profiles(&mut self, profiles: &[(DeviceId, String)]) {
        let Some(store) = &mut self.store else { return };
        match store.save_profiles(profiles) {
            Ok(()) => {
                self.counts.store_written.fetch_add(profiles.len() as u64, Ordering::Relaxed);
            }
            // Those of devices that are seen again are saved again within an hour.
            Err(error) => self.complain(&error),
        }
    }

    fn forget(&mut self, devices: &[DeviceId]) {
        let Some(store) = &mut self.store else { return };
        if let Err(error) = store.forget_devices(devices) {
            // Loaded again at the next start, they are forgotten again.
            self.complain(&error);
        }
    }

    fn save_alerts(&mut self) {
        let settled = self.dispatch.settle(self.store.as_mut(), wall_time());
        self.counts.store_written.fetch_add(settled.saved, Ordering::Relaxed);
        self.counts.dropped.fetch_add(settled.lost, Ordering::Relaxed);
        if let Some(error) = settled.error {
            self.complain(&error);
        }
        if let Some(store) = &self.store {
            let dropped = store.alerts_dropped().unwrap_or_default();
            self.counts.alerts_dropped.store(dropped, Ordering::Relaxed);
        }
    }

    fn save_records(&mut self) {
        if self.records.is_empty() {
            return;
        }
        let Some(store) = &mut self.store else { return self.records.clear() };
        let count = self.records.len().min(AT_ONCE);
        // What is left is saved after the next batch.
        match store.save_records(self.records.iter().take(count)) {
            Ok(()) => {
                self.records.drain(..count);
                self.counts.store_written.fetch_add(count as u64, Ordering::Relaxed);
            }
            Err(error) => {
                self.complain(&error);
                let surplus = self.records.len().saturating_sub(UNSAVED);
                self.records.drain(..surplus);
                self.counts.dropped.fetch_add(surplus as u64, Ordering::Relaxed);
            }
        }
    }

    fn complain(&mut self, error: &dyn std::error::Error) {
        self.counts.store_failed.fetch_add(1, Ordering::Relaxed);
        // Once a minute is enough for a full disk.
        if self.store_complained.is_none_or(|at| at.elapsed() > Duration::from_secs(60)) {
            self.store_complained = Some(Instant::now());
            tracing::error!(%error, "cannot write to the store; trying again");
        }
    }
}
