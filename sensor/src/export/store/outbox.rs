//! What is yet to be delivered: written before it is tried, gone when the sink has confirmed it.
//!
//! Entries of one sink are in the order of their rank and then of their age. The rank is the
//! severity of the worst entry that waits for the same alert, so what is said of one alert stays in
//! order, and an alert that matters overtakes a storm of others.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Store, StoreError, alerts, schema};
use crate::{
    detect::{Alert, Severity},
    time::{Timestamp, WallClock},
};

/// The longest that a failed entry waits. One that seems to wait for longer does so because the
/// wall clock was set back, and is due.
const MAX_WAIT: Duration = Duration::from_secs(3600);

/// The number that the last notice had.
const SEQUENCE: &str = "notice_sequence";

/// Why an entry was never delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// More waited for the sink than may.
    Full,
    /// More waited in memory, while the store could not be written, than may.
    MemoryFull,
    /// The receiver would not have it, for a day.
    Refused,
    /// It was damaged.
    Unreadable,
    /// The configuration no longer has the sink.
    SinkRemoved,
}

impl DropReason {
    pub const ALL: [Self; 5] =
        [Self::Full, Self::MemoryFull, Self::Refused, Self::Unreadable, Self::SinkRemoved];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::MemoryFull => "memory_full",
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
            Self::SinkRemoved => "sink_removed",
        }
    }

    /// Under which name the store counts it.
    const fn counter(self) -> &'static str {
        match self {
            Self::Full => "outbox_dropped",
            Self::MemoryFull => "outbox_dropped_memory_full",
            Self::Refused => "outbox_dropped_refused",
            Self::Unreadable => "outbox_dropped_unreadable",
            Self::SinkRemoved => "outbox_dropped_sink_removed",
        }
    }
}

/// Something to be delivered to one sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub id: i64,
    /// The severity of the worst that waits for the same alert.
    pub rank: i64,
    pub created: Timestamp,
    pub body: String,
    /// How often the receiver refused it.
    pub attempts: u32,
}

/// Something that is to become an [`OutboxEntry`].
#[derive(Clone, Copy, Debug)]
pub struct OutboxItem<'a> {
    pub sink: &'a str,
    /// What has to stay in order.
    pub alert: u64,
    /// Of all notices, not of one alert's.
    pub sequence: u64,
    pub severity: Severity,
    pub body: &'a str,
    /// Takes the place of what waits of the same alert: the receiver keeps states, not a history.
    pub supersedes: bool,
}

impl Store {
    /// Saves alerts together with what is to be told of them: all of it, or nothing. Returns how
    /// many entries found the outbox full: of a sink that has more than may wait, the least severe
    /// go, the oldest of them first.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; see the module.
    pub fn save_alerts_and_queue<'a>(
        &mut self,
        alerts: impl IntoIterator<Item = (&'a Alert, WallClock)>,
        items: impl IntoIterator<Item = OutboxItem<'a>>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let limits = self.limits;
        self.transact("save alerts and what is to be told of them", |connection| {
            for (alert, clock) in alerts {
                alerts::put(connection, alert, clock)?;
            }
            alerts::trim(connection, limits.alerts)?;
            let mut sinks: Vec<&str> = Vec::new();
            let mut last = 0;
            for item in items {
                push(connection, &item, now)?;
                last = last.max(item.sequence);
                if !sinks.contains(&item.sink) {
                    sinks.push(item.sink);
                }
            }
            if last > 0 {
                let last = i64::try_from(last).unwrap_or(i64::MAX);
                schema::raise_counter(connection, SEQUENCE, last)?;
            }
            let mut dropped = 0;
            for sink in sinks {
                let surplus = length(connection, sink)? - i64::from(limits.outbox_entries);
                for _ in 0..surplus {
                    dropped += u64::from(drop_least_severe(connection, sink)?);
                }
            }
            Ok(dropped)
        })
    }

    /// At most `limit` entries for a sink that are due: the worst first, the oldest of them first,
    /// and never one before an older one of the same alert.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn outbox_peek(
        &self,
        sink: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let now = now.as_micros();
        let latest = now.saturating_add(micros(MAX_WAIT));
        self.query("read the outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT id, rank, created, body, attempts FROM outbox
                     WHERE sink = ?1 AND (next_attempt <= ?2 OR next_attempt > ?3)
                     ORDER BY rank DESC, id LIMIT ?4",
                )?
                .query_map((sink, now, latest, limit), read)?
                .collect()
        })
    }

    /// Whether anything of an alert waits for a sink.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn outbox_has(&self, sink: &str, alert: u64) -> Result<bool, StoreError> {
        self.query("read the outbox", |connection| {
            connection
                .prepare_cached("SELECT 1 FROM outbox WHERE sink = ?1 AND alert = ?2 LIMIT 1")?
                .exists((sink, alert.cast_signed()))
        })
    }

    /// The sink has confirmed these entries.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the entries will then be delivered again.
    pub fn outbox_delivered(&mut self, ids: &[i64]) -> Result<(), StoreError> {
        self.transact("take from the outbox", |connection| {
            let mut statement = connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
            ids.iter().try_for_each(|id| statement.execute([id]).map(drop))
        })
    }

    /// The receiver refused an entry: it is due again after `wait`, an hour at most, and everything
    /// else of its alert with it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the entry is then still due.
    pub fn outbox_put_off(
        &mut self,
        id: i64,
        now: Timestamp,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let next = now.as_micros().saturating_add(micros(wait.min(MAX_WAIT)));
        self.transact("put off a delivery", |connection| {
            connection
                .prepare_cached(
                    "UPDATE outbox SET attempts = min(attempts + 1, 4294967295) WHERE id = ?1",
                )?
                .execute([id])?;
            connection
                .prepare_cached(
                    "UPDATE outbox SET next_attempt = ?2 WHERE (sink, alert) =
                         (SELECT sink, alert FROM outbox WHERE id = ?1)",
                )?
                .execute((id, next))
                .map(drop)
        })
    }

    /// Strikes entries out that will never be delivered, and counts them.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the entries are then still there.
    pub fn outbox_give_up(&mut self, ids: &[i64], reason: DropReason) -> Result<(), StoreError> {
        self.transact("give a delivery up", |connection| {
            let mut statement = connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?;
            let mut dropped = 0;
            for id in ids {
                dropped += statement.execute([id])?;
            }
            count_dropped(connection, reason, dropped)
        })
    }

    /// Strikes out what waits for other sinks than these, and counts it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the entries are then still there.
    pub fn outbox_keep_sinks(&mut self, sinks: &[&str]) -> Result<u64, StoreError> {
        self.transact("forget sinks", |connection| {
            let known: Vec<String> = connection
                .prepare("SELECT DISTINCT sink FROM outbox")?
                .query_map([], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            let mut dropped = 0;
            for sink in known.iter().filter(|sink| !sinks.contains(&sink.as_str())) {
                dropped += connection.execute("DELETE FROM outbox WHERE sink = ?1", [sink])?;
            }
            count_dropped(connection, DropReason::SinkRemoved, dropped)?;
            Ok(dropped as u64)
        })
    }

    /// Entries that wait for a sink.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn outbox_len(&self, sink: &str) -> Result<u64, StoreError> {
        let length = self.query("count the outbox", |connection| length(connection, sink))?;
        Ok(u64::try_from(length).unwrap_or(0))
    }

    /// Entries that were never delivered, since the file was made.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn outbox_dropped(&self, reason: DropReason) -> Result<u64, StoreError> {
        let dropped = self.query("count the outbox", |connection| {
            schema::counter(connection, reason.counter())
        })?;
        Ok(dropped.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// The number of the last notice that was stored.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn last_sequence(&self) -> Result<u64, StoreError> {
        let last = self
            .query("number notices", |connection| schema::counter(connection, SEQUENCE))?
            .unwrap_or(0);
        Ok(u64::try_from(last).unwrap_or(0))
    }
}

fn push(connection: &Connection, item: &OutboxItem<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let alert = item.alert.cast_signed();
    let severity = item.severity as i64;
    if item.supersedes {
        connection
            .prepare_cached("DELETE FROM outbox WHERE sink = ?1 AND alert = ?2")?
            .execute((item.sink, alert))?;
    }
    connection
        .prepare_cached("UPDATE outbox SET rank = ?3 WHERE sink = ?1 AND alert = ?2 AND rank < ?3")?
        .execute((item.sink, alert, severity))?;
    // What is put off holds up what comes after it.
    connection
        .prepare_cached(
            "INSERT INTO outbox
                 (sink, alert, severity, rank, created, body, attempts, next_attempt)
             SELECT ?1, ?2, ?3, max(?3, ifnull(max(rank), ?3)), ?4, ?5, 0,
                 max(?4, ifnull(max(next_attempt), ?4))
             FROM outbox WHERE sink = ?1 AND alert = ?2",
        )?
        .execute((item.sink, alert, severity, now.as_micros(), item.body))
        .map(drop)
}

fn length(connection: &Connection, sink: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT count(*) FROM outbox WHERE sink = ?1")?
        .query_row([sink], |row| row.get(0))
}

/// Drops the oldest of the least severe entries of a sink, if there is any.
fn drop_least_severe(connection: &Connection, sink: &str) -> rusqlite::Result<bool> {
    let id: Option<i64> = connection
        .prepare_cached(
            "SELECT id FROM outbox WHERE sink = ?1 AND rank =
                 (SELECT rank FROM outbox WHERE sink = ?1 ORDER BY rank LIMIT 1)
             ORDER BY id LIMIT 1",
        )?
        .query_row([sink], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(false) };
    connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
    count_dropped(connection, DropReason::Full, 1)?;
    Ok(true)
}

fn count_dropped(
    connection: &Connection,
    reason: DropReason,
    dropped: usize,
) -> rusqlite::Result<()> {
    if dropped == 0 {
        return Ok(());
    }
    let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
    schema::add_to_counter(connection, reason.counter(), dropped)
}

/// Reads whatever is there: one damaged entry must not hold up the others.
fn read(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    let body = row.get_ref("body")?.as_bytes().unwrap_or_default();
    Ok(OutboxEntry {
        id: row.get("id")?,
        rank: row.get("rank").unwrap_or_default(),
        created: Timestamp::from_micros(row.get("created").unwrap_or_default()),
        body: String::from_utf8_lossy(body).into_owned(),
        attempts: row.get("attempts").unwrap_or(u32::MAX),
    })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
