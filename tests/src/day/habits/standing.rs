//! A connection that stays open and carries something from time to time.

use std::time::Duration;

use super::Pace;
use crate::day::connection::Connection;
use crate::day::habit::Habit;
use crate::day::host::Host;
use crate::day::phrases::{Turn, said};
use crate::day::world::World;

/// What is said each time; the number counts the times.
pub type Exchange = fn(number: u32, world: &mut World) -> Vec<Turn>;

#[derive(Debug)]
pub struct Standing {
    pub station: usize,
    pub server: Host,
    pub port: u16,
    pub opening: Vec<Turn>,
    pub exchange: Exchange,
    pub pace: Pace,
    connection: Option<Connection>,
    number: u32,
}

impl Standing {
    pub fn new(
        station: usize,
        (server, port): (Host, u16),
        opening: Vec<Turn>,
        exchange: Exchange,
        pace: Pace,
    ) -> Self {
        Self { station, server, port, opening, exchange, pace, connection: None, number: 0 }
    }
}

const PAUSE: Duration = Duration::from_millis(2);

impl Habit for Standing {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        let mut at = now;
        let mut connection = match self.connection {
            Some(connection) => connection,
            None => {
                let mut connection = world.connection(self.station, &self.server, self.port);
                at = connection.open(&mut world.wire, at);
                at = connection.talk(&mut world.wire, at, &said(&self.opening), PAUSE);
                connection
            }
        };
        self.number += 1;
        let turns = (self.exchange)(self.number, world);
        at = connection.talk(&mut world.wire, at, &said(&turns), PAUSE);
        self.connection = Some(connection);
        Some(self.pace.next(now, world).max(at + PAUSE))
    }

    fn forget(&mut self) {
        self.connection = None;
    }
}
