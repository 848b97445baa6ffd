//! What is known of one device.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Hour,
    habit::{Habit, Service},
    rates::Rates,
};

/// Services that are kept of one device: a device with more of them has no ways that could be told.
pub const MOST_HABITS: usize = 256;
/// A service that was not seen for so long is no way of the device any more.
const FORGOTTEN_AFTER: Hour = 90 * 24;
/// Octets that are kept of the reason of a reset.
const LONGEST_REASON: usize = 200;

/// Whether a device's ways are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Until then everything it does is taken for usual.
    Learning {
        until: Hour,
    },
    Active {
        since: Hour,
    },
}

impl State {
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub(super) began: Hour,
    /// Why it was begun anew, if it was.
    pub(super) reset_reason: Option<String>,
    pub(super) habits: BTreeMap<Service, Habit>,
    pub(super) is_unbounded: bool,
    pub(super) sent: Rates,
    pub(super) received: Rates,
}

impl Profile {
    pub fn new(began: Hour) -> Self {
        Self {
            began,
            reset_reason: None,
            habits: BTreeMap::new(),
            is_unbounded: false,
            sent: Rates::default(),
            received: Rates::default(),
        }
    }

    /// An empty profile in place of one that no longer holds.
    pub fn reset(now: Hour, reason: &str) -> Self {
        let reason = reason.chars().filter(|each| !each.is_control()).take(LONGEST_REASON);
        Self { reset_reason: Some(reason.collect()), ..Self::new(now) }
    }

    pub fn state(&self, now: Hour, learning: Duration) -> State {
        let hours = Hour::try_from(learning.as_secs() / 3600).unwrap_or(Hour::MAX);
        let end = self.began.saturating_add(hours);
        if now < end { State::Learning { until: end } } else { State::Active { since: end } }
    }

    /// Notes that the service was seen in `hour`. `is_active` says that the device is known, so that
    /// what is new is not usual yet.
    pub fn add_service(&mut self, service: Service, hour: Hour, is_active: bool) {
        if let Some(habit) = self.habits.get_mut(&service) {
            habit.see(hour);
            return;
        }
        if self.habits.len() >= MOST_HABITS {
            self.habits.retain(|_, habit| hour.saturating_sub(habit.last) < FORGOTTEN_AFTER);
        }
        if self.habits.len() >= MOST_HABITS {
            self.is_unbounded = true;
            return;
        }
        self.habits.insert(service, Habit::new(hour, !is_active));
    }

    pub fn add_rates(&mut self, hour: Hour, sent: u64, received: u64) {
        self.sent.add(hour, sent);
        self.received.add(hour, received);
    }

    pub fn is_usual(&self, service: &Service) -> bool {
        self.habits.get(service).is_some_and(|habit| habit.is_usual)
    }

    /// Whether the device has more services than are kept.
    pub fn is_unbounded(&self) -> bool {
        self.is_unbounded
    }

    /// The services that are usual.
    pub fn usual(&self) -> impl Iterator<Item = (&Service, &Habit)> {
        self.habits.iter().filter(|(_, habit)| habit.is_usual)
    }

    pub fn sent(&self) -> &Rates {
        &self.sent
    }

    pub fn received(&self) -> &Rates {
        &self.received
    }

    pub fn began(&self) -> Hour {
        self.began
    }

    pub fn reset_reason(&self) -> Option<&str> {
        self.reset_reason.as_deref()
    }
}
