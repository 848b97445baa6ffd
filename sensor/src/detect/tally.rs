//! How often things of several kinds happened within a window, in constant room.

use std::time::Duration;

use crate::time::Moment;

/// Parts of the window: what is counted reaches back the whole of it less one part at the least.
const PARTS: u64 = 4;

/// Counts of `KINDS` kinds.
#[derive(Clone, Copy, Debug)]
pub struct Tally<const KINDS: usize> {
    parts: [[u32; KINDS]; PARTS as usize],
    /// The number of the latest part since time began.
    latest: u64,
}

impl<const KINDS: usize> Default for Tally<KINDS> {
    fn default() -> Self {
        Self { parts: [[0; KINDS]; PARTS as usize], latest: 0 }
    }
}

impl<const KINDS: usize> Tally<KINDS> {
    /// Counts one more of `kind`; the counts within `window`.
    pub fn add(&mut self, kind: usize, at: Moment, window: Duration) -> [u32; KINDS] {
        let length = (window.as_micros() as u64 / PARTS).max(1);
        let part = at.as_micros() / length;
        let passed = part.saturating_sub(self.latest).min(PARTS);
        for step in 1..=passed {
            self.parts[((part - passed + step) % PARTS) as usize] = [0; KINDS];
        }
        self.latest = self.latest.max(part);
        let count = &mut self.parts[(self.latest % PARTS) as usize][kind];
        *count = count.saturating_add(1);
        let mut sums = [0_u32; KINDS];
        for part in &self.parts {
            for (sum, count) in sums.iter_mut().zip(part) {
                *sum = sum.saturating_add(*count);
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    const WINDOW: Duration = Duration::from_secs(20);

    #[test]
    fn kinds_are_counted_apart_and_what_is_old_is_forgotten() {
        let mut tally = Tally::<2>::default();
        assert_eq!(tally.add(0, seconds(100.0), WINDOW), [1, 0]);
        assert_eq!(tally.add(1, seconds(114.9), WINDOW), [1, 1]);
        assert_eq!(tally.add(1, seconds(119.9), WINDOW), [1, 2]);
        assert_eq!(tally.add(1, seconds(120.0), WINDOW), [0, 3]);
        assert_eq!(tally.add(0, seconds(500.0), WINDOW), [1, 0]);
        // Samples may come a little late.
        assert_eq!(tally.add(0, seconds(499.0), WINDOW), [2, 0]);
    }
}
