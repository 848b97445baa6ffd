//! Why a day could not be made or judged.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum DayError {
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Settings(#[from] sensor::config::ConfigError),
    #[error(transparent)]
    Replay(#[from] sensor::pipeline::replay::ReplayError),
    #[error("cannot put the figures into words: {0}")]
    Figures(#[from] serde_json::Error),
}
