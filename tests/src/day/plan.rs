//! When what happens.

use std::time::Duration;

use super::attack::Name;

/// 10 March 2026, 00:00 UTC: the second Tuesday of a month.
pub const MIDNIGHT: Duration = Duration::from_secs(1_773_100_800);

/// What day is made. The same plan gives the same frames.
#[derive(Clone, Debug)]
pub struct Plan {
    pub devices: usize,
    pub seed: u64,
    /// Since midnight.
    pub begins: Duration,
    pub ends: Duration,
    pub attacks: Vec<Name>,
}

pub const fn clock(hour: u64, minute: u64) -> Duration {
    Duration::from_secs(hour * 3600 + minute * 60)
}

/// A part of the day, from its first moment to before its second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub begins: Duration,
    pub ends: Duration,
}

impl Window {
    const fn new(begins: Duration, ends: Duration) -> Self {
        Self { begins, ends }
    }

    pub fn contains(&self, at: Duration) -> bool {
        (self.begins..self.ends).contains(&at)
    }
}

/// The wards' switches have no emergency supply.
pub const POWER_CUT: Window = Window::new(clock(13, 20), clock(13, 24));
/// After it, devices start within this time.
pub const SLOWEST_START: Duration = Duration::from_secs(180);
pub const BACKUP: Window = Window::new(clock(1, 0), clock(3, 0));
pub const VULNERABILITY_SCAN: Window = Window::new(clock(3, 0), clock(5, 0));
/// The patch server fetches, then workstations do.
pub const PATCH_SYNCHRONISATION: Duration = clock(6, 0);
pub const PATCHES: Window = Window::new(clock(10, 0), clock(14, 0));

impl Plan {
    /// A whole day without attacks.
    pub fn quiet(devices: usize, seed: u64) -> Self {
        Self { devices, seed, begins: clock(0, 0), ends: clock(24, 0), attacks: Vec::new() }
    }

    pub fn lasts(&self) -> Duration {
        self.ends.saturating_sub(self.begins)
    }
}

/// How busy people are at each hour, out of a hundred.
const TEMPO: [u8; 24] = [
    15, 12, 10, 10, 12, 20, 45, 80, 100, 100, 95, 90, 70, 80, 90, 85, 65, 50, 45, 40, 35, 30, 25,
    20,
];

/// How busy people are at this time: 0.1 at night to 1.
pub fn tempo(at: Duration) -> f64 {
    f64::from(TEMPO[(at.as_secs() / 3600 % 24) as usize]) / 100.0
}
