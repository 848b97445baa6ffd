//! The agent's second process, as `/proc` shows it.

use std::collections::BTreeMap;
use std::fs;
use std::io;

/// The fields of `/proc/PID/status`; empty for a process that is gone.
pub fn status_of(process: u32) -> BTreeMap<String, String> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let fields = text.lines().filter_map(|line| line.split_once(':'));
    fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// The worker that this keeper has, if it has one now.
pub fn worker_of(keeper: u32) -> Option<u32> {
    let parent = keeper.to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut numbers = processes.filter_map(|process| process.file_name().to_str()?.parse().ok());
    numbers.find(|number| {
        let status = status_of(*number);
        let is_zombie = status.get("State").is_some_and(|state| state.starts_with('Z'));
        status.get("PPid") == Some(&parent) && !is_zombie
    })
}

/// Sends a signal to the worker of an agent that was started here: the keeper waits for it, so that its
/// number is nobody else's.
///
/// # Errors
///
/// What the kernel says.
pub fn signal_worker(worker: u32, signal: i32) -> io::Result<()> {
    // SAFETY: the call takes no memory.
    match unsafe { libc::kill(worker.cast_signed(), signal) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
