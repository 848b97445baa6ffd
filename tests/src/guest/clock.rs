//! The wall clock is set while the agent runs: it says so, each time, with the size.

use std::fs;
use std::io;
use std::mem;

use serde_json::Value;

use super::scene::{EVENTS, PATIENCE, Scene, log, make_pair, metrics, take_down};
use super::{Guest, Reason};
use crate::agent::wait_until;

/// Seconds ahead and back; the last puts it right again.
const JUMPS: [i64; 3] = [3600, -7200, 3600];

pub fn jumps_are_told(guest: &Guest) -> Result<(), Reason> {
    make_pair("timed", 1500)?;
    let mut agent = Scene::of("timed").ready(guest)?;
    for (before, jump) in JUMPS.iter().enumerate() {
        set_ahead(*jump).map_err(|error| error.to_string())?;
        let name = "wardline_clock_jumps_total";
        wait_until(PATIENCE, || (metrics()?.count(name, &[]) > before as u64).then_some(()))
            .ok_or_else(|| format!("a jump of {jump} s is not counted"))?;
    }
    take_down(guest, &mut agent)?;
    let said = log().matches("the wall clock jumped").count();
    let told = told()?;
    let is_right =
        |(told, jump): (&f64, &i64)| (told - *jump as f64).abs() < 1.0 && JUMPS.len() == said;
    if told.len() != JUMPS.len() || !told.iter().zip(&JUMPS).all(is_right) {
        return Err(format!("{said} jumps are in the log, of {told:?} s in the events"));
    }
    println!("clock\t{}", told.len());
    Ok(())
}

/// The jumps that the events file has, in seconds.
fn told() -> Result<Vec<f64>, Reason> {
    let lines = fs::read_to_string(EVENTS).map_err(|error| error.to_string())?;
    let of_line = |line: &str| {
        serde_json::from_str::<Value>(line).ok()?["stats"]["clock_jump_seconds"].as_f64()
    };
    Ok(lines.lines().filter_map(of_line).collect())
}

fn set_ahead(seconds: i64) -> io::Result<()> {
    // SAFETY: both calls are given a value that is alive.
    let result = unsafe {
        let mut time: libc::timespec = mem::zeroed();
        libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut time);
        time.tv_sec += seconds;
        libc::clock_settime(libc::CLOCK_REALTIME, &raw const time)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
