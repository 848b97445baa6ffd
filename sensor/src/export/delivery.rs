//! How alerts reach those who act on them: at least once, each state of an alert after the one
//! before, the worst alerts first.
//!
//! An alert is stored together with an entry in the outbox for each sink. One courier for each
//! sink takes entries from there and strikes them out when the receiver has confirmed them, so a
//! receiver that is away delays no other, and an agent that is killed goes on where it was. What
//! is delivered twice bears the same key. The outbox is bounded; what finds no room is counted
//! with its reason.

mod backoff;
mod courier;
mod dispatch;
mod held;
pub mod http;
mod notice;
mod outbox;
mod sink;
pub mod tls;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

pub use dispatch::{Dispatch, Settled};
pub use notice::{Notice, Subject};
pub use sink::{Delivered, Failure, Sink};

use courier::{Counts, Courier, FLUSH};
use outbox::Outbox;

use crate::{
    detect::Severity,
    export::store::{DropReason, Store},
    snapshot::SinkCounts,
    time::Timestamp,
};

/// Which sink something is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// By which the store knows it.
    pub id: String,
    /// By which people know it; several receivers may share it.
    pub label: String,
    /// Alerts below are not for it.
    pub minimum_severity: Severity,
    /// The receiver keeps states: a later one makes an earlier one obsolete.
    pub keeps_states: bool,
}

/// Each sink with its address.
pub type Receivers = Vec<(Address, Box<dyn Sink>)>;

/// The sinks and their couriers. Dropping it ends them without waiting; [`Delivery::finish`]
/// delivers first.
#[derive(Debug)]
pub struct Delivery {
    outbox: Arc<Outbox>,
    sinks: Arc<[Address]>,
    counts: Vec<Arc<Counts>>,
    threads: Vec<thread::JoinHandle<()>>,
    /// Notices taken and attempts failed before the receivers were replaced, by label.
    earlier: BTreeMap<String, (u64, u64)>,
}

impl Delivery {
    /// Starts a courier for each sink; they first take up what `store` has of earlier runs.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(sinks: Receivers, store: Option<Store>) -> io::Result<Self> {
        let (addresses, sinks): (Vec<_>, Vec<_>) = sinks.into_iter().unzip();
        let addresses: Arc<[Address]> = addresses.into();
        let outbox = Arc::new(Outbox::new(store, &addresses));
        let mut delivery = Self {
            outbox: Arc::clone(&outbox),
            sinks: Arc::clone(&addresses),
            counts: Vec::new(),
            threads: Vec::new(),
            earlier: BTreeMap::new(),
        };
        for (index, (address, sink)) in addresses.iter().zip(sinks).enumerate() {
            let counts = Arc::new(Counts::default());
            delivery.counts.push(Arc::clone(&counts));
            let outbox = Arc::clone(&outbox);
            let courier = Courier::new(index, address.clone(), sink, outbox, counts);
            let thread = thread::Builder::new().name(format!("sink {}", address.label));
            delivery.threads.push(thread.spawn(move || courier.run())?);
        }
        Ok(delivery)
    }

    /// Where alerts are handed in. There is to be one.
    pub fn dispatch(&self) -> Dispatch {
        Dispatch::new(Arc::clone(&self.outbox), Arc::clone(&self.sinks), wall_time())
    }

    /// By label.
    pub fn counts(&self) -> Vec<SinkCounts> {
        let mut by_label: BTreeMap<&str, SinkCounts> = BTreeMap::new();
        for (address, counts) in self.sinks.iter().zip(&self.counts) {
            let sum = by_label.entry(&address.label).or_default();
            sum.sink.clone_from(&address.label);
            sum.written += counts.sent.load(Relaxed);
            sum.failed += counts.failed.load(Relaxed);
            *sum.waiting.get_or_insert(0) += counts.entries.load(Relaxed);
        }
        for (label, sum) in &mut by_label {
            let (written, failed) = self.earlier.get(*label).copied().unwrap_or_default();
            sum.written += written;
            sum.failed += failed;
        }
        by_label.into_values().collect()
    }

    /// Notices that were never delivered, by reason, since the store was made.
    pub fn dropped(&self) -> [(&'static str, u64); DropReason::ALL.len()] {
        DropReason::ALL.map(|reason| (reason.name(), self.outbox.dropped(reason)))
    }

    /// Delivers what is waiting, for at most 5 s.
    pub fn finish(&mut self) {
        let ending = self.close();
        Self::wait(&ending);
    }

    /// Has the couriers end; they deliver what they can first.
    pub fn close(&mut self) -> Vec<thread::JoinHandle<()>> {
        self.outbox.close();
        std::mem::take(&mut self.threads)
    }

    /// Waits for couriers that end, for at most 5 s.
    pub fn wait(ending: &[thread::JoinHandle<()>]) {
        let began = Instant::now();
        while !ending.iter().all(thread::JoinHandle::is_finished) && began.elapsed() < FLUSH {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Notices taken and attempts failed so far, by label, for [`Self::after`].
    pub fn totals(&self) -> BTreeMap<String, (u64, u64)> {
        let mut totals = self.earlier.clone();
        for SinkCounts { sink, written, failed, .. } in self.counts() {
            totals.insert(sink, (written, failed));
        }
        totals
    }

    /// Counts on from the totals of couriers before it.
    #[must_use]
    pub fn after(mut self, totals: BTreeMap<String, (u64, u64)>) -> Self {
        self.earlier = totals;
        self
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.outbox.close();
    }
}

/// The name of the host, by which alerts of several sensors are told apart.
pub fn sensor_name() -> String {
    let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host_name.trim() {
        "" => "wardline".to_owned(),
        name => name.to_owned(),
    }
}

/// The time of day.
pub fn wall_time() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
pub mod fixture;
#[cfg(test)]
mod tests;
