//! How long to leave a receiver alone that is away. Pure: the clock is an argument.

use std::time::{Duration, Instant};

/// After the first failure; it doubles with each.
const SHORTEST: Duration = Duration::from_millis(500);
/// Short enough that what waits is told within a minute of the receiver's return.
const LONGEST: Duration = Duration::from_secs(30);

/// The pauses between attempts. They have no jitter: few sensors share a receiver.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// An attempt failed at `now`.
    pub fn fail(&mut self, now: Instant) {
        let pause = SHORTEST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + pause);
    }

    /// An attempt succeeded, or the next one must not wait.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Attempts that have failed since the last success.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Time left until the next attempt; zero if it may be made.
    pub fn remaining(&self, now: Instant) -> Duration {
        self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_half_a_minute() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        assert_eq!(backoff.remaining(now), Duration::ZERO);
        let pauses: Vec<u128> = (0..9)
            .map(|_| {
                backoff.fail(now);
                backoff.remaining(now).as_millis()
            })
            .collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(backoff.remaining(now + LONGEST), Duration::ZERO);
        backoff.reset();
        backoff.fail(now);
        assert_eq!(backoff.remaining(now), SHORTEST);
    }
}
