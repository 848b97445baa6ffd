//! The desk: every alert of thresholds and detections passes it before anybody is told.
//!
//! It withholds what a suppression or a maintenance window covers, remembers who knows of an alert,
//! tells one story for each device, and in a storm hands out so many and a digest of the rest. What
//! is withheld goes to the store all the same. Nothing here reads a clock: both the moment and the
//! wall clock are arguments.

mod case;
#[cfg(test)]
mod fixture;
mod maintenance;
mod marks;
mod orders;
mod record;
mod runbook;
mod selection;
mod stage;
mod storm;
mod story;
mod suppression;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

pub use maintenance::Maintenance;
pub use marks::{Acknowledgement, Cause, Marks, StoryMark, Withheld};
pub use orders::OrderError;
pub use record::{Deed, Handed, Note, Record};
pub use runbook::{RUNBOOKS, Runbooks};
pub use stage::{Stage, stage_of};
pub use storm::DIGEST;
pub use suppression::{LONGEST_TEXT, Standing, Suppression, check_text};

use super::{Alert, AlertState, Role, Severity};
use crate::{
    inventory::{Device, DeviceId},
    time::{Moment, Timestamp, WallClock},
};
use case::{Acknowledged, Case};
use orders::Orders;
use storm::Storm;
use story::Stories;

/// When it is, and whom alerts are about.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    pub moment: Moment,
    pub wall: WallClock,
    /// The roles in force.
    pub roles: &'a [Role],
    pub device: &'a dyn Fn(DeviceId) -> Option<&'a Device>,
}

impl Now<'_> {
    fn time(&self) -> Timestamp {
        self.wall.at(self.moment)
    }
}

/// Why an alert was not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    #[error("no alert {0} is firing")]
    NotFiring(u64),
    #[error("{0}")]
    Wrong(String),
}

/// What was withheld or acknowledged, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub withheld: BTreeMap<Cause, u64>,
    pub acknowledged: u64,
    /// Alerts or stories that found no room.
    pub overflowed: u64,
}

#[derive(Debug)]
pub struct Desk {
    orders: Orders,
    storm: Storm,
    stories: Stories,
    cases: HashMap<u64, Case>,
    counts: Counts,
    runbooks: Runbooks,
}

impl Desk {
    /// Hands out at most `per_minute` new alerts a minute, one by one; see [`storm`].
    pub fn new(
        per_minute: u32,
        suppressions: Vec<Suppression>,
        maintenance: Vec<Maintenance>,
    ) -> Self {
        Self {
            orders: Orders::new(suppressions, maintenance),
            storm: Storm::new(per_minute),
            stories: Stories::default(),
            cases: HashMap::new(),
            counts: Counts::default(),
            runbooks: Runbooks::default(),
        }
    }

    /// From now on alerts say where it is written what to do.
    pub fn set_runbooks(&mut self, runbooks: Runbooks) {
        self.runbooks = runbooks;
    }

    /// Goes on with another cap, and other orders of the configuration; those made while running
    /// stay.
    pub fn reconfigure(
        &mut self,
        per_minute: u32,
        suppressions: Vec<Suppression>,
        maintenance: Vec<Maintenance>,
        now: Timestamp,
    ) {
        self.storm.set_cap(per_minute);
        self.orders.replace(suppressions, maintenance, now);
    }

    /// What the configuration says, in words.
    #[cfg(test)]
    pub fn configured(&self) -> String {
        format!("{} {}", self.storm.cap(), self.orders.configured())
    }

    /// Takes over suppressions that were made in earlier runs.
    pub fn adopt_suppressions(&mut self, standing: Vec<Standing>, highest: u32) {
        self.orders.adopt(standing, highest);
    }

    /// Goes on with a firing alert of an earlier run, of which receivers know what its marks say.
    pub fn adopt(&mut self, alert: &Alert) {
        let marks = &alert.marks;
        let is_ordered = |each: &Withheld| each.cause != Cause::Digest;
        let is_in_story = !marks.withheld.as_ref().is_some_and(is_ordered);
        if is_in_story {
            let id = marks.story.as_ref().map(|story| story.id);
            self.stories.join(alert, id, alert.found_at);
        }
        let acknowledged = marks.acknowledged.clone().map(|mark| {
            Box::new(Acknowledged { mark, severity: alert.severity, value: alert.value })
        });
        let case = Case {
            severity: alert.severity,
            is_told: marks.withheld.is_none(),
            is_in_story,
            withheld: marks.withheld.clone().map(Box::new),
            acknowledged,
        };
        self.cases.insert(alert.id, case);
    }

    /// Takes what thresholds and detections found out, the worst first.
    pub fn take(&mut self, mut alerts: Vec<Alert>, now: &Now<'_>, handed: &mut Vec<Handed>) {
        alerts.sort_by_key(|alert| Reverse(alert.severity));
        for alert in alerts {
            match alert.state {
                AlertState::Resolved => self.close(alert, now, handed),
                AlertState::Firing if self.cases.contains_key(&alert.id) => {
                    self.grow(alert, now, handed);
                }
                AlertState::Firing => self.open(alert, now, handed),
            }
        }
    }

    /// Lets time pass: what is in force may have changed, and a digest may be due. `firing` are the
    /// alerts of thresholds and detections that are firing.
    pub fn advance<'f>(
        &mut self,
        firing: impl Iterator<Item = &'f Alert>,
        now: &Now<'_>,
        handed: &mut Vec<Handed>,
    ) {
        if let Some(ended) = self.orders.refresh(now.time()) {
            handed.extend(ended.into_iter().map(|id| Handed::Recorded(Record::Lifted(id))));
            for alert in firing {
                self.review(alert, now, handed);
            }
        }
        if let Some(mut digest) = self.storm.advance(now.moment) {
            digest.marks = Box::new(self.marks(&digest, now.wall));
            handed.push(Handed::Told(digest));
        }
    }

    /// Somebody knows of a firing alert: it is not told again unless it gets worse.
    ///
    /// # Errors
    ///
    /// When it is not firing, or a text is none.
    pub fn acknowledge(
        &mut self,
        alert: &Alert,
        by: &str,
        note: &str,
        now: &Now<'_>,
        handed: &mut Vec<Handed>,
    ) -> Result<(), DeskError> {
        check_text("by", by).map_err(DeskError::Wrong)?;
        check_text("note", note).map_err(DeskError::Wrong)?;
        let case = self.cases.get_mut(&alert.id).ok_or(DeskError::NotFiring(alert.id))?;
        let (by, note, at) = (by.to_owned(), note.to_owned(), now.time());
        let mark = Acknowledgement { by: by.clone(), note: note.clone(), at, is_outdated: false };
        let (severity, value) = (alert.severity, alert.value);
        case.acknowledged = Some(Box::new(Acknowledged { mark, severity, value }));
        self.counts.acknowledged += 1;
        let note = Note { alert: alert.id, at, deed: Deed::Acknowledged, by, text: note };
        handed.push(Handed::Recorded(Record::Noted(note)));
        self.keep(alert.clone(), now, handed);
        Ok(())
    }

    /// Makes a suppression; what it covers is withheld at once.
    ///
    /// # Errors
    ///
    /// As [`OrderError`] says.
    pub fn suppress(
        &mut self,
        suppression: Suppression,
        now: Timestamp,
        handed: &mut Vec<Handed>,
    ) -> Result<u32, OrderError> {
        let standing = self.orders.add(suppression, now)?;
        let id = standing.id;
        handed.push(Handed::Recorded(Record::Suppressed(standing)));
        Ok(id)
    }

    /// Lifts a suppression that was made while running.
    ///
    /// # Errors
    ///
    /// When there is none of that number.
    pub fn lift(&mut self, id: u32, handed: &mut Vec<Handed>) -> Result<(), OrderError> {
        self.orders.lift(id)?;
        handed.push(Handed::Recorded(Record::Lifted(id)));
        Ok(())
    }

    /// Suppressions in force, with the numbers of those that can be lifted.
    pub fn suppressions(&self) -> impl Iterator<Item = (Option<u32>, &Suppression)> {
        self.orders.suppressions()
    }

    /// Maintenance windows in force.
    pub fn maintenance(&self) -> impl Iterator<Item = &Maintenance> {
        self.orders.windows()
    }

    /// The digest of a storm that goes on.
    pub fn digest(&self) -> Option<&Alert> {
        self.storm.digest()
    }

    pub fn counts(&self) -> Counts {
        let overflowed = self.counts.overflowed + self.stories.overflowed();
        Counts { overflowed, ..self.counts.clone() }
    }

    /// Alerts that a digest stands for, by severity.
    pub fn digested(&self) -> [u64; 5] {
        self.storm.held()
    }

    /// What the desk has put down on an alert.
    pub fn marks(&self, alert: &Alert, wall: WallClock) -> Marks {
        let case = self.cases.get(&alert.id);
        let story = case.filter(|case| case.is_in_story);
        Marks {
            story: story.and_then(|_| self.stories.mark(alert, wall)),
            acknowledged: case.and_then(|case| Some(case.acknowledged.as_ref()?.mark.clone())),
            withheld: case.and_then(|case| case.withheld.as_deref().cloned()),
            runbook_url: self.runbooks.of(&alert.name),
        }
    }
}

#[cfg(test)]
mod tests;
