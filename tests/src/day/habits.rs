//! What the devices of each class do.

mod background;
mod building;
mod clinical;
mod errands;
mod imaging;
mod link_local;
mod messages;
mod office;
mod poller;
mod scanner;
mod standing;
mod start;
mod upkeep;
mod voice;

use std::time::Duration;

use super::habit::{Agenda, Habit};
use super::world::World;

pub use standing::Standing;

/// How often something is done.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// By a machine: within a hundredth of the period.
    Regular(Duration),
    /// Half to one and a half of the mean.
    Loose(Duration),
    /// By people: as loose, and more rarely when they are fewer.
    ByHour(Duration),
}

pub const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl Pace {
    fn mean(self) -> Duration {
        match self {
            Self::Regular(mean) | Self::Loose(mean) | Self::ByHour(mean) => mean,
        }
    }

    pub fn next(self, now: Duration, world: &mut World) -> Duration {
        let pause = match self {
            Self::Regular(period) => {
                period.mul_f64(0.995 + world.random.below(100) as f64 / 10_000.0)
            }
            Self::Loose(mean) => world.about(mean),
            Self::ByHour(mean) => world.about_by_hour(now, mean),
        };
        now + pause.max(Duration::from_millis(1))
    }
}

/// Something a station does for itself, without a memory.
type Deed = fn(station: usize, now: Duration, world: &mut World);

#[derive(Debug)]
struct Routine {
    station: usize,
    pace: Pace,
    deed: Deed,
}

impl Habit for Routine {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        (self.deed)(self.station, now, world);
        Some(self.pace.next(now, world))
    }
}

/// Adds habits, each at its own first time.
pub struct Settling<'a> {
    pub world: &'a mut World,
    pub agenda: &'a mut Agenda,
}

impl Settling<'_> {
    /// The first time within `mean` of the beginning.
    fn first(&mut self, mean: Duration) -> Duration {
        let share = self.world.random.below(10_000) as f64 / 10_000.0;
        self.world.plan.begins + mean.mul_f64(share)
    }

    fn routine(&mut self, station: usize, pace: Pace, deed: Deed) {
        let first = self.first(pace.mean());
        self.agenda.add(first, Some(station), Box::new(Routine { station, pace, deed }));
    }

    fn habit(&mut self, station: usize, within: Duration, habit: impl Habit + 'static) {
        let first = self.first(within);
        self.agenda.add(first, Some(station), Box::new(habit));
    }

    /// A habit that begins at a time of day, if that is still to come.
    fn at(&mut self, begins: Duration, station: usize, habit: impl Habit + 'static) {
        if (self.world.plan.begins..self.world.plan.ends).contains(&begins) {
            self.agenda.add(begins, Some(station), Box::new(habit));
        }
    }
}

/// Everything that goes on in the hospital.
pub fn settle(world: &mut World, agenda: &mut Agenda) {
    let mut settling = Settling { world, agenda };
    background::settle(&mut settling);
    start::settle(&mut settling);
    clinical::settle(&mut settling);
    imaging::settle(&mut settling);
    messages::settle(&mut settling);
    office::settle(&mut settling);
    errands::settle(&mut settling);
    link_local::settle(&mut settling);
    voice::settle(&mut settling);
    building::settle(&mut settling);
    poller::settle(&mut settling);
    scanner::settle(&mut settling);
    upkeep::settle(&mut settling);
}
