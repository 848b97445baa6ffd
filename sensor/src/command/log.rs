//! The agent's log: plain lines for a terminal, JSON for a collector.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;

/// Sends the log to standard error, from `level` up; `WARDLINE_LOG` overrides.
pub fn start(level: &str) {
    let filter = std::env::var("WARDLINE_LOG").unwrap_or_else(|_| level.to_owned());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let is_terminal = stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(is_terminal && std::env::var_os("NO_COLOR").is_none());
    // A second start, as in tests, keeps the first log.
    let _ = if is_terminal { log.try_init() } else { log.json().flatten_event(true).try_init() };
}
