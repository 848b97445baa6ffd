//! The agent's log: plain lines for a terminal, JSON for a collector.

use std::{
    io::{IsTerminal as _, stderr},
    sync::OnceLock,
};

use tracing_subscriber::EnvFilter;

/// Puts another filter in force; it is there once the log was started.
static FILTER: OnceLock<Box<dyn Fn(EnvFilter) + Send + Sync>> = OnceLock::new();

/// Sends the log to standard error, from `level` up; `WARDLINE_LOG` overrides.
pub fn start(level: &str) {
    let is_terminal = stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_env_filter(filter(level))
        .with_target(false)
        .with_ansi(is_terminal && std::env::var_os("NO_COLOR").is_none());
    // A second start, as in tests, keeps the first log.
    let _ = if is_terminal {
        let log = log.with_filter_reloading();
        let handle = log.reload_handle();
        let _ = FILTER.set(Box::new(move |filter| drop(handle.reload(filter))));
        log.try_init()
    } else {
        let log = log.json().flatten_event(true).with_filter_reloading();
        let handle = log.reload_handle();
        let _ = FILTER.set(Box::new(move |filter| drop(handle.reload(filter))));
        log.try_init()
    };
}

/// Logs from another level up.
pub fn set_level(level: &str) {
    if let Some(set) = FILTER.get() {
        set(filter(level));
    }
}

fn filter(level: &str) -> EnvFilter {
    let filter = std::env::var("WARDLINE_LOG").unwrap_or_else(|_| level.to_owned());
    EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"))
}
