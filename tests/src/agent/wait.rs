//! Waiting for what takes a while, and measuring how long it took.

use std::thread;
use std::time::{Duration, Instant};

const GLANCE: Duration = Duration::from_millis(50);

/// Looks every 50 ms until there is something, and says how long that took; `None` when it did
/// not come in time.
pub fn wait_until<T>(
    patience: Duration,
    mut look: impl FnMut() -> Option<T>,
) -> Option<(T, Duration)> {
    let began = Instant::now();
    loop {
        let found = look();
        if let Some(found) = found {
            return Some((found, began.elapsed()));
        }
        if began.elapsed() >= patience {
            return None;
        }
        thread::sleep(GLANCE);
    }
}
