//! Ticks of the packet path's clock as moments on the observation clock.

use std::time::Duration;

use crate::time::Moment;

/// One tick and the moment at which it was, with the ticks in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickClock {
    per_second: u32,
    anchor_tick: u64,
    anchor: Moment,
}

impl TickClock {
    pub fn new(per_second: u32, anchor_tick: u64, anchor: Moment) -> Self {
        Self { per_second: per_second.max(1), anchor_tick, anchor }
    }

    /// What [`Self::new`] makes the same clock of.
    pub fn parts(&self) -> (u32, u64, Moment) {
        (self.per_second, self.anchor_tick, self.anchor)
    }

    /// Ticks in a second.
    pub fn per_second(&self) -> u32 {
        self.per_second
    }

    /// How many ticks so long a time has.
    pub fn ticks(&self, duration: Duration) -> u64 {
        let ticks = duration.as_millis() * u128::from(self.per_second) / 1000;
        u64::try_from(ticks).unwrap_or(u64::MAX)
    }

    /// A replay's clock: milliseconds since 1970.
    pub fn of_replay() -> Self {
        Self::new(1000, 0, Moment::from_micros(0))
    }

    /// The moment of a tick; good to one tick (1 to 10 ms in the kernel).
    pub fn moment(&self, tick: u64) -> Moment {
        // Of a replay's clock, and of any that runs for less than centuries, 64 bits are enough.
        let narrow = tick.checked_sub(self.anchor_tick).and_then(|ticks| {
            let micros = ticks.checked_mul(1_000_000)? / u64::from(self.per_second);
            self.anchor.as_micros().checked_add(micros)
        });
        Moment::from_micros(narrow.unwrap_or_else(|| self.wide_micros(tick)))
    }

    fn wide_micros(&self, tick: u64) -> u64 {
        let ticks = i128::from(tick) - i128::from(self.anchor_tick);
        let micros = ticks * 1_000_000 / i128::from(self.per_second);
        let micros = i128::from(self.anchor.as_micros()) + micros;
        u64::try_from(micros.max(0)).unwrap_or(u64::MAX)
    }

    /// The tick at a moment.
    pub fn tick(&self, moment: Moment) -> u64 {
        let micros = i128::from(moment.as_micros()) - i128::from(self.anchor.as_micros());
        let ticks = micros * i128::from(self.per_second) / 1_000_000;
        u64::try_from((i128::from(self.anchor_tick) + ticks).max(0)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_before_and_after_the_anchor_are_moments() {
        let clock = TickClock::new(250, 1000, Moment::from_micros(10_000_000));
        assert_eq!(clock.moment(1250), Moment::from_micros(11_000_000));
        assert_eq!(clock.moment(750), Moment::from_micros(9_000_000));
        assert_eq!(TickClock::of_replay().moment(1_500), Moment::from_micros(1_500_000));
        assert_eq!(clock.ticks(Duration::from_millis(1500)), 375);
        assert_eq!(clock.ticks(Duration::MAX), u64::MAX);
        let late = u64::MAX / 1_000_000 + 1000;
        assert_eq!(clock.moment(late).as_micros(), clock.wide_micros(late));
    }
}
