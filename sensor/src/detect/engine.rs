//! The threshold engine: windows for each rule and device, and what has reached its limit.
//!
//! Nothing here reads a clock or does I/O. All state is bounded: windows, the values that they
//! hold, and the groups that one device may take of one rule; what finds no room is counted.

mod plan;
mod reload;

use std::collections::BTreeMap;

pub(super) use reload::Place;

use self::plan::Plan;
use super::{
    alert::Alert,
    life::{Level, Lives},
    measure::{Change, Group, Measure},
    opening,
    role::{self, Role},
    threshold::{Direction, Metric, Scope, Threshold},
    windows::{Look, Windows},
};
use crate::{
    inventory::{Device, DeviceId},
    observation::FlowDelta,
    time::Moment,
};

/// How long after a rule's window an alert of an earlier run is still thought to fire.
const GRACE: std::time::Duration = std::time::Duration::from_secs(60);

/// How much the engine may keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Windows of all rules and devices.
    pub windows: usize,
    /// Distinct values in all windows.
    pub values: usize,
    /// Peers or ports that a rule tells apart for one device.
    pub groups: u32,
}

impl Default for Bounds {
    /// At most about 40 MiB.
    fn default() -> Self {
        Self { windows: 65_536, values: 524_288, groups: 256 }
    }
}

/// How a TCP connection attempt ended, or that it has waited long enough for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionOutcome {
    /// The initiator.
    pub device: DeviceId,
    /// Nothing came back in time. A refusal is an answer.
    pub is_half_open: bool,
    /// When that was decided.
    pub at: Moment,
}

/// A rule (by its place) and a device.
pub(super) type Watch = (usize, DeviceId);

/// The rules, what they have measured, and the alerts that follow.
#[derive(Debug)]
pub struct Thresholds {
    rules: Vec<Threshold>,
    plan: Plan,
    roles: Vec<Role>,
    windows: Windows,
    lives: Lives,
    overflowed: u64,
    unattributed: u64,
}

impl Thresholds {
    /// `rules` are taken as checked; disabled ones are left out. A firing alert that has grown is
    /// given out again after `resend` at the earliest.
    pub fn new(
        mut rules: Vec<Threshold>,
        roles: Vec<Role>,
        resend: std::time::Duration,
        bounds: Bounds,
    ) -> Self {
        rules.retain(|rule| rule.enabled);
        Self {
            plan: Plan::of(&rules),
            rules,
            roles,
            windows: Windows::new(bounds),
            lives: Lives::new(resend),
            overflowed: 0,
            unattributed: 0,
        }
    }

    /// Adds what one flow did. `source` and `destination` are the devices of its two ends.
    pub fn observe(
        &mut self,
        delta: &FlowDelta,
        source: Option<DeviceId>,
        destination: Option<DeviceId>,
    ) {
        if source.is_none() {
            self.unattributed += 1;
        }
        let part = opening::part(delta);
        let kind = Plan::kind(delta);
        for turn in 0..self.plan.rules(kind).len() {
            let index = self.plan.rules(kind)[turn];
            let rule = &self.rules[index];
            let (device, peer) = match rule.direction {
                Direction::Sent => (source, delta.key.destination_words()),
                Direction::Received => (destination, delta.key.source_words()),
            };
            let Some(device) = device else { continue };
            if !rule.filter.passes(&delta.key, delta.opinion.application) {
                continue;
            }
            let change = Change::of(rule, delta, part, peer);
            let group = Group::of(rule, &delta.key, peer);
            self.apply((index, device), group, change);
        }
    }

    /// Adds how a connection attempt ended.
    pub fn observe_outcome(&mut self, outcome: ConnectionOutcome) {
        for index in 0..self.rules.len() {
            let metric = self.rules[index].metric;
            let counts = metric == Metric::HalfOpenShare
                || metric == Metric::HalfOpenRate && outcome.is_half_open;
            if !counts {
                continue;
            }
            let watch = (index, outcome.device);
            if let Some(measure) = self.window(watch, Group::default(), outcome.at) {
                measure.add_outcome(outcome.at, outcome.is_half_open);
            }
        }
    }

    /// Alerts that fire, have grown, or are resolved at `now`, in the order of rules and devices.
    /// `device` looks a device up; one that is no longer known has its alerts resolved.
    pub fn evaluate<'a>(
        &mut self,
        now: Moment,
        device: &dyn Fn(DeviceId) -> Option<&'a Device>,
    ) -> Vec<Alert> {
        let levels = self.levels(now, device);
        self.lives.evolve(now, &self.rules, &levels, device)
    }

    /// Goes on with alerts of an earlier run. The windows begin empty, so each stays until they have
    /// had time to fill. Returns those that no rule in force explains.
    pub fn adopt(&mut self, alerts: Vec<Alert>, now: Moment) -> Vec<Alert> {
        let mut strangers = Vec::new();
        for alert in alerts {
            let is_its = |rule: &Threshold| rule.id == alert.rule && rule.name == alert.name;
            match self.rules.iter().position(is_its) {
                Some(index) if !self.lives.has((index, alert.device)) => {
                    let stays_until = now + self.rules[index].window + GRACE;
                    self.lives.adopt((index, alert.device), alert, stays_until);
                }
                _ => strangers.push(alert),
            }
        }
        strangers
    }

    /// Puts other roles in force.
    pub fn set_roles(&mut self, roles: &[Role]) {
        self.roles = roles.to_vec();
    }

    /// The alerts that are firing, in the order of rules and devices.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.lives.firing()
    }

    /// The rules that are in force.
    pub fn rules(&self) -> &[Threshold] {
        &self.rules
    }

    /// How often something found no room.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Deltas whose sender is no known device.
    pub fn unattributed(&self) -> u64 {
        self.unattributed
    }

    /// Windows held at present.
    pub fn windows(&self) -> usize {
        self.windows.len()
    }

    fn apply(&mut self, watch: Watch, group: Group, change: Change) {
        match change {
            Change::Nothing => {}
            Change::Add(at, amount) => {
                if let Some(measure) = self.window(watch, group, at) {
                    measure.add(at, amount);
                }
            }
            Change::Seen(at) => {
                if let Some(measure) = self.window(watch, group, at) {
                    measure.see(at);
                }
            }
            Change::Remove(value) => {
                let distinct = self.windows.find(watch, group);
                if distinct
                    .and_then(Measure::distinct)
                    .is_some_and(|distinct| distinct.remove(&value))
                {
                    self.windows.values -= 1;
                }
            }
            Change::Insert(at, value) => {
                let has_room = self.windows.has_room_for_value();
                let Some(distinct) = self.window(watch, group, at).and_then(Measure::distinct)
                else {
                    return;
                };
                if distinct.is_full_for(&value) || !has_room && !distinct.contains(&value) {
                    self.overflowed += 1;
                } else if distinct.insert(value, at) {
                    self.windows.values += 1;
                }
            }
        }
    }

    /// The window of `watch` and `group`, made if there is room.
    fn window(&mut self, watch: Watch, group: Group, at: Moment) -> Option<&mut Measure> {
        let measure = self.windows.find_or_make(watch, group, &self.rules[watch.0], at);
        if measure.is_none() {
            self.overflowed += 1;
        }
        measure
    }

    /// Moves the windows on, drops the idle ones, and returns the highest value of each watch that
    /// is near its limit or has an alert.
    fn levels<'a>(
        &mut self,
        now: Moment,
        device: &dyn Fn(DeviceId) -> Option<&'a Device>,
    ) -> BTreeMap<Watch, Level> {
        let mut levels: BTreeMap<Watch, Level> = BTreeMap::new();
        let (rules, roles, lives) = (&self.rules, &self.roles, &self.lives);
        self.windows.evaluate(now, rules, |watch, group, measure| {
            let rule = &rules[watch.0];
            let (value, is_capped) = measure.value(rule, now);
            if value < rule.limit * rule.clear_below && !lives.has(watch) {
                return Look::Keep;
            }
            if device(watch.1).is_some_and(|device| applies(rule, roles, device)) {
                let level = Level {
                    value,
                    is_capped,
                    group,
                    evidence_since: measure.evidence_since(rule, now),
                };
                levels.entry(watch).and_modify(|highest| highest.raise(level)).or_insert(level);
            } else if rule.metric == Metric::Silence {
                // A silent device that is not watched makes its window again with its next frame.
                return Look::Drop;
            }
            Look::Again
        });
        levels
    }
}

/// Whether `rule` watches `device`.
fn applies(rule: &Threshold, roles: &[Role], device: &Device) -> bool {
    let is_in_scope = match &rule.scope {
        Scope::All => true,
        Scope::Role(name) => role::has_role(roles, name, device),
        Scope::Device(selector) => selector.selects(device),
    };
    let mut excepted = rule.except_roles.iter();
    is_in_scope && !excepted.any(|name| role::has_role(roles, name, device))
}

#[cfg(test)]
mod tests;
