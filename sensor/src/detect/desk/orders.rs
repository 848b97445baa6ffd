//! What is in force: suppressions of the configuration, those made while running, and maintenance
//! windows.

use std::collections::BTreeMap;

use super::{
    maintenance::Maintenance,
    marks::Withheld,
    suppression::{Standing, Suppression},
};
use crate::{
    detect::{Alert, Role},
    inventory::Device,
    time::Timestamp,
};

/// Suppressions made while running, at a time.
const MOST_STANDING: usize = 1024;
/// How often what is in force is looked through, in microseconds.
const LOOK: i64 = 1_000_000;

/// Why a suppression is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    #[error("{0}")]
    Wrong(String),
    #[error("`until` has passed")]
    Ended,
    #[error("there are {MOST_STANDING} suppressions; lift one of them first")]
    Full,
    #[error("there is no suppression {0} that can be lifted")]
    Unknown(u32),
}

#[derive(Debug, Default)]
pub struct Orders {
    configured: Vec<Suppression>,
    standing: BTreeMap<u32, Standing>,
    next: u32,
    windows: Vec<Maintenance>,
    in_force: InForce,
    looked: Option<Timestamp>,
}

/// Places in the lists.
#[derive(Debug, Default, PartialEq, Eq)]
struct InForce {
    configured: Vec<usize>,
    standing: Vec<u32>,
    windows: Vec<usize>,
}

impl Orders {
    pub fn new(configured: Vec<Suppression>, windows: Vec<Maintenance>) -> Self {
        Self { configured, windows, next: 1, ..Self::default() }
    }

    /// Takes over the suppressions of earlier runs; none gets a number up to `highest`.
    pub fn adopt(&mut self, standing: Vec<Standing>, highest: u32) {
        self.next = self.next.max(highest.saturating_add(1));
        for each in standing.into_iter().take(MOST_STANDING) {
            self.next = self.next.max(each.id.saturating_add(1));
            self.standing.insert(each.id, each);
        }
        self.looked = None;
    }

    /// Puts other orders of the configuration in place of those there are. The next
    /// [`Self::refresh`] says that something has changed.
    pub fn replace(
        &mut self,
        configured: Vec<Suppression>,
        windows: Vec<Maintenance>,
        now: Timestamp,
    ) {
        if self.configured == configured && self.windows == windows {
            return;
        }
        (self.configured, self.windows) = (configured, windows);
        self.in_force = self.in_force_at(now);
        self.looked = None;
    }

    #[cfg(test)]
    pub fn configured(&self) -> String {
        format!("{:?} {:?}", self.configured, self.windows)
    }

    /// # Errors
    ///
    /// When it may not be, has ended, or there are too many.
    pub fn add(
        &mut self,
        suppression: Suppression,
        now: Timestamp,
    ) -> Result<Standing, OrderError> {
        suppression.check(now).map_err(OrderError::Wrong)?;
        if !suppression.is_in_force(now) {
            return Err(OrderError::Ended);
        }
        if self.standing.len() >= MOST_STANDING {
            return Err(OrderError::Full);
        }
        let standing = Standing { id: self.next, created: now, suppression };
        self.next = self.next.saturating_add(1);
        self.standing.insert(standing.id, standing.clone());
        self.looked = None;
        Ok(standing)
    }

    /// # Errors
    ///
    /// When there is none of that number; those of the configuration have none.
    pub fn lift(&mut self, id: u32) -> Result<(), OrderError> {
        self.looked = None;
        self.standing.remove(&id).map(drop).ok_or(OrderError::Unknown(id))
    }

    /// Looks, at most once a second, what is in force; `None` if nothing has changed. Else the
    /// suppressions that have ended, which are gone.
    pub fn refresh(&mut self, now: Timestamp) -> Option<Vec<u32>> {
        let elapsed = self.looked.map(|at| now.as_micros().abs_diff(at.as_micros()));
        if elapsed.is_some_and(|elapsed| elapsed < LOOK.unsigned_abs()) {
            return None;
        }
        let is_first = self.looked.replace(now).is_none();
        let of_standing = self.standing.values();
        let ended: Vec<u32> = of_standing
            .filter(|each| !each.suppression.is_in_force(now))
            .map(|each| each.id)
            .collect();
        for id in &ended {
            self.standing.remove(id);
        }
        let in_force = self.in_force_at(now);
        let has_changed = is_first || in_force != self.in_force;
        self.in_force = in_force;
        has_changed.then_some(ended)
    }

    fn in_force_at(&self, now: Timestamp) -> InForce {
        let configured = self.configured.iter().enumerate();
        let windows = self.windows.iter().enumerate();
        InForce {
            configured: configured
                .filter(|(_, each)| each.is_in_force(now))
                .map(|(index, _)| index)
                .collect(),
            standing: self.standing.keys().copied().collect(),
            windows: windows
                .filter(|(_, each)| each.is_in_force(now))
                .map(|(index, _)| index)
                .collect(),
        }
    }

    /// Why receivers are not told of an alert, if so.
    pub fn withheld(
        &self,
        alert: &Alert,
        device: Option<&Device>,
        roles: &[Role],
    ) -> Option<Withheld> {
        let configured = self.in_force.configured.iter().map(|&index| &self.configured[index]);
        let standing = self.in_force.standing.iter().filter_map(|id| self.standing.get(id));
        let standing = standing.map(|each| &each.suppression);
        let mut suppressions = configured.chain(standing);
        if let Some(found) = suppressions.find(|each| each.covers(alert, device, roles)) {
            return Some(found.withheld());
        }
        let mut windows = self.in_force.windows.iter().map(|&index| &self.windows[index]);
        windows.find(|each| each.covers(alert, device, roles)).map(Maintenance::withheld)
    }

    /// Suppressions in force: those of the configuration, and those made while running.
    pub fn suppressions(&self) -> impl Iterator<Item = (Option<u32>, &Suppression)> {
        let configured = self.in_force.configured.iter().map(|&index| &self.configured[index]);
        let standing = self.standing.values().map(|each| (Some(each.id), &each.suppression));
        configured.map(|each| (None, each)).chain(standing)
    }

    /// Maintenance windows in force.
    pub fn windows(&self) -> impl Iterator<Item = &Maintenance> {
        self.in_force.windows.iter().map(|&index| &self.windows[index])
    }
}
