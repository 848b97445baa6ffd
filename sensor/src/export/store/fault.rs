//! What can go wrong around the store, and what to do about it.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
};

use rusqlite::ErrorCode;

use super::RecoveryCause;

/// The kind of a [`StoreError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Permission,
    NoSpace,
    ReadOnly,
    /// Another process holds the file.
    Busy,
    /// Found damaged after it was opened.
    Corrupt,
    Other,
}

impl Fault {
    /// What an operator can do.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Permission => {
                "let the directory and its files belong to the user that runs wardline"
            }
            Self::NoSpace => "make room on its file system; what is stored already is safe",
            Self::ReadOnly => "mount its file system writable, or choose another state directory",
            Self::Busy => "end the other process that uses it, such as a second wardline",
            Self::Corrupt => "restart wardline: it sets the file aside and makes a new one",
            Self::Other => "check that the state directory is a directory on a local file system",
        }
    }
}

/// The store could not do something. Nothing of it was stored.
#[derive(Debug)]
pub struct StoreError {
    pub path: PathBuf,
    /// What was to be done.
    pub action: &'static str,
    pub fault: Fault,
    source: Box<dyn Error + Send + Sync>,
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: cannot {}: {}; {}",
            self.path.display(),
            self.action,
            self.source,
            self.fault.remedy()
        )
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.source.as_ref())
    }
}

impl StoreError {
    pub(super) fn of_io(path: &Path, action: &'static str, source: io::Error) -> Self {
        let fault = match source.kind() {
            io::ErrorKind::PermissionDenied => Fault::Permission,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Fault::NoSpace,
            io::ErrorKind::ReadOnlyFilesystem => Fault::ReadOnly,
            _ => Fault::Other,
        };
        Self { path: path.to_owned(), action, fault, source: source.into() }
    }

    pub(super) fn of_sql(path: &Path, action: &'static str, source: rusqlite::Error) -> Self {
        let fault = match source.sqlite_error_code() {
            Some(ErrorCode::PermissionDenied) => Fault::Permission,
            Some(ErrorCode::DiskFull) => Fault::NoSpace,
            Some(ErrorCode::ReadOnly) => Fault::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Fault::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Fault::Corrupt,
            _ => Fault::Other,
        };
        Self { path: path.to_owned(), action, fault, source: source.into() }
    }

    /// Of a file that was unusable as soon as it was made.
    pub(super) fn unusable(path: &Path, action: &'static str, cause: &RecoveryCause) -> Self {
        Self {
            path: path.to_owned(),
            action,
            fault: Fault::Other,
            source: cause.to_string().into(),
        }
    }
}

/// Extended codes of I/O errors that tell of the file's content, not of its medium:
/// `SQLITE_IOERR_SHORT_READ`, `SQLITE_IOERR_CORRUPTFS`.
const CONTENT_ERRORS: [i32; 2] = [10 | 2 << 8, 10 | 33 << 8];

/// Whether another file in its place would not have this error. Damage shows in many ways, so
/// whatever is not known to lie around the file is taken to lie in it.
pub(super) fn is_of_the_file(error: &rusqlite::Error) -> bool {
    let Some(cause) = error.sqlite_error() else {
        // A row that is not what was asked for.
        return true;
    };
    match cause.code {
        ErrorCode::SystemIoFailure => CONTENT_ERRORS.contains(&cause.extended_code),
        ErrorCode::PermissionDenied
        | ErrorCode::ReadOnly
        | ErrorCode::CannotOpen
        | ErrorCode::DiskFull
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::NoLargeFileSupport
        | ErrorCode::OutOfMemory => false,
        _ => true,
    }
}
