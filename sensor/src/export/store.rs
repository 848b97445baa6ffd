//! What outlives a restart: devices, their profiles, alerts, and what is yet to be delivered, in one SQLite file.
//!
//! The file lies in a directory of its own (mode 0700; the file 0600), because it holds host
//! names, which may be names of persons; they leave the box only to receivers that an operator
//! configured.
//! Every commit is on disk before the call returns (write-ahead log, `synchronous=FULL`).
//!
//! A damaged or foreign file never keeps the agent from starting: [`Store::open`] sets it aside,
//! makes a new one, and says so. Any call may fail with a [`StoreError`] (no space, read-only file
//! system): nothing of that call is then stored, everything before it is, and the caller goes on
//! from memory and calls again later.
//!
//! Times in the file are wall-clock, because moments of an earlier run mean nothing. A moment
//! cannot lie before the observation clock's zero: earlier times are read back as zero, and the
//! file keeps the true ones when they are saved again.

mod alerts;
mod desk;
mod devices;
mod fault;
mod outbox;
mod profiles;
mod recovery;
mod schema;

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

pub use fault::{Fault, StoreError};
pub use outbox::{DropReason, OutboxEntry, OutboxItem};
pub use recovery::{Recovery, RecoveryCause};

use crate::time::{Moment, Timestamp, WallClock};

const FILE_NAME: &str = "wardline.db";

/// How long to wait for another process that reads or writes the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Entries of the outbox for each sink.
    pub outbox_entries: u32,
    /// Alerts; the oldest resolved ones go first, firing ones stay.
    pub alerts: u32,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self { outbox_entries: 20_000, alerts: 10_000 }
    }
}

/// How opening went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The file that was found could not be used: what was in it is not in the store.
    pub recovered_from: Option<Recovery>,
}

/// Rows, and how many more there were that could not be understood and were passed over.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<T> {
    pub rows: Vec<T>,
    pub unreadable: usize,
}

#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    limits: StoreLimits,
}

impl Store {
    /// Opens the store under `directory`, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// When the directory or the file cannot be made, written or locked; not for what is in it.
    pub fn open(directory: &Path) -> Result<(Self, Opened), StoreError> {
        Self::open_with(directory, StoreLimits::default())
    }

    /// [`Store::open`] with other limits.
    ///
    /// # Errors
    ///
    /// As [`Store::open`].
    pub fn open_with(directory: &Path, limits: StoreLimits) -> Result<(Self, Opened), StoreError> {
        make_directory(directory)?;
        let path = directory.join(FILE_NAME);
        let (connection, recovered_from) = match connect(&path) {
            Ok(connection) => (connection, None),
            Err(Refusal::Fault(error)) => return Err(error),
            Err(Refusal::Unusable(cause)) => {
                let recovery = recovery::set_aside(directory, FILE_NAME, cause)?;
                let connection = connect(&path).map_err(|refusal| match refusal {
                    Refusal::Fault(error) => error,
                    Refusal::Unusable(cause) => {
                        StoreError::unusable(&path, "make a new file", &cause)
                    }
                })?;
                (connection, Some(recovery))
            }
        };
        let store = Self { connection, path, limits };
        Ok((store, Opened { recovered_from }))
    }

    /// Does `work` in one transaction: all of it is stored, or nothing.
    fn transact<T>(
        &mut self,
        action: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let Self { connection, path, .. } = self;
        let attempt = || {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        attempt().map_err(|source| StoreError::of_sql(path, action, source))
    }

    /// From now on, it fails as on a file system that is full, or read-only.
    #[cfg(test)]
    pub(crate) fn refuse_writes(&self, is_refusing: bool) {
        self.connection.pragma_update(None, "query_only", is_refusing).unwrap();
    }

    /// Reads without a transaction.
    fn query<T>(
        &self,
        action: &'static str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.connection).map_err(|source| StoreError::of_sql(&self.path, action, source))
    }
}

/// Why a file was not opened.
enum Refusal {
    /// What is in it: another file in its place would do.
    Unusable(RecoveryCause),
    /// What is around it.
    Fault(StoreError),
}

fn make_directory(directory: &Path) -> Result<(), StoreError> {
    if directory.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|source| StoreError::of_io(directory, "make the state directory", source))
}

/// Opens, checks and migrates the file, which is made if it is missing.
fn connect(path: &Path) -> Result<Connection, Refusal> {
    make_file(path)?;
    let open = || -> rusqlite::Result<(Connection, Option<RecoveryCause>)> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        // A file that is set aside keeps its write-ahead log, as both were found.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        let cause = schema::prepare(&mut connection)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, cause.is_some())?;
        Ok((connection, cause))
    };
    match open() {
        Ok((connection, None)) => Ok(connection),
        Ok((_, Some(cause))) => Err(Refusal::Unusable(cause)),
        Err(source) if fault::is_of_the_file(&source) || recovery::is_marked_read_only(path) => {
            Err(Refusal::Unusable(RecoveryCause::Corrupt(source.to_string())))
        }
        Err(source) => Err(Refusal::Fault(StoreError::of_sql(path, "open it", source))),
    }
}

/// SQLite gives its other files the mode of this one.
fn make_file(path: &Path) -> Result<(), Refusal> {
    if path.is_dir() {
        return Err(Refusal::Unusable(RecoveryCause::Foreign));
    }
    fs::OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .and_then(|file| file.set_permissions(fs::Permissions::from_mode(0o600)))
        .map_err(|source| Refusal::Fault(StoreError::of_io(path, "make or open it", source)))
}

/// The moment at which `clock` showed `timestamp`; zero if that was before its zero.
fn moment_of(timestamp: i64, clock: WallClock) -> Moment {
    let zero = clock.at(Moment::default()).as_micros();
    let micros = timestamp.saturating_sub(zero);
    Moment::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn micros_of(moment: Moment, clock: WallClock) -> i64 {
    Timestamp::as_micros(clock.at(moment))
}

#[cfg(test)]
mod tests;
