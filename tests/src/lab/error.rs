//! What can go wrong while a laboratory is built or used.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("a laboratory needs root; the effective user is {effective_user}")]
    NotRoot { effective_user: u32 },
    #[error("cannot start {program}")]
    Start { program: String, source: io::Error },
    #[error("{command} ended with {status}: {message}")]
    Command { command: String, status: ExitStatus, message: String },
    #[error("cannot enter network namespace {name}")]
    Enter { name: String, source: io::Error },
    #[error("cannot write {value:?} to {path}")]
    Setting { path: PathBuf, value: String, source: io::Error },
    #[error("no statistics of {device} in {answer:?}")]
    Statistics { device: String, answer: String },
    #[error("cannot list network namespaces in {path}")]
    List { path: PathBuf, source: io::Error },
    #[error("{station} cannot open {service}")]
    Service { station: &'static str, service: String, source: io::Error },
    #[error("no answer to a DHCP request of {station}")]
    Lease { station: &'static str, source: io::Error },
}
