//! The alerts as an Alertmanager takes them (`POST /api/v2/alerts`), on a thread of their own.
//!
//! Whoever fires an alert never waits: it changes a bounded ledger in which a later state of an
//! alert takes the place of an earlier one, so an outage costs no memory and loses no resolution.
//! Every Alertmanager of the list gets every alert, as its documentation asks of clients. Firing
//! ones are sent again each interval and expire at the other end after four of them.

mod ledger;
mod outbox;
mod posting;

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::{Duration, Instant},
};

use ledger::{Ledger, Saving};
use outbox::wall_time;
pub use outbox::{Outbox, OutboxEntry, OutboxError};
use posting::Posting;

use crate::{config, detect::Alert, inventory::Device, time::WallClock};

/// How long a graceful stop may take.
const FLUSH: Duration = Duration::from_secs(5);
/// Alerts in one request.
const BATCH: usize = 256;
/// Alerts kept, firing and waiting to be delivered.
const CAPACITY: usize = 16_384;

/// Where and how to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bases such as `http://127.0.0.1:9093`.
    pub urls: Vec<String>,
    /// Of one request.
    pub timeout: Duration,
    pub resend_interval: Duration,
    /// The label `sensor`: which agent this is.
    pub sensor: String,
    /// A page about the alert, if there is one.
    pub generator_url: Option<String>,
}

impl Settings {
    /// As configured; the sensor is called by the name of the host.
    pub fn of(settings: &config::Alertmanager) -> Self {
        let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let sensor = match host_name.trim() {
            "" => "wardline",
            name => name,
        };
        Self {
            urls: settings.urls.clone(),
            timeout: settings.timeout,
            resend_interval: settings.resend_interval,
            sensor: sensor.to_owned(),
            generator_url: None,
        }
    }
}

/// What the sink has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Alerts accepted, each time and by each Alertmanager.
    pub sent: u64,
    /// Requests that were refused or did not arrive.
    pub failed: u64,
    /// Alerts whose latest state no Alertmanager has accepted yet.
    pub queued: u64,
    /// Alerts given up: the ledger was full, or they were long resolved.
    pub dropped: u64,
}

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug)]
struct Shared {
    ledger: Mutex<Ledger>,
    changed: Condvar,
    counters: Counters,
}

impl Shared {
    /// A panic elsewhere leaves the ledger as good as it was.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sink. Dropping it ends its thread without waiting; [`Alertmanager::finish`] delivers first.
#[derive(Debug)]
pub struct Alertmanager {
    shared: Arc<Shared>,
    settings: Settings,
    stopped: Receiver<()>,
}

impl Alertmanager {
    /// The sink that the configuration asks for; `None` if it names no Alertmanager, or (with an
    /// error in the log) if the system gives no thread.
    ///
    /// What is not delivered yet is kept in `outbox`, where there is one, and outlives the agent.
    pub fn start(settings: &config::Alertmanager, outbox: Option<Box<dyn Outbox>>) -> Option<Self> {
        if settings.urls.is_empty() {
            return None;
        }
        let started = Self::start_with(Settings::of(settings), outbox);
        started.inspect_err(|error| tracing::error!(%error, "no alerts are sent")).ok()
    }

    /// Starts the thread, which first takes up what `outbox` holds.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start_with(settings: Settings, outbox: Option<Box<dyn Outbox>>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            ledger: Mutex::new(Ledger::new(
                CAPACITY,
                settings.urls.len(),
                settings.resend_interval,
            )),
            changed: Condvar::new(),
            counters: Counters::default(),
        });
        let (stopping, stopped) = mpsc::sync_channel(1);
        let worker = Worker {
            shared: Arc::clone(&shared),
            agent: agent(),
            settings: settings.clone(),
            outbox,
            deadline: None,
        };
        thread::Builder::new()
            .name("alertmanager".to_owned())
            .spawn(move || worker.run(&stopping))?;
        Ok(Self { shared, settings, stopped })
    }

    /// Takes `alert` over for delivery, without waiting; `clock` is the one that dates it.
    pub fn take(&self, alert: &Alert, device: Option<&Device>, clock: WallClock) {
        let posting = Posting::new(alert, device, clock, &self.settings);
        self.shared.ledger().put(posting, Instant::now());
        self.shared.changed.notify_one();
    }

    pub fn counts(&self) -> Counts {
        let ledger = self.shared.ledger();
        Counts {
            sent: self.shared.counters.sent.load(Relaxed),
            failed: self.shared.counters.failed.load(Relaxed),
            queued: ledger.waiting(),
            dropped: ledger.dropped(),
        }
    }

    /// Delivers what is waiting, for at most 5 s; returns whether nothing was left.
    pub fn finish(self) -> bool {
        self.shared.ledger().close();
        self.shared.changed.notify_one();
        let in_time = self.stopped.recv_timeout(FLUSH).is_ok();
        in_time && self.shared.ledger().waiting() == 0
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.shared.ledger().close();
        self.shared.changed.notify_one();
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("wardline/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
}

struct Worker {
    shared: Arc<Shared>,
    agent: ureq::Agent,
    settings: Settings,
    outbox: Option<Box<dyn Outbox>>,
    /// When to give up, once the sink is closed.
    deadline: Option<Instant>,
}

impl Worker {
    fn run(mut self, stopped: &SyncSender<()>) {
        self.restore();
        loop {
            self.save();
            for target in 0..self.settings.urls.len() {
                self.deliver(target);
            }
            self.save();
            let mut ledger = self.shared.ledger();
            let now = Instant::now();
            if ledger.is_closed() {
                let deadline = *self.deadline.get_or_insert(now + FLUSH);
                if ledger.waiting() == 0 || now >= deadline {
                    break;
                }
            }
            let wait = ledger.until_due(now);
            if !wait.is_zero() {
                let waited = self.shared.changed.wait_timeout(ledger, wait);
                ledger = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if ledger.is_closed() && self.deadline.is_none() {
                self.deadline = Some(Instant::now() + FLUSH);
                ledger.hurry();
            }
        }
        // The sink may be gone.
        let _ = stopped.try_send(());
    }

    /// Takes up what was not delivered before the agent started.
    fn restore(&mut self) {
        let Some(outbox) = &mut self.outbox else {
            return;
        };
        let entries = outbox.outbox_peek(CAPACITY as u32).unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read undelivered alerts");
            Vec::new()
        });
        let mut ledger = self.shared.ledger();
        for OutboxEntry { id, body } in entries {
            match serde_json::from_str(&body) {
                Ok(posting) => ledger.restore(posting, id, Instant::now()),
                Err(_) => ledger.forget(id),
            }
        }
    }

    /// Brings the outbox up to the ledger.
    fn save(&mut self) {
        let Saving { new, obsolete } = self.shared.ledger().unsaved();
        let Some(outbox) = &mut self.outbox else {
            return;
        };
        let mut failure = None;
        for id in obsolete {
            failure = outbox.outbox_delivered(id).err().or(failure);
        }
        for (ticket, posting) in new {
            let Ok(body) = serde_json::to_string(&posting) else {
                continue;
            };
            match outbox.outbox_push(posting.severity(), &body) {
                Ok(Some(id)) => self.shared.ledger().saved(&ticket, id),
                Ok(None) => {}
                Err(error) => failure = Some(error),
            }
        }
        if let Some(error) = failure {
            tracing::warn!(%error, "cannot store undelivered alerts");
        }
    }

    /// Sends what is due at one Alertmanager, batch by batch, until one fails.
    fn deliver(&mut self, target: usize) {
        loop {
            let now = Instant::now();
            let batch = self.shared.ledger().due(target, BATCH, now);
            if batch.is_empty() {
                return;
            }
            let timeout = match self.deadline {
                Some(deadline) => self.settings.timeout.min(deadline - now),
                None => self.settings.timeout,
            };
            if timeout.is_zero() {
                return;
            }
            let expiry = wall_time(4 * self.settings.resend_interval);
            let body: Vec<_> = batch.iter().map(|(_, posting)| posting.message(expiry)).collect();
            let tickets: Vec<_> = batch.iter().map(|(ticket, _)| ticket.clone()).collect();
            match self.post(&self.settings.urls[target], &body, timeout) {
                Ok(()) => {
                    let sent = tickets.len() as u64;
                    self.shared.counters.sent.fetch_add(sent, Relaxed);
                    let mut ledger = self.shared.ledger();
                    ledger.accepted(target, &tickets, Instant::now());
                }
                Err(reason) => {
                    let url = &self.settings.urls[target];
                    tracing::warn!(url, reason, alerts = tickets.len(), "alerts not delivered");
                    self.shared.counters.failed.fetch_add(1, Relaxed);
                    let undelivered =
                        self.shared.ledger().refused(target, &tickets, Instant::now());
                    self.note_failures(undelivered);
                    return;
                }
            }
        }
    }

    fn note_failures(&mut self, entries: Vec<i64>) {
        if let Some(outbox) = &mut self.outbox {
            for id in entries {
                if let Err(error) = outbox.outbox_failed(id) {
                    tracing::warn!(%error, "cannot note undelivered alerts");
                    return;
                }
            }
        }
    }

    fn post(
        &self,
        url: &str,
        body: &[posting::Message<'_>],
        timeout: Duration,
    ) -> Result<(), String> {
        let address = format!("{}/api/v2/alerts", url.trim_end_matches('/'));
        let request = self.agent.post(address);
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut response = request.send_json(body).map_err(|error| error.to_string())?;
        if response.status().is_success() {
            return Ok(());
        }
        let reason = response.body_mut().with_config().limit(1024).read_to_string();
        let reason: String = reason
            .unwrap_or_default()
            .chars()
            .map(|each| if each.is_control() { ' ' } else { each })
            .collect();
        Err(format!("{}: {reason}", response.status()))
    }
}

#[cfg(test)]
mod tests;
