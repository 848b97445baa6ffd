//! What is yet to be delivered: written before it is tried, gone when the sink has confirmed it.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Store, StoreError, schema};
use crate::{detect::Severity, time::Timestamp};

/// The longest that a failed entry waits. One that seems to wait for longer does so because the
/// wall clock was set back, and is due.
const MAX_WAIT: Duration = Duration::from_secs(3600);

const DROPPED: &str = "outbox_dropped";

/// Something to be delivered to one sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub id: i64,
    pub created: Timestamp,
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
}

impl Store {
    /// Puts something into the outbox. When that is full, the least severe entry goes, the oldest
    /// of them first, and is counted; `None` if that is the new one itself.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; see the module.
    pub fn outbox_push(
        &mut self,
        sink: &str,
        severity: Severity,
        body: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let limit = i64::from(self.limits.outbox_entries);
        self.transact("put into the outbox", |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO outbox (sink, severity, created, body, attempts, next_attempt)
                     VALUES (?1, ?2, ?3, ?4, 0, ?3)",
                )?
                .execute((sink, severity as i64, now.as_micros(), body))?;
            let pushed = connection.last_insert_rowid();
            let mut is_kept = true;
            for _ in limit..length(connection)? {
                is_kept &= drop_least_severe(connection)? != Some(pushed);
            }
            Ok(is_kept.then_some(pushed))
        })
    }

    /// At most `limit` entries for a sink that are due, the oldest first.
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
                    "SELECT id, created, body, attempts FROM outbox
                     WHERE sink = ?1 AND (next_attempt <= ?2 OR next_attempt > ?3)
                     ORDER BY id LIMIT ?4",
                )?
                .query_map((sink, now, latest, limit), read)?
                .collect()
        })
    }

    /// The sink has confirmed an entry.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the entry will then be delivered again.
    pub fn outbox_delivered(&mut self, id: i64) -> Result<(), StoreError> {
        self.transact("take from the outbox", |connection| {
            connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id]).map(drop)
        })
    }

    /// Delivery failed; it is due again after `wait`, an hour at most.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the entry is then still due.
    pub fn outbox_failed(
        &mut self,
        id: i64,
        now: Timestamp,
        wait: Duration,
    ) -> Result<(), StoreError> {
        let next = now.as_micros().saturating_add(micros(wait.min(MAX_WAIT)));
        self.transact("put off a delivery", |connection| {
            connection
                .prepare_cached(
                    "UPDATE outbox SET attempts = min(attempts + 1, 4294967295), next_attempt = ?2
                     WHERE id = ?1",
                )?
                .execute((id, next))
                .map(drop)
        })
    }

    /// Entries that wait, over all sinks.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn outbox_len(&self) -> Result<u64, StoreError> {
        let length = self.query("count the outbox", length)?;
        Ok(u64::try_from(length).unwrap_or(0))
    }

    /// Entries that went undelivered for want of room, since the file was made.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn outbox_dropped(&self) -> Result<u64, StoreError> {
        let dropped =
            self.query("count the outbox", |connection| schema::counter(connection, DROPPED))?;
        Ok(dropped.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }
}

fn length(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT count(*) FROM outbox")?.query_row([], |row| row.get(0))
}

/// Drops the oldest of the least severe entries and returns its identifier.
fn drop_least_severe(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let id: Option<i64> = connection
        .prepare_cached("SELECT id FROM outbox ORDER BY severity, id LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    if let Some(id) = id {
        connection.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
        schema::add_to_counter(connection, DROPPED, 1)?;
    }
    Ok(id)
}

/// Reads whatever is there: one damaged entry must not hold up the others.
fn read(row: &Row<'_>) -> rusqlite::Result<OutboxEntry> {
    let body = row.get_ref("body")?.as_bytes().unwrap_or_default();
    Ok(OutboxEntry {
        id: row.get("id")?,
        created: Timestamp::from_micros(row.get("created").unwrap_or_default()),
        body: String::from_utf8_lossy(body).into_owned(),
        attempts: row.get("attempts").unwrap_or(u32::MAX),
    })
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
