//! Where events go, on a thread of its own: a slow disk or an absent receiver never holds up the
//! reading of the maps. The queue is bounded; what finds it full is counted.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    config::Events,
    detect::Alert,
    event::Event,
    export::{
        alertmanager::Alertmanager,
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
/// How often every device is saved, for when it was last seen.
const SAVE: Duration = Duration::from_secs(30);
/// Alerts that may wait for the store.
const UNSAVED: usize = 10_000;
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
    /// Events in the queue.
    waiting: AtomicU64,
}

/// The near end of the queue.
pub struct Sinks {
    queue: Option<SyncSender<Batch>>,
    counts: Arc<Counts>,
    alertmanager: Option<Alertmanager>,
    thread: Option<thread::JoinHandle<()>>,
    saved: Instant,
}

impl Sinks {
    pub fn start(
        store: Option<Store>,
        file: Option<EveFile>,
        alertmanager: Option<Alertmanager>,
        settings: &Events,
    ) -> Self {
        let (queue, batches) = sync_channel(WAITING);
        let counts = Arc::new(Counts::default());
        let worker = Worker {
            store,
            writer: file.map(EveWriter::new),
            settings: settings.clone(),
            counts: Arc::clone(&counts),
            unsaved: VecDeque::new(),
            store_complained: None,
        };
        let thread = thread::Builder::new().name("sinks".to_owned());
        let thread = thread.spawn(move || worker.run(&batches)).ok();
        Self { queue: Some(queue), counts, alertmanager, thread, saved: Instant::now() }
    }

    pub fn take(&mut self, events: Vec<Event>, wall: WallClock, names: Arc<Names>) {
        if let Some(alertmanager) = &self.alertmanager {
            for event in &events {
                if let Event::Alert(alert, device) = event {
                    alertmanager.take(alert, device.as_ref(), wall);
                }
            }
        }
        let count = events.len() as u64;
        if count == 0 {
            return;
        }
        if self.counts.waiting.load(Ordering::Relaxed) + count > WAITING_EVENTS {
            self.counts.dropped.fetch_add(count, Ordering::Relaxed);
            return;
        }
        self.counts.waiting.fetch_add(count, Ordering::Relaxed);
        self.send(Batch::Events(events, wall, names));
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
        self.send(Batch::Devices(devices.cloned().collect(), wall));
    }

    /// Saves what has been learned of devices.
    pub fn save_profiles(&self, profiles: Vec<(DeviceId, String)>) {
        if !profiles.is_empty() {
            self.send(Batch::Profiles(profiles));
        }
    }

    pub fn statistics(&self, wall: WallClock, statistics: Value, names: Arc<Names>) {
        self.send(Batch::Statistics(statistics, wall, names));
    }

    /// Opens the events file again, after it was renamed.
    pub fn reopen(&self) {
        self.send(Batch::Reopen);
    }

    /// Strikes devices off the store.
    pub fn forget(&self, devices: Vec<DeviceId>) {
        if !devices.is_empty() {
            self.send(Batch::Forgotten(devices));
        }
    }

    fn send(&self, batch: Batch) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(batch) | TrySendError::Disconnected(batch)) =
            queue.try_send(batch)
        {
            let lost = match batch {
                Batch::Events(events, ..) => {
                    let count = events.len() as u64;
                    self.counts.waiting.fetch_sub(count, Ordering::Relaxed);
                    count
                }
                // These come again.
                Batch::Devices(..)
                | Batch::Profiles(_)
                | Batch::Forgotten(_)
                | Batch::Reopen
                | Batch::Statistics(..) => 0,
            };
            self.counts.dropped.fetch_add(lost, Ordering::Relaxed);
        }
    }

    pub fn counts(&self) -> Vec<SinkCounts> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut counts = vec![
            SinkCounts {
                sink: "events",
                written: load(&self.counts.events_written),
                failed: load(&self.counts.events_failed),
            },
            SinkCounts {
                sink: "store",
                written: load(&self.counts.store_written),
                failed: load(&self.counts.store_failed),
            },
        ];
        if let Some(alertmanager) = &self.alertmanager {
            let own = alertmanager.counts();
            counts.push(SinkCounts { sink: "alertmanager", written: own.sent, failed: own.failed });
        }
        counts
    }

    pub fn dropped(&self) -> u64 {
        let at_receiver = self.alertmanager.as_ref().map_or(0, |sink| sink.counts().dropped);
        let at_file = self.counts.events_lost.load(Ordering::Relaxed);
        self.counts.dropped.load(Ordering::Relaxed) + at_file + at_receiver
    }

    pub fn alertmanager_queue(&self) -> u64 {
        self.alertmanager.as_ref().map_or(0, |sink| sink.counts().queued)
    }

    /// Waits until everything queued is written, within reason.
    pub fn finish(&mut self) {
        self.queue = None;
        if let Some(alertmanager) = self.alertmanager.take() {
            alertmanager.finish();
        }
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
    /// Alerts that the store did not take yet.
    unsaved: VecDeque<(Alert, WallClock)>,
    store_complained: Option<Instant>,
}

impl Worker {
    fn run(mut self, batches: &Receiver<Batch>) {
        while let Ok(batch) = batches.recv() {
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
            };
            let context =
                EventContext { wall, interface_name: &name_of, attach_mode, sensor: None };
            self.write(&event, &context);
            match event {
                Event::Flow(_) => {}
                Event::Device(_, device) => devices.push(device),
                Event::Alert(alert, _) => self.unsaved.push_back((alert, wall)),
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
        while let Some((alert, wall)) = self.unsaved.front() {
            let Some(store) = &mut self.store else { return self.unsaved.clear() };
            match store.save_alert(alert, *wall) {
                Ok(()) => {
                    self.unsaved.pop_front();
                    self.counts.store_written.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    self.complain(&error);
                    while self.unsaved.len() > UNSAVED {
                        self.unsaved.pop_front();
                        self.counts.dropped.fetch_add(1, Ordering::Relaxed);
                    }
                    return;
                }
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
