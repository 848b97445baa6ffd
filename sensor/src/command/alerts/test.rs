//! Sends a marked alert to those who are told of alerts.

use std::{path::Path, time::Instant};

use crate::{
    command::{Exit, Failure, config, say},
    confinement::forbid_dumps,
    export::{
        delivery::{Notice, sensor_name, wall_time},
        sinks,
    },
    pipeline::live::wall_clock,
};

/// Sends a test alert through each sink, past the outbox: what it says is of this moment.
pub fn run(file: &Path, name: Option<&str>) -> Result<(), Failure> {
    // It reads the secrets of the sinks.
    forbid_dumps().map_err(|error| Failure::failed(&error))?;
    let config = config::load(file)?;
    let notice = Notice::test(&sensor_name(), wall_time());
    let mut sinks = sinks::of(&config, &[], wall_clock());
    sinks.retain(|(address, _)| name.is_none_or(|name| address.label == name));
    if sinks.is_empty() {
        let message = match name {
            Some(name) => format!("{} has no sink of the name {name}", file.display()),
            None => format!("{} has no sink for alerts", file.display()),
        };
        return Err(Failure { exit: Exit::BadInput, message });
    }
    let mut failed = 0;
    for (address, mut sink) in sinks {
        let began = Instant::now();
        let delivered = sink.deliver(std::slice::from_ref(&notice), began);
        let milliseconds = began.elapsed().as_millis();
        match delivered.failure {
            None => say(&format!("{}: delivered in {milliseconds} ms\n", address.id))?,
            Some(failure) => {
                failed += 1;
                say(&format!("{}: FAILED: {}\n", address.id, failure.reason()))?;
            }
        }
    }
    say(&format!("key {}\n", notice.key()))?;
    if failed == 0 {
        return Ok(());
    }
    Err(Failure { exit: Exit::Failed, message: format!("{failed} sinks did not take the alert") })
}
