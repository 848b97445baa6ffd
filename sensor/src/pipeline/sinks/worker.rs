//! The thread that writes events to the file and the store.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{Batch, Change, Counts, locked};
use crate::{
    config::Events,
    detect::desk::Record,
    event::Event,
    export::{
        delivery::{Delivery, Dispatch, Receivers, wall_time},
        eve::{EveFile, EveWriter, EventContext},
        ipfix::Exporters,
        store::Store,
    },
    inventory::{Device, DeviceId},
    pipeline::live::Names,
    time::WallClock,
};

/// How often, at least, the store is tried again that did not take alerts.
const RETRY: Duration = Duration::from_secs(1);
/// Records on alerts that may wait for the store, and that it is given in one transaction.
const UNSAVED: usize = 10_000;
const AT_ONCE: usize = 512;

/// What the thread owns.
pub(super) struct Worker {
    pub(super) store: Option<Store>,
    pub(super) writer: Option<EveWriter<EveFile>>,
    pub(super) settings: Events,
    pub(super) counts: Arc<Counts>,
    pub(super) dispatch: Dispatch,
    pub(super) delivery: Arc<Mutex<Delivery>>,
    pub(super) collectors: Arc<Mutex<Arc<Exporters>>>,
    /// What was failed and lost at files that events no longer go to.
    pub(super) earlier_files: (u64, u64),
    /// What was done about alerts and the store did not take yet.
    pub(super) records: VecDeque<Record>,
    pub(super) store_complained: Option<Instant>,
}

impl Worker {
    pub(super) fn run(mut self, batches: &Receiver<Batch>) {
        loop {
            let batch = match batches.recv_timeout(RETRY) {
                Ok(batch) => batch,
                Err(RecvTimeoutError::Timeout) => {
                    self.save_alerts();
                    self.save_records();
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
                Batch::Change(change) => self.change(*change),
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
                let (failed_earlier, lost_earlier) = self.earlier_files;
                self.counts.events_failed.store(failed_earlier + failed, Ordering::Relaxed);
                let lost = writer.get_mut().lost_lines();
                self.counts.events_lost.store(lost_earlier + lost, Ordering::Relaxed);
                if failed > failed_before {
                    tracing::error!("cannot write to the events file; lines are lost and counted");
                }
            }
        }
    }

    fn change(&mut self, change: Change) {
        self.settings = change.settings;
        if let Some(file) = change.events_file {
            if let Some(mut writer) = self.writer.take() {
                // The file counts what it cannot write.
                let _ = writer.flush();
                self.earlier_files.0 += writer.get_mut().write_errors();
                self.earlier_files.1 += writer.get_mut().lost_lines();
            }
            self.writer = file.map(EveWriter::new);
        }
        if let Some(collectors) = change.collectors {
            // Those before it send what they have.
            *locked(&self.collectors) = Arc::new(collectors);
        }
        if let Some((receivers, store)) = change.receivers {
            self.tell_others(receivers, store);
        }
    }

    /// Replaces the receivers of alerts. Metrics are read meanwhile: no lock is held while couriers
    /// end or the store works.
    fn tell_others(&mut self, receivers: Receivers, store: Option<Store>) {
        self.save_alerts();
        let ending = locked(&self.delivery).close();
        Delivery::wait(&ending);
        let totals = locked(&self.delivery).totals();
        match Delivery::start(receivers, store) {
            Ok(delivery) => {
                let delivery = delivery.after(totals);
                let mut dispatch = delivery.dispatch();
                dispatch.take_over(&mut self.dispatch);
                self.dispatch = dispatch;
                *locked(&self.delivery) = delivery;
            }
            Err(error) => tracing::error!(%error, "receivers cannot be told until a restart"),
        }
    }

    fn take(&mut self, events: Vec<Event>, wall: WallClock, names: &Names) {
        let name_of = |index: u32| names.get(&index).map(|(name, _)| name.as_str());
        let mode_of = |index: u32| names.get(&index).map_or("native", |(_, mode)| *mode);
        let mut devices = Vec::new();
        let collectors = Arc::clone(&locked(&self.collectors));
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
                Event::Flow(record) => collectors.take(&record, wall),
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
