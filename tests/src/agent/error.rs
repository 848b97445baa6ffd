//! What can go wrong with an agent under test.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use crate::lab::LabError;

#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    #[error("no agent at {path}; build it with `cargo xtask build`, or name it in WARDLINE_BIN")]
    NoExecutable { path: PathBuf },
    #[error(transparent)]
    Lab(#[from] LabError),
    #[error("cannot use {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("cannot run or end the agent: {0}")]
    Process(#[source] io::Error),
    #[error("the agent ended with {status}; its log:\n{log}")]
    Ended { status: ExitStatus, log: String },
    #[error("the agent was not ready after {waited:?}; its log:\n{log}")]
    NotReady { waited: Duration, log: String },
    #[error("no answer to {path}: {source}")]
    Web { path: String, source: io::Error },
    #[error("`wardline {question}` ended with {status}: {message}")]
    Refused { question: String, status: ExitStatus, message: String },
    #[error("`wardline {question}` printed no JSON: {source}")]
    NotJson { question: String, source: serde_json::Error },
}
