//! Why a measurement could not be made.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use aya::EbpfError;
use aya::maps::MapError;
use aya::programs::ProgramError;
use sensor::capture::xdp::{AttachError, LoadError};

use crate::agent::AgentError;
use crate::lab::LabError;

#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error("cannot read {path}: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: io::Error },
    #[error("cannot load the bench's programs: {0}")]
    Object(#[from] EbpfError),
    #[error("the bench's object has no {0}")]
    Missing(&'static str),
    #[error("cannot use a map of the bench: {0}")]
    Map(#[from] MapError),
    #[error("cannot load or run a program of the bench: {0}")]
    Program(#[from] ProgramError),
    #[error("cannot double a descriptor: {0}")]
    Descriptor(#[source] io::Error),
    #[error("the shipped program: {0}")]
    Shipped(#[from] LoadError),
    #[error("cannot stay on one CPU: {0}")]
    Affinity(#[source] io::Error),
    #[error("{variant} answered {answer} to the last frame of a turn, not XDP_PASS")]
    NotPassed { variant: String, answer: u32 },
    #[error(transparent)]
    Laboratory(#[from] LabError),
    #[error(transparent)]
    Agent(#[from] AgentError),
    #[error(transparent)]
    Attach(#[from] AttachError),
    #[error("cannot find an interface of the bench: {0}")]
    Interface(#[source] io::Error),
    #[error("cannot start {program}: {source}")]
    Start { program: String, source: io::Error },
    #[error("{program} ended with {status}")]
    Ended { program: String, status: ExitStatus },
    #[error("cannot read {what} of a process: {source}")]
    Process { what: String, source: io::Error },
    #[error("cannot write the figures: {0}")]
    Json(#[from] serde_json::Error),
}
