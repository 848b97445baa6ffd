//! The agent under test: `wardline run` in a namespace, with a configuration, a state directory
//! and pins of its own, and the questions that an operator asks it.
//!
//! `WARDLINE_BIN` names the executable; else it is the one that `cargo xtask build` leaves in the
//! workspace.

mod error;
mod metrics;
mod process;
mod scratch;
mod settings;
mod wait;
mod worker;

use std::path::PathBuf;
use std::process::{Command, Output};

pub use error::AgentError;
pub use metrics::Metrics;
pub use process::Agent;
pub use scratch::Scratch;
pub use settings::Settings;
pub use wait::wait_until;
pub use worker::{signal_worker, status_of, worker_of};

/// Where the agent listens unless a test says otherwise; every namespace has a loopback of its own.
pub const WEB_PORT: u16 = 9_469;

/// The agent's executable.
pub fn executable() -> Result<PathBuf, AgentError> {
    let named = std::env::var_os("WARDLINE_BIN").map(PathBuf::from);
    let built = || concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/wardline").into();
    let path = named.unwrap_or_else(built);
    if path.is_file() { Ok(path) } else { Err(AgentError::NoExecutable { path }) }
}

/// Runs one command of the agent to its end, outside every laboratory.
pub fn wardline(arguments: &[&str]) -> Result<Output, AgentError> {
    let output = Command::new(executable()?).args(arguments).output();
    output.map_err(AgentError::Process)
}

/// Whether the system has a program of this name.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut directories = std::env::split_paths(&path).chain(system);
    directories.any(|directory| directory.join(program).is_file())
}
