//! Whether a link survived that the program was attached to it. Pure: moments and readings are told.

use std::time::Duration;

use crate::time::Moment;

/// What was seen of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Carrier,
    NoCarrier,
    /// Somebody took the interface down, or it cannot be read: that says nothing of attaching.
    NotAsked,
}

/// How a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    UnderWay,
    /// It is over, and the program stays.
    Passed,
    /// The program has to leave the link.
    Failed,
}

/// The time after the program was attached to a link that had a carrier. A carrier that is lost in
/// this time has as much time to come back.
#[derive(Clone, Debug)]
pub struct Trial {
    began: Moment,
    patience: Duration,
    /// Since when there is none.
    lost: Option<Moment>,
}

impl Trial {
    pub fn begin(now: Moment, patience: Duration) -> Self {
        Self { began: now, patience, lost: None }
    }

    /// How long the trial has been under way.
    pub fn age(&self, now: Moment) -> Duration {
        now.since(self.began)
    }

    pub fn has_carrier(&self) -> bool {
        self.lost.is_none()
    }

    /// Takes notice of what was seen. After a judgement other than [`Judgement::UnderWay`] there is
    /// nothing more to see.
    pub fn see(&mut self, now: Moment, reading: Reading) -> Judgement {
        if reading != Reading::NoCarrier {
            self.lost = None;
            let is_over = now.since(self.began) >= self.patience;
            return if is_over { Judgement::Passed } else { Judgement::UnderWay };
        }
        let lost = *self.lost.get_or_insert(now);
        match now.since(lost) >= self.patience {
            true => Judgement::Failed,
            false => Judgement::UnderWay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Judgement::*, Reading::*, *};

    const PATIENCE: Duration = Duration::from_secs(15);

    /// What is judged of readings at these seconds after attaching.
    fn judged(readings: &[(u64, Reading)]) -> Vec<Judgement> {
        let at = |seconds: u64| Moment::from_micros(7_000_000) + Duration::from_secs(seconds);
        let mut trial = Trial::begin(at(0), PATIENCE);
        readings.iter().map(|(seconds, reading)| trial.see(at(*seconds), *reading)).collect()
    }

    #[test]
    fn a_link_that_never_loses_its_carrier_passes_when_the_time_is_over() {
        let seen = [(0, Carrier), (14, Carrier), (15, Carrier)];
        assert_eq!(judged(&seen), [UnderWay, UnderWay, Passed]);
    }

    #[test]
    fn a_link_that_comes_back_in_time_passes() {
        let seen = [(1, NoCarrier), (15, NoCarrier), (16, Carrier)];
        // Lost after a second, it has until the sixteenth.
        assert_eq!(judged(&seen), [UnderWay, UnderWay, Passed]);
        let seen = [(1, NoCarrier), (9, Carrier), (10, Carrier), (15, Carrier)];
        assert_eq!(judged(&seen), [UnderWay, UnderWay, UnderWay, Passed]);
    }

    #[test]
    fn a_link_that_does_not_come_back_fails_when_patience_ends_and_not_before() {
        let seen = [(1, NoCarrier), (8, NoCarrier), (15, NoCarrier), (16, NoCarrier)];
        assert_eq!(judged(&seen), [UnderWay, UnderWay, UnderWay, Failed]);
        assert_eq!(judged(&[(0, NoCarrier), (15, NoCarrier)]), [UnderWay, Failed]);
    }

    #[test]
    fn a_carrier_that_is_lost_late_has_the_same_time_to_come_back() {
        let seen = [(14, NoCarrier), (15, NoCarrier), (28, NoCarrier), (29, NoCarrier)];
        assert_eq!(judged(&seen), [UnderWay, UnderWay, UnderWay, Failed]);
        assert_eq!(judged(&[(14, NoCarrier), (20, Carrier)]), [UnderWay, Passed]);
    }

    #[test]
    fn each_loss_is_given_the_whole_time() {
        let seen =
            [(1, NoCarrier), (10, Carrier), (11, NoCarrier), (25, NoCarrier), (26, NoCarrier)];
        assert_eq!(judged(&seen), [UnderWay, UnderWay, UnderWay, UnderWay, Failed]);
    }

    #[test]
    fn an_interface_that_is_taken_down_is_not_the_programs_fault() {
        let seen =
            [(1, NoCarrier), (10, NotAsked), (14, NoCarrier), (28, NoCarrier), (29, Carrier)];
        assert_eq!(judged(&seen), [UnderWay, UnderWay, UnderWay, UnderWay, Passed]);
        assert_eq!(judged(&[(3, NotAsked), (15, NotAsked)]), [UnderWay, Passed]);
    }

    #[test]
    fn a_clock_that_stands_still_fails_nothing() {
        assert_eq!(judged(&[(2, NoCarrier), (2, NoCarrier), (2, NoCarrier)]), [UnderWay; 3]);
    }
}
