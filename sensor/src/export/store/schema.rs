//! The tables of the store, and how an older file gets them.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::RecoveryCause;

/// `PRAGMA application_id` of a store: "WARD".
const APPLICATION_ID: i64 = 0x5741_5244;

/// The step at position `n` takes a file from `user_version` `n` to `n + 1`. Steps are added,
/// never changed. Times are in microseconds since 1970, state and severity as their names.
pub(super) const MIGRATIONS: [&str; 6] = [
    "
    CREATE TABLE devices (
        id INTEGER PRIMARY KEY,
        station INTEGER,
        vlans INTEGER,
        address TEXT,
        vendor TEXT,
        vendor_is_module_maker INTEGER NOT NULL,
        is_locally_administered INTEGER NOT NULL,
        host_name TEXT,
        vendor_class TEXT,
        addresses TEXT NOT NULL,
        applications TEXT NOT NULL,
        interface INTEGER NOT NULL,
        is_router INTEGER NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE alerts (
        id INTEGER PRIMARY KEY,
        rule TEXT NOT NULL,
        name TEXT NOT NULL,
        severity TEXT NOT NULL,
        state TEXT NOT NULL,
        device INTEGER NOT NULL,
        metric TEXT NOT NULL,
        value REAL,
        threshold REAL,
        window INTEGER NOT NULL,
        summary TEXT NOT NULL,
        evidence_since INTEGER NOT NULL,
        fired_at INTEGER NOT NULL,
        resolved_at INTEGER
    ) STRICT;
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sink TEXT NOT NULL,
        severity INTEGER NOT NULL,
        created INTEGER NOT NULL,
        body TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        next_attempt INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX outbox_by_severity ON outbox (severity);
    CREATE TABLE counters (
        name TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
",
    // As JSON: numbers, peers and flows behind an alert.
    "ALTER TABLE alerts ADD COLUMN evidence TEXT NOT NULL DEFAULT '{}'",
    // What is usual of a device, as JSON.
    "CREATE TABLE profiles (
        device INTEGER PRIMARY KEY,
        profile TEXT NOT NULL
    ) STRICT",
    // Entries know their alert, and how bad the worst is that waits for it. Those of before are of
    // no alert that comes again.
    "
    ALTER TABLE outbox ADD COLUMN alert INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
    UPDATE outbox SET alert = -id, rank = severity;
    DROP INDEX outbox_by_severity;
    CREATE INDEX outbox_by_rank ON outbox (sink, rank DESC, id);
    CREATE INDEX outbox_by_alert ON outbox (sink, alert);
",
    // When it was last found true; as JSON what the desk has put down on it.
    "ALTER TABLE alerts ADD COLUMN found_at INTEGER;
    ALTER TABLE alerts ADD COLUMN marks TEXT NOT NULL DEFAULT '{}'",
    // What was done about alerts, and suppressions made while running, as JSON.
    "
    CREATE TABLE alert_history (
        id INTEGER PRIMARY KEY,
        alert INTEGER NOT NULL,
        at INTEGER NOT NULL,
        deed TEXT NOT NULL,
        by TEXT NOT NULL,
        text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX alert_history_by_alert ON alert_history (alert);
    CREATE TABLE suppressions (
        id INTEGER PRIMARY KEY,
        created INTEGER NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE TRIGGER alert_history_goes_with_alert AFTER DELETE ON alerts BEGIN
        DELETE FROM alert_history WHERE alert = old.id;
    END;
",
];

/// Sets a connection up, checks its file and brings it to the present schema. Returns why the file
/// cannot be used, if it opens and yet cannot be.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<Option<RecoveryCause>> {
    // A confined worker may write nowhere but beside the store; SQLite would sort much in a file.
    connection.execute_batch("PRAGMA temp_store = MEMORY")?;
    let application = pragma(connection, "application_id")?;
    let version = pragma(connection, "user_version")?;
    let is_empty = definitions(connection)?.is_empty();
    if application != APPLICATION_ID && !(is_empty && application == 0) {
        return Ok(Some(RecoveryCause::Foreign));
    }
    let Some(steps) = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..))
    else {
        return Ok(Some(RecoveryCause::Newer(version)));
    };
    // Finds what `quick_check` does, and indexes that do not match their tables; the file is small.
    let finding: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if finding != "ok" {
        return Ok(Some(RecoveryCause::Corrupt(finding)));
    }
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    migrate(connection, steps)?;
    if definitions(connection)? != expected_definitions()? {
        return Ok(Some(RecoveryCause::Corrupt("its tables differ".into())));
    }
    // A file that cannot be written is found out now.
    add_to_counter(connection, "opened", 1)?;
    Ok(None)
}

/// All steps, or none.
fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    let version = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

/// Adds to a number that is kept by name.
pub(super) fn add_to_counter(
    connection: &Connection,
    name: &str,
    amount: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO counters (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        )?
        .execute((name, amount))
        .map(drop)
}

/// Raises a number that is kept by name to `value`, if it is lower.
pub(super) fn raise_counter(
    connection: &Connection,
    name: &str,
    value: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO counters (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute((name, value))
        .map(drop)
}

pub(super) fn counter(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT value FROM counters WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// What the file says its tables are; damage there is not seen by the integrity check.
fn definitions(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    connection
        .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

fn expected_definitions() -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    let connection = Connection::open_in_memory()?;
    for step in MIGRATIONS {
        connection.execute_batch(step)?;
    }
    definitions(&connection)
}
