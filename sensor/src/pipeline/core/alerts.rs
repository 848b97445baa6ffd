//! The alerts that are firing, and what people order about them.

use super::Core;
use crate::{
    detect::{
        Alert,
        desk::{DeskError, Now, OrderError, Suppression},
    },
    event::Event,
    time::Moment,
};

impl Core {
    /// Goes on with the alerts that an earlier run left firing.
    pub fn adopt(&mut self, firing: Vec<Alert>, now: Moment) {
        for alert in &firing {
            self.given_out.insert(alert.id);
            self.desk.adopt(alert);
        }
        let strangers = self.thresholds.adopt(firing, now);
        self.strangers = self.watch.adopt(strangers);
    }

    /// The alerts that are firing, as thresholds and detections have them.
    pub(super) fn raised(&self) -> impl Iterator<Item = &Alert> {
        self.thresholds.firing().chain(self.watch.firing())
    }

    /// The alerts that are firing, with what the desk has put down on them.
    pub fn firing(&self) -> impl Iterator<Item = Alert> {
        self.raised().chain(self.desk.digest()).map(|alert| self.marked(alert))
    }

    /// One that is firing.
    pub fn firing_alert(&self, id: u64) -> Option<Alert> {
        let mut firing = self.raised().chain(self.desk.digest());
        firing.find(|alert| alert.id == id).map(|alert| self.marked(alert))
    }

    fn marked(&self, alert: &Alert) -> Alert {
        Alert { marks: Box::new(self.desk.marks(alert, self.wall)), ..alert.clone() }
    }

    /// Somebody knows of a firing alert.
    ///
    /// # Errors
    ///
    /// As [`Desk::acknowledge`] says.
    pub fn acknowledge(
        &mut self,
        id: u64,
        by: &str,
        note: &str,
        now: Moment,
        events: &mut Vec<Event>,
    ) -> Result<(), DeskError> {
        let mut firing = self.thresholds.firing().chain(self.watch.firing());
        let alert = firing.find(|alert| alert.id == id).ok_or(DeskError::NotFiring(id))?;
        let inventory = &self.inventory;
        let (wall, roles) = (self.wall, self.roles.in_force());
        let now = Now { moment: now, wall, roles, device: &|id| inventory.device(id) };
        let mut handed = Vec::new();
        self.desk.acknowledge(alert, by, note, &now, &mut handed)?;
        self.hand_out(handed, events);
        Ok(())
    }

    /// Makes a suppression while running, and returns its number.
    ///
    /// # Errors
    ///
    /// As [`OrderError`] says.
    pub fn suppress(
        &mut self,
        suppression: Suppression,
        now: Moment,
        events: &mut Vec<Event>,
    ) -> Result<u32, OrderError> {
        let mut handed = Vec::new();
        let id = self.desk.suppress(suppression, self.wall.at(now), &mut handed)?;
        self.hand_out(handed, events);
        Ok(id)
    }

    /// Lifts a suppression that was made while running.
    ///
    /// # Errors
    ///
    /// When there is none of that number.
    pub fn lift(&mut self, id: u32, events: &mut Vec<Event>) -> Result<(), OrderError> {
        let mut handed = Vec::new();
        self.desk.lift(id, &mut handed)?;
        self.hand_out(handed, events);
        Ok(())
    }

    /// Roles that have ended since this was asked last.
    pub fn take_expired_roles(&mut self) -> Vec<String> {
        self.roles.take_expired()
    }

    /// How many roles have ended.
    pub fn expired_roles(&self) -> usize {
        self.roles.expired()
    }
}
