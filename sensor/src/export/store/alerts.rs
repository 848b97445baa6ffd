//! Alerts in the store.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Loaded, Store, StoreError, micros_of, moment_of, schema};
use crate::{
    detect::{Alert, AlertState, Severity},
    inventory::DeviceId,
    time::WallClock,
};

const SEVERITIES: [Severity; 5] =
    [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

const FIRING: &str = "firing";
const RESOLVED: &str = "resolved";

/// When an alert fired is not told anew: after a restart it may be out of the clock's reach.
const SAVE: &str = "
    INSERT INTO alerts (
        id, rule, name, severity, state, device, metric, value, threshold, window, summary,
        evidence_since, fired_at, resolved_at, evidence, found_at, marks
    ) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
    ON CONFLICT (id) DO UPDATE SET
        severity = excluded.severity, state = excluded.state, value = excluded.value,
        threshold = excluded.threshold, window = excluded.window, summary = excluded.summary,
        resolved_at = excluded.resolved_at, evidence = excluded.evidence,
        found_at = excluded.found_at, marks = excluded.marks";

const TRIM: &str = "
    DELETE FROM alerts WHERE id IN (
        SELECT id FROM alerts WHERE state = 'resolved' ORDER BY fired_at, id
        LIMIT max(0, (SELECT count(*) FROM alerts) - ?1)
    )";

const COLUMNS: &str = "id, rule, name, severity, state, device, metric, value, threshold, window,
    summary, evidence_since, fired_at, resolved_at, evidence, found_at, marks";

/// Alerts that went to make room.
const DROPPED: &str = "alerts_dropped";

impl Store {
    /// Saves an alert in place of the one with the same `id`, and lets the oldest resolved ones go
    /// if there are too many.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; see the module.
    pub fn save_alert(&mut self, alert: &Alert, clock: WallClock) -> Result<(), StoreError> {
        self.save_alerts([(alert, clock)])
    }

    /// As [`Store::save_alert`], of several in one transaction.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; then none of them is saved.
    pub fn save_alerts<'a>(
        &mut self,
        alerts: impl IntoIterator<Item = (&'a Alert, WallClock)>,
    ) -> Result<(), StoreError> {
        let limit = self.limits.alerts;
        self.transact("save alerts", |connection| {
            for (alert, clock) in alerts {
                put(connection, alert, clock)?;
            }
            trim(connection, limit)
        })
    }

    /// How many alerts went to make room, over all runs.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn alerts_dropped(&self) -> Result<u64, StoreError> {
        let count =
            self.query("count dropped alerts", |connection| schema::counter(connection, DROPPED))?;
        Ok(count.unwrap_or(0).cast_unsigned())
    }

    /// One alert, firing or resolved.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn load_alert(&self, id: u64, clock: WallClock) -> Result<Option<Alert>, StoreError> {
        self.query("load an alert", |connection| {
            let mut statement = connection
                .prepare_cached(&format!("SELECT {COLUMNS} FROM alerts WHERE id = ?1"))?;
            let row = statement.query_row([id.cast_signed()], |row| Ok(read(row, clock)));
            row.optional().map(Option::flatten)
        })
    }

    /// At most `limit` alerts, the last to fire first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn load_alerts(&self, limit: u32, clock: WallClock) -> Result<Loaded<Alert>, StoreError> {
        self.query("load alerts", |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM alerts ORDER BY fired_at DESC, id DESC LIMIT ?1"
            ))?;
            let rows = statement.query_map([limit], |row| Ok(read(row, clock)))?;
            Loaded::collect(rows)
        })
    }

    /// The alerts that fire, the first to fire first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn load_firing(&self, clock: WallClock) -> Result<Loaded<Alert>, StoreError> {
        self.query("load firing alerts", |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM alerts WHERE state = ?1 ORDER BY fired_at, id"
            ))?;
            let rows = statement.query_map([FIRING], |row| Ok(read(row, clock)))?;
            Loaded::collect(rows)
        })
    }
}

/// Saves an alert within a transaction.
pub(super) fn put(
    connection: &Connection,
    alert: &Alert,
    clock: WallClock,
) -> rusqlite::Result<()> {
    let state = match alert.state {
        AlertState::Firing => FIRING,
        AlertState::Resolved => RESOLVED,
    };
    connection
        .prepare_cached(SAVE)?
        .execute(params![
            alert.id.cast_signed(),
            alert.rule,
            alert.name,
            alert.severity.name(),
            state,
            alert.device.0,
            alert.metric,
            alert.value,
            alert.limit,
            i64::try_from(alert.window.as_micros()).unwrap_or(i64::MAX),
            alert.summary,
            micros_of(alert.evidence_since, clock),
            micros_of(alert.fired_at, clock),
            alert.resolved_at.map(|moment| micros_of(moment, clock)),
            serde_json::to_string(&alert.evidence).unwrap_or_default(),
            micros_of(alert.found_at, clock),
            serde_json::to_string(&alert.marks).unwrap_or_default(),
        ])
        .map(drop)
}

/// Lets the oldest resolved alerts go if there are more than `limit`, and counts them.
pub(super) fn trim(connection: &Connection, limit: u32) -> rusqlite::Result<()> {
    let dropped = connection.prepare_cached(TRIM)?.execute([limit])?;
    match i64::try_from(dropped) {
        Ok(0) | Err(_) => Ok(()),
        Ok(dropped) => schema::add_to_counter(connection, DROPPED, dropped),
    }
}

/// `None` if the row is not what was saved.
fn read(row: &Row<'_>, clock: WallClock) -> Option<Alert> {
    let severity: String = row.get("severity").ok()?;
    let state: String = row.get("state").ok()?;
    let window: i64 = row.get("window").ok()?;
    let evidence: String = row.get("evidence").ok()?;
    let resolved_at: Option<i64> = row.get("resolved_at").ok()?;
    let fired_at: i64 = row.get("fired_at").ok()?;
    let found_at: Option<i64> = row.get("found_at").ok()?;
    let marks: String = row.get("marks").ok()?;
    Some(Alert {
        id: row.get::<_, i64>("id").ok()?.cast_unsigned(),
        rule: row.get("rule").ok()?,
        name: row.get("name").ok()?,
        severity: SEVERITIES.into_iter().find(|known| known.name() == severity)?,
        state: match state.as_str() {
            FIRING => AlertState::Firing,
            RESOLVED => AlertState::Resolved,
            _ => return None,
        },
        device: DeviceId(row.get("device").ok()?),
        metric: row.get("metric").ok()?,
        value: number(row, "value")?,
        limit: number(row, "threshold")?,
        window: Duration::from_micros(u64::try_from(window).ok()?),
        summary: row.get("summary").ok()?,
        evidence_since: moment_of(row.get("evidence_since").ok()?, clock),
        fired_at: moment_of(fired_at, clock),
        found_at: moment_of(found_at.unwrap_or(fired_at), clock),
        resolved_at: resolved_at.map(|micros| moment_of(micros, clock)),
        evidence: serde_json::from_str(&evidence).unwrap_or_default(),
        marks: serde_json::from_str(&marks).unwrap_or_default(),
    })
}

/// SQLite stores "not a number" as null.
fn number(row: &Row<'_>, column: &str) -> Option<f64> {
    let number: Option<f64> = row.get(column).ok()?;
    Some(number.unwrap_or(f64::NAN))
}
