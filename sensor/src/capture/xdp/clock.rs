//! How the packet path's ticks (jiffies) relate to the observation clock (CLOCK_MONOTONIC).

use std::{thread, time::Duration};

use aya::{
    Ebpf,
    maps::Array,
    programs::{ProgramError, TestRun as _, TestRunOptions},
};
use sensor_common::abi::name;

use super::{
    super::ticks::TickClock,
    loading::{LoadError, xdp},
};
use crate::time::Moment;

/// Frequencies that kernels are built with (`CONFIG_HZ`).
const FREQUENCIES: [u32; 4] = [100, 250, 300, 1000];
const APART: Duration = Duration::from_millis(60);

/// Added to the monotonic clock, which starts at boot, so that what an earlier run saw has a moment
/// too: 2^52 microseconds, 142 years.
const BEFORE_BOOT: u64 = 1 << 52;

/// A reading of CLOCK_MONOTONIC as a moment.
pub fn moment(nanoseconds: u64) -> Moment {
    Moment::from_micros(BEFORE_BOOT + nanoseconds / 1000)
}

/// The observation clock when live: CLOCK_MONOTONIC, the clock of `bpf_ktime_get_ns`.
pub fn monotonic() -> Moment {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` has room for the answer; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    moment(now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64)
}

/// Both clocks at one instant.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub monotonic_nanoseconds: u64,
    pub ticks: u64,
}

/// Runs the clock program once.
pub fn read(ebpf: &mut Ebpf) -> Result<Reading, LoadError> {
    let program = xdp(ebpf, name::CLOCK_PROGRAM)?;
    let frame = [0_u8; 64];
    let mut options = TestRunOptions::new();
    options.data_in = Some(&frame);
    program.test_run(options).map_err(|source: ProgramError| LoadError::Program(source))?;
    let map = ebpf.map(name::CLOCK).ok_or(LoadError::MissingFromObject(name::CLOCK))?;
    let clock: Array<_, [u64; 2]> = Array::try_from(map).map_err(LoadError::Map)?;
    let [monotonic_nanoseconds, ticks] = clock.get(&0, 0).map_err(LoadError::Map)?;
    Ok(Reading { monotonic_nanoseconds, ticks })
}

/// Finds the frequency by two readings and the instant of the second.
pub fn calibrate(ebpf: &mut Ebpf) -> Result<(TickClock, u32), LoadError> {
    let first = read(ebpf)?;
    thread::sleep(APART);
    let second = read(ebpf)?;
    let ticks = second.ticks.saturating_sub(first.ticks) as f64;
    let nanoseconds = second.monotonic_nanoseconds.saturating_sub(first.monotonic_nanoseconds);
    let frequency = nearest(ticks * 1e9 / nanoseconds.max(1) as f64);
    let anchor = moment(second.monotonic_nanoseconds);
    Ok((TickClock::new(frequency, second.ticks, anchor), frequency))
}

fn nearest(measured: f64) -> u32 {
    let distance =
        |frequency: &u32| ((f64::from(*frequency) / measured.max(1.0)).ln().abs() * 1e6) as u64;
    FREQUENCIES.into_iter().min_by_key(distance).unwrap_or(FREQUENCIES[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rough_measurement_finds_the_frequency() {
        assert_eq!(nearest(83.0), 100);
        assert_eq!(nearest(116.0), 100);
        assert_eq!(nearest(233.0), 250);
        assert_eq!(nearest(283.4), 300);
        assert_eq!(nearest(983.0), 1000);
        assert_eq!(nearest(0.0), 100);
    }
}
