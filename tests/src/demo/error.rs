//! What can end a demonstration early.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::lab::LabError;

#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("the laboratory failed")]
    Lab(#[from] LabError),
    #[error("cannot use {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("no agent at {path}")]
    NoAgent { path: PathBuf },
    #[error("the agent ended with {status}; its last words:\n{last_words}")]
    AgentEnded { status: ExitStatus, last_words: String },
    #[error("the agent was not ready after {waited:?}; its last words:\n{last_words}")]
    NotReady { waited: Duration, last_words: String },
    #[error("cannot wait for the agent")]
    Agent(#[source] io::Error),
    #[error("interrupted")]
    Interrupted,
    #[error("the agent did not report the outbreak within {waited:?}")]
    NotReported { waited: Duration },
    #[error("the speakers of the hospital stopped unexpectedly")]
    DayFailed,
    #[error("cannot record on the gateway's ports")]
    Recorder(#[source] io::Error),
    #[error("replay ended with {status}")]
    ReplayEnded { status: ExitStatus },
}
