//! The working time of a server: it ends by the clock or when it is called off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Clones are the same shift.
#[derive(Clone, Debug)]
pub struct Shift {
    called_off: Arc<AtomicBool>,
    ends: Instant,
}

/// How long a server may take to notice the end of its shift.
pub const GLANCE: Duration = Duration::from_millis(100);

impl Shift {
    pub fn of(length: Duration) -> Self {
        Self { called_off: Arc::new(AtomicBool::new(false)), ends: Instant::now() + length }
    }

    pub fn call_off(&self) {
        self.called_off.store(true, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        self.called_off.load(Ordering::Relaxed) || Instant::now() >= self.ends
    }

    /// Waits, but not beyond the end of the shift; false when it is over.
    pub fn rest(&self, length: Duration) -> bool {
        let until = Instant::now() + length;
        loop {
            if self.is_over() {
                return false;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(GLANCE));
        }
    }
}
