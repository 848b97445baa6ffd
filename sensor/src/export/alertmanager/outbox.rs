//! Where undelivered alerts outlive the agent.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{detect::Severity, export::store::Store, time::Timestamp};

/// The name under which the store keeps this sink's entries.
const SINK: &str = "alertmanager";

pub type OutboxError = Box<dyn std::error::Error + Send + Sync>;

/// A stored alert that has not been delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    pub id: i64,
    pub body: String,
}

/// A store of undelivered alerts. It is called from the sink's thread only.
pub trait Outbox: Send {
    /// Keeps `body` and returns the number it is known by, or `None` if there was no room.
    ///
    /// # Errors
    ///
    /// Those of the store; the alert is sent all the same.
    fn outbox_push(&mut self, severity: Severity, body: &str) -> Result<Option<i64>, OutboxError>;

    /// The oldest entries, at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    fn outbox_peek(&mut self, limit: u32) -> Result<Vec<OutboxEntry>, OutboxError>;

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

impl Outbox for Store {
    fn outbox_push(&mut self, severity: Severity, body: &str) -> Result<Option<i64>, OutboxError> {
        Ok(Self::outbox_push(self, SINK, severity, body, wall_time(Duration::ZERO))?)
    }

    fn outbox_peek(&mut self, limit: u32) -> Result<Vec<OutboxEntry>, OutboxError> {
        let entries = Self::outbox_peek(self, SINK, wall_time(Duration::ZERO), limit)?;
        Ok(entries
            .into_iter()
            .map(|entry| OutboxEntry { id: entry.id, body: entry.body })
            .collect())
    }

    fn outbox_delivered(&mut self, id: i64) -> Result<(), OutboxError> {
        Ok(Self::outbox_delivered(self, id)?)
    }

    fn outbox_failed(&mut self, id: i64) -> Result<(), OutboxError> {
        // The sink keeps its own time; after a restart everything is tried at once.
        Ok(Self::outbox_failed(self, id, wall_time(Duration::ZERO), Duration::ZERO)?)
    }

    fn outbox_len(&mut self) -> Result<u64, OutboxError> {
        Ok(Self::outbox_len(self)?)
    }
}

/// The time of day `after` from now.
pub fn wall_time(after: Duration) -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from((since_epoch + after).as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(micros)
}
