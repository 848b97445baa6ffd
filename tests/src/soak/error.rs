//! Why a soak could not go on; what it found wrong is in its outcome.

use std::io;
use std::path::PathBuf;

use crate::agent::AgentError;
use crate::frames::inject::InjectError;
use crate::lab::LabError;

#[derive(Debug, thiserror::Error)]
pub enum SoakError {
    #[error(transparent)]
    Lab(#[from] LabError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(transparent)]
    Load(#[from] InjectError),
    #[error("cannot make another build of {path}: {reason}")]
    Variant { path: PathBuf, reason: String },
    #[error("cannot count what comes out behind the program: {0}")]
    Behind(#[source] io::Error),
    #[error("no program on {device}")]
    NoProgram { device: String },
    #[error("of the stations that sent something only {known} are known devices")]
    Strangers { known: usize },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot write the figures: {0}")]
    Json(#[from] serde_json::Error),
}
