//! Which devices may serve: those that have the role for it, or where no device has it, those that
//! served while the sensor learned. For detections of servers that nobody expects.

use std::time::Duration;

use super::{estate::Estate, table::Table};
use crate::{inventory::DeviceId, time::Moment};

/// Servers that are remembered, and for how long after they served last.
const SERVERS: usize = 4096;
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);
/// An unlisted server is told again so often.
const AGAIN: Duration = Duration::from_secs(3600);

/// What is known of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has the role.
    Listed,
    /// It served while the sensor learned.
    Learned,
    /// Neither.
    Unlisted,
}

#[derive(Debug)]
pub struct Servers {
    role: &'static str,
    learning: Duration,
    began: Option<Moment>,
    known: Table<DeviceId, ()>,
    told: Table<DeviceId, Moment>,
}

impl Servers {
    /// Without a device in `role`, whoever serves within `learning` after the start is known.
    pub fn new(role: &'static str, learning: Duration) -> Self {
        Self {
            role,
            learning,
            began: None,
            known: Table::new(SERVERS, MEMORY),
            told: Table::new(SERVERS, AGAIN),
        }
    }

    /// The sensor is at work; learning begins with the first call.
    pub fn begin(&mut self, now: Moment) {
        self.began.get_or_insert(now);
    }

    /// Whether somebody said which devices have the role.
    pub fn are_listed(&self, estate: &Estate<'_>) -> bool {
        estate.roles.iter().any(|role| role.name == self.role && !role.is_empty())
    }

    /// What is known of a device that serves at `at`.
    pub fn standing(&mut self, server: DeviceId, at: Moment, estate: &Estate<'_>) -> Standing {
        self.begin(at);
        if self.are_listed(estate) {
            let is_listed = estate.has_role(server, self.role);
            return if is_listed { Standing::Listed } else { Standing::Unlisted };
        }
        let is_learning = self.began.is_some_and(|began| at.since(began) <= self.learning);
        if is_learning || self.known.get(&server).is_some() {
            self.known.touch(server, at, || ());
            return Standing::Learned;
        }
        Standing::Unlisted
    }

    /// Whether to tell of a server now: not as long as it was told of a while ago.
    pub fn is_to_be_told(&mut self, server: DeviceId, at: Moment) -> bool {
        match self.told.get_mut(&server) {
            Some(told) if at.since(*told) < AGAIN => false,
            _ => match self.told.touch(server, at, || at) {
                Some(told) => {
                    *told = at;
                    true
                }
                None => false,
            },
        }
    }

    pub fn overflowed(&self) -> u64 {
        self.known.overflowed() + self.told.overflowed()
    }
}
