//! The alerts as an Alertmanager takes them (`POST /api/v2/alerts`), on a thread of their own.
//!
//! Whoever fires an alert never waits: it changes a bounded ledger in which a later state of an
//! alert takes the place of an earlier one, so an outage costs no memory and loses no resolution.
//! Every Alertmanager of the list gets every alert, as its documentation asks of clients. Firing
//! ones are sent again each interval and expire at the other end after four of them.

mod ledger;
mod posting;

use std::{
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, Receiver, SyncSender},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use ledger::{Ledger, Saving};
use posting::Posting;

use crate::{
    detect::Alert,
    time::{Timestamp, WallClock},
};

/// How long a graceful stop may take.
const FLUSH: Duration = Duration::from_secs(5);
/// Alerts in one request.
const BATCH: usize = 256;
/// Alerts kept, firing and waiting to be delivered.
const CAPACITY: usize = 16_384;

pub type OutboxError = Box<dyn std::error::Error + Send + Sync>;

/// A stored alert that has not been delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub id: i64,
    pub body: String,
}

/// Where undelivered alerts outlive the agent. Called from the sink's thread only.
pub trait Outbox: Send {
    /// Keeps `body` and returns the number it is known by.
    ///
    /// # Errors
    ///
    /// Those of the store; the alert is sent all the same.
    fn outbox_push(&mut self, body: &str) -> Result<i64, OutboxError>;

    /// The oldest entries, at most `maximum`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn outbox_peek(&mut self, maximum: usize) -> Result<Vec<OutboxEntry>, OutboxError>;

    /// Forgets an entry: it was delivered, or a later state took its place.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn outbox_delivered(&mut self, id: i64) -> Result<(), OutboxError>;

    /// Notes that an attempt to deliver an entry failed.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn outbox_failed(&mut self, id: i64) -> Result<(), OutboxError>;

    /// Entries held.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn outbox_len(&mut self) -> Result<u64, OutboxError>;
}

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

/// The sink. Dropping it ends its thread without waiting; [`Alertmanager::stop`] delivers first.
#[derive(Debug)]
pub struct Alertmanager {
    shared: Arc<Shared>,
    settings: Settings,
    stopped: Receiver<()>,
}

impl Alertmanager {
    /// Starts the thread, which first takes up what `outbox` holds.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(settings: Settings, outbox: Option<Box<dyn Outbox>>) -> io::Result<Self> {
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
        Ok(Self {
            shared,
            settings,
            stopped,
        })
    }

    /// Takes `alert` over for delivery, without waiting; `clock` is the one that dates it.
    pub fn notify(&self, alert: &Alert, clock: WallClock) {
        let posting = Posting::new(alert, clock, &self.settings);
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
    pub fn stop(self) -> bool {
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
        let entries = outbox.outbox_peek(CAPACITY).unwrap_or_else(|error| {
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
            match outbox.outbox_push(&body) {
                Ok(id) => self.shared.ledger().saved(&ticket, id),
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
            let body: Vec<_> = batch
                .iter()
                .map(|(_, posting)| posting.message(expiry))
                .collect();
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
                        self.shared
                            .ledger()
                            .refused(target, &tickets, Instant::now());
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
        let reason = response
            .body_mut()
            .with_config()
            .limit(1024)
            .read_to_string();
        let reason: String = reason
            .unwrap_or_default()
            .chars()
            .map(|each| if each.is_control() { ' ' } else { each })
            .collect();
        Err(format!("{}: {reason}", response.status()))
    }
}

/// The time of day `after` from now.
fn wall_time(after: Duration) -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let micros = i64::try_from((since_epoch + after).as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(micros)
}

#[cfg(test)]
#[path = "alertmanager/tests.rs"]
mod tests;
