//! Jumps of the wall clock, found by holding it against the observation clock. Nothing is measured on
//! the wall clock, so a jump changes no window; but what is dated before it and after it cannot be put
//! side by side without knowing of it.

use std::time::Duration;

use super::{Moment, Timestamp, WallClock};

/// Time services slew by half a millisecond a second; what they step is more than this. A leap second
/// is a jump.
const SMALLEST: Duration = Duration::from_millis(500);
/// A wall clock that was read between two readings of the observation clock further apart than this
/// was read nobody knows when.
const NARROW: Duration = Duration::from_millis(10);

/// How far the wall clock jumped: microseconds, ahead if positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jump(i64);

impl Jump {
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

/// Looks at the wall clock again and again.
#[derive(Clone, Copy, Debug, Default)]
pub struct JumpWatch {
    last: Option<WallClock>,
    count: u64,
}

impl JumpWatch {
    /// Takes a reading of the wall clock, and of the observation clock before and after it. A machine
    /// that slept, or stood still, looks like one whose clock was set ahead.
    pub fn look(&mut self, before: Moment, wall: Timestamp, after: Moment) -> Option<Jump> {
        if after.since(before) > NARROW {
            return None;
        }
        let now = WallClock::new(after, wall);
        let offset = now.ahead_of(self.last.replace(now)?);
        let is_jump = u128::from(offset.unsigned_abs()) >= SMALLEST.as_micros();
        self.count += u64::from(is_jump);
        is_jump.then_some(Jump(offset))
    }

    /// Jumps seen so far.
    pub fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    /// Looks every 50 ms while the wall clock is as far off as `offset` says, in microseconds.
    fn jumps(offset: impl Fn(i64) -> i64) -> (Vec<Jump>, u64) {
        let mut watch = JumpWatch::default();
        let looks = (0..2000).map(|turn| turn * 50_000);
        let found = looks.filter_map(|micros: i64| {
            let moment = Moment::from_micros(micros.cast_unsigned());
            watch.look(moment, Timestamp::from_micros(micros + offset(micros)), moment)
        });
        (found.collect(), watch.count())
    }

    #[test]
    fn each_jump_is_told_once_with_its_size() {
        let stepped = |size: i64| move |micros| if micros > 30 * SECOND { size } else { 0 };
        for size in [SECOND, -SECOND, 3600 * SECOND, -315_360_000 * SECOND] {
            assert_eq!(jumps(stepped(size)), (vec![Jump(size)], 1), "{size}");
        }
        let there_and_back =
            |micros| if (20 * SECOND..40 * SECOND).contains(&micros) { SECOND } else { 0 };
        assert_eq!(jumps(there_and_back), (vec![Jump(SECOND), Jump(-SECOND)], 2));
    }

    #[test]
    fn slewing_and_trembling_are_no_jumps() {
        // As fast as the kernel slews.
        assert_eq!(jumps(|micros| micros / 2000), (Vec::new(), 0));
        assert_eq!(jumps(|micros| micros / 50_000 % 2 * 100_000), (Vec::new(), 0));
        assert_eq!(jumps(|_| 315_360_000 * SECOND), (Vec::new(), 0), "wrong from the beginning");
    }

    #[test]
    fn a_reading_that_took_long_is_passed_over() {
        let mut watch = JumpWatch::default();
        let at = Moment::from_micros;
        assert_eq!(watch.look(at(0), Timestamp::from_micros(0), at(0)), None);
        // Held up for a minute between the readings, then as ever.
        let held = at(60_000_000);
        assert_eq!(watch.look(at(10), Timestamp::from_micros(10), held), None);
        assert_eq!(watch.look(held, Timestamp::from_micros(60_000_000), held), None);
        assert_eq!(watch.count(), 0);
    }
}
