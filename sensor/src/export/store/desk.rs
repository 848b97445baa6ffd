//! What the desk keeps beside alerts: their history, and suppressions made while running.

use rusqlite::{Connection, Row, params};

use super::{Loaded, Store, StoreError, schema};
use crate::{
    detect::desk::{Deed, Note, Record, Standing, Suppression},
    time::Timestamp,
};

/// Lines of history of one alert; the oldest go first.
const MOST_NOTES: u32 = 64;
/// The highest number that a suppression has had.
const HIGHEST_SUPPRESSION: &str = "highest_suppression";

impl Store {
    /// Saves records in one transaction; alerts among them are not looked at.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; see the module.
    pub fn save_records<'r>(
        &mut self,
        records: impl IntoIterator<Item = &'r Record>,
    ) -> Result<(), StoreError> {
        self.transact("save what was done about alerts", |connection| {
            for record in records {
                match record {
                    Record::Kept(_) => {}
                    Record::Noted(note) => add_note(connection, note)?,
                    Record::Suppressed(standing) => add_suppression(connection, standing)?,
                    Record::Lifted(id) => {
                        let sql = "DELETE FROM suppressions WHERE id = ?1";
                        connection.prepare_cached(sql)?.execute([id])?;
                    }
                }
            }
            Ok(())
        })
    }

    /// The history of an alert, the oldest line first.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn load_history(&self, alert: u64) -> Result<Loaded<Note>, StoreError> {
        self.query("load the history of an alert", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT alert, at, deed, by, text FROM alert_history WHERE alert = ?1 ORDER BY id",
            )?;
            let rows = statement.query_map([alert.cast_signed()], |row| Ok(read_note(row)))?;
            Loaded::collect(rows)
        })
    }

    /// Suppressions made in earlier runs and not lifted, and the highest number that one has had.
    ///
    /// # Errors
    ///
    /// When the file cannot be read; see the module.
    pub fn load_suppressions(&self) -> Result<(Loaded<Standing>, u32), StoreError> {
        self.query("load suppressions", |connection| {
            let mut statement = connection
                .prepare_cached("SELECT id, created, body FROM suppressions ORDER BY id")?;
            let rows = statement.query_map([], |row| Ok(read_suppression(row)))?;
            let loaded = Loaded::collect(rows)?;
            let highest = schema::counter(connection, HIGHEST_SUPPRESSION)?.unwrap_or(0);
            Ok((loaded, u32::try_from(highest).unwrap_or(u32::MAX)))
        })
    }
}

fn add_note(connection: &Connection, note: &Note) -> rusqlite::Result<()> {
    let alert = note.alert.cast_signed();
    connection
        .prepare_cached(
            "INSERT INTO alert_history (alert, at, deed, by, text) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![alert, note.at.as_micros(), note.deed.name(), note.by, note.text])?;
    connection
        .prepare_cached(
            "DELETE FROM alert_history WHERE alert = ?1 AND id NOT IN (
                 SELECT id FROM alert_history WHERE alert = ?1 ORDER BY id DESC LIMIT ?2
             )",
        )?
        .execute((alert, MOST_NOTES))
        .map(drop)
}

fn add_suppression(connection: &Connection, standing: &Standing) -> rusqlite::Result<()> {
    let body = serde_json::to_string(&standing.suppression).unwrap_or_default();
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO suppressions (id, created, body) VALUES (?1, ?2, ?3)",
        )?
        .execute((standing.id, standing.created.as_micros(), body))?;
    schema::raise_counter(connection, HIGHEST_SUPPRESSION, i64::from(standing.id))
}

fn read_note(row: &Row<'_>) -> Option<Note> {
    let deed: String = row.get("deed").ok()?;
    Some(Note {
        alert: row.get::<_, i64>("alert").ok()?.cast_unsigned(),
        at: Timestamp::from_micros(row.get("at").ok()?),
        deed: Deed::ALL.into_iter().find(|known| known.name() == deed)?,
        by: row.get("by").ok()?,
        text: row.get("text").ok()?,
    })
}

fn read_suppression(row: &Row<'_>) -> Option<Standing> {
    let body: String = row.get("body").ok()?;
    let suppression: Suppression = serde_json::from_str(&body).ok()?;
    Some(Standing {
        id: row.get("id").ok()?,
        created: Timestamp::from_micros(row.get("created").ok()?),
        suppression,
    })
}
