//! Serves one collector, on a thread of its own.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    message::{Message, Writer},
    record::DataRecord,
    transport::Connection,
};
use crate::{
    config::{Ipfix, IpfixTransport},
    export::delivery::wall_time,
};

/// Records that may wait.
const WAITING: usize = 16_384;
/// How long a record waits for others at most.
const GATHERING: Duration = Duration::from_secs(1);
/// Between two looks whether it is time for another attempt.
const GLANCE: Duration = Duration::from_millis(100);
/// Between datagrams: a collector's buffer holds a hundred or two, and what finds no room there is
/// lost unseen. Some 40,000 records a second; beyond that the queue fills, which is counted.
const PACE: Duration = Duration::from_micros(200);
/// Between attempts to reach a collector.
const RETRY: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// How a collector is served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpfixCounts {
    pub exporter: String,
    /// Records in messages that the system took.
    pub sent: u64,
    /// Records that found the queue full.
    pub queue_full: u64,
    /// Records in messages that could not be sent.
    pub unreachable: u64,
    pub waiting: u64,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    queue_full: AtomicU64,
    unreachable: AtomicU64,
    waiting: AtomicU64,
    /// Nobody waits for a collector that is away.
    is_ending: AtomicBool,
}

/// The near end. When it is dropped, the thread sends what is queued and ends.
#[derive(Debug)]
pub struct Exporter {
    name: String,
    /// Until the end.
    queue: Option<SyncSender<DataRecord>>,
    counts: Arc<Counts>,
    thread: thread::JoinHandle<()>,
}

impl Exporter {
    pub fn start(settings: &Ipfix) -> io::Result<Self> {
        let (queue, records) = sync_channel(WAITING);
        let counts = Arc::new(Counts::default());
        let session = Session {
            settings: settings.clone(),
            counts: Arc::clone(&counts),
            writer: Writer::new(settings.observation_domain),
            connection: None,
            templates_sent: None,
            failures: 0,
            retry_at: Instant::now(),
        };
        let thread = thread::Builder::new().name(format!("ipfix {}", settings.name));
        let thread = thread.spawn(move || session.run(&records))?;
        Ok(Self { name: settings.name.clone(), queue: Some(queue), counts, thread })
    }

    pub fn take(&self, record: DataRecord) {
        let Some(queue) = &self.queue else { return };
        self.counts.waiting.fetch_add(1, Relaxed);
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = queue.try_send(record) {
            self.counts.waiting.fetch_sub(1, Relaxed);
            self.counts.queue_full.fetch_add(1, Relaxed);
        }
    }

    /// Has the thread send what is queued, and end.
    pub fn close(&mut self) {
        self.queue = None;
        self.counts.is_ending.store(true, Relaxed);
    }

    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    pub fn counts(&self) -> IpfixCounts {
        IpfixCounts {
            exporter: self.name.clone(),
            sent: self.counts.sent.load(Relaxed),
            queue_full: self.counts.queue_full.load(Relaxed),
            unreachable: self.counts.unreachable.load(Relaxed),
            waiting: self.counts.waiting.load(Relaxed),
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread owns.
struct Session {
    settings: Ipfix,
    counts: Arc<Counts>,
    writer: Writer,
    connection: Option<Connection>,
    templates_sent: Option<Instant>,
    failures: usize,
    retry_at: Instant,
}

impl Session {
    fn run(mut self, records: &Receiver<DataRecord>) {
        let mut since: Option<Instant> = None;
        loop {
            let patience =
                since.map_or(GATHERING, |since| GATHERING.saturating_sub(since.elapsed()));
            match records.recv_timeout(patience) {
                Ok(record) => {
                    self.counts.waiting.fetch_sub(1, Relaxed);
                    if !self.writer.has_room_for(&record) {
                        self.flush();
                        since = None;
                    }
                    self.writer.add(&record);
                    since.get_or_insert_with(Instant::now);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.flush();
                    since = None;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.flush();
                    return;
                }
            }
        }
    }

    fn flush(&mut self) {
        // Before the message is taken: a new session begins with sequence 0. Meanwhile the queue
        // fills.
        let mut is_there = self.reach();
        while !is_there && !self.counts.is_ending.load(Relaxed) {
            thread::sleep(GLANCE);
            is_there = self.reach();
        }
        let Some(message) = self.writer.take(export_time()) else { return };
        let is_sent = is_there && self.send(&message);
        let records = u64::from(message.records);
        let count = if is_sent { &self.counts.sent } else { &self.counts.unreachable };
        count.fetch_add(records, Relaxed);
        if self.settings.transport == IpfixTransport::Udp {
            thread::sleep(PACE);
        }
    }

    /// Whether there is a session in which the collector has the templates.
    fn reach(&mut self) -> bool {
        if self.connection.is_none() && Instant::now() >= self.retry_at {
            match Connection::open(&self.settings.address, self.settings.transport) {
                Ok(connection) => {
                    self.connection = Some(connection);
                    self.templates_sent = None;
                    if self.settings.transport == IpfixTransport::Tcp {
                        self.writer.begin_session();
                    }
                }
                Err(error) => self.fail(&error),
            }
        }
        let is_udp = self.settings.transport == IpfixTransport::Udp;
        let is_due = self
            .templates_sent
            .is_none_or(|at| is_udp && at.elapsed() >= self.settings.template_interval);
        if self.connection.is_some() && is_due {
            let templates = self.writer.templates(export_time());
            if self.send(&templates) {
                self.templates_sent = Some(Instant::now());
            }
        }
        self.connection.is_some()
    }

    fn send(&mut self, message: &Message) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        match connection.send(&message.octets) {
            Ok(()) => {
                self.failures = 0;
                true
            }
            Err(error) => {
                self.connection = None;
                self.fail(&error);
                false
            }
        }
    }

    fn fail(&mut self, error: &io::Error) {
        if self.failures == 0 {
            let exporter = &self.settings.name;
            tracing::warn!(exporter, %error, "flow records do not reach the collector; trying again");
        }
        self.retry_at = Instant::now() + RETRY[self.failures.min(RETRY.len() - 1)];
        self.failures += 1;
    }
}

/// Seconds since 1970.
fn export_time() -> u32 {
    u32::try_from(wall_time().as_micros() / 1_000_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
