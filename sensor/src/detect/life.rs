//! The life of an alert: pending for as long as its rule says, firing, resolved; one for each rule
//! and device.

use std::{
    collections::BTreeMap,
    hash::{Hash, Hasher},
    time::Duration,
};

use super::{
    alert::{Alert, AlertState},
    engine::{Place, Watch},
    measure::Group,
    summary,
    threshold::Threshold,
};
use crate::{
    inventory::{Device, DeviceId},
    time::Moment,
};

/// What a rule measures for a device now: the highest of its groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub value: f64,
    /// The value is only a lower bound.
    pub is_capped: bool,
    pub group: Group,
    pub evidence_since: Moment,
}

impl Level {
    /// Takes the place of a lower one; of equals the first group stays, whatever the order.
    pub fn raise(&mut self, other: Self) {
        let evidence_since = self.evidence_since.min(other.evidence_since);
        if other.value > self.value || other.value == self.value && other.group < self.group {
            *self = other;
        }
        self.evidence_since = evidence_since;
    }
}

#[derive(Debug)]
enum Life {
    /// At the limit since.
    Pending(Moment),
    Firing {
        alert: Box<Alert>,
        reported_at: Moment,
        reported_value: f64,
        /// An alert of an earlier run stays until the windows have had time to fill.
        stays_until: Moment,
    },
}

/// The lives of all rules and devices; there are never more than windows.
#[derive(Debug)]
pub struct Lives {
    resend: Duration,
    lives: BTreeMap<Watch, Life>,
}

impl Lives {
    pub fn new(resend: Duration) -> Self {
        Self { resend, lives: BTreeMap::new() }
    }

    pub fn has(&self, watch: Watch) -> bool {
        self.lives.contains_key(&watch)
    }

    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.lives.values().filter_map(|life| match life {
            Life::Firing { alert, .. } => Some(&**alert),
            Life::Pending(_) => None,
        })
    }

    /// Goes on with an alert of an earlier run, which stays until `stays_until` at least.
    pub fn adopt(&mut self, watch: Watch, alert: Alert, stays_until: Moment) {
        let (reported_at, reported_value) = (alert.found_at, alert.value);
        let alert = Box::new(alert);
        self.lives.insert(watch, Life::Firing { alert, reported_at, reported_value, stays_until });
    }

    /// Follows the rules to other places. An alert of a rule that measures something else stays until
    /// the windows have had time to fill; those of rules that are gone are returned.
    pub fn relocate(
        &mut self,
        resend: Duration,
        places: &[Place],
        stays_until: &[Moment],
    ) -> Vec<Alert> {
        self.resend = resend;
        let mut strangers = Vec::new();
        for ((rule, device), mut life) in std::mem::take(&mut self.lives) {
            match (places[rule], &mut life) {
                (None, Life::Firing { alert, .. }) => strangers.push((**alert).clone()),
                (None, Life::Pending(_)) | (Some((_, false)), Life::Pending(_)) => {}
                (Some((place, is_alike)), life_now) => {
                    if let (false, Life::Firing { stays_until: until, .. }) = (is_alike, life_now) {
                        *until = stays_until[place];
                    }
                    self.lives.insert((place, device), life);
                }
            }
        }
        strangers
    }

    /// Moves every life on to `now`; a watch without a level measures nothing.
    pub fn evolve<'a>(
        &mut self,
        now: Moment,
        rules: &[Threshold],
        levels: &BTreeMap<Watch, Level>,
        device: &dyn Fn(DeviceId) -> Option<&'a Device>,
    ) -> Vec<Alert> {
        for (&watch, level) in levels {
            if level.value >= rules[watch.0].limit {
                self.lives.entry(watch).or_insert(Life::Pending(now));
            }
        }
        let mut alerts = Vec::new();
        let resend = self.resend;
        self.lives.retain(|watch, life| {
            let rule = &rules[watch.0];
            let level = levels.get(watch);
            match life {
                Life::Pending(since) => {
                    let Some(level) = level.filter(|level| level.value >= rule.limit) else {
                        return false;
                    };
                    if now.since(*since) >= rule.hold
                        && let Some(device) = device(watch.1)
                    {
                        let alert = Box::new(fire(rule, device, level, now));
                        alerts.push((*alert).clone());
                        *life = Life::Firing {
                            reported_at: now,
                            reported_value: alert.value,
                            stays_until: now,
                            alert,
                        };
                    }
                    true
                }
                Life::Firing { alert, reported_at, reported_value, stays_until } => {
                    let floor = rule.limit * rule.clear_below;
                    let Some(level) = level.filter(|level| level.value >= floor) else {
                        if now < *stays_until && device(watch.1).is_some() {
                            return true;
                        }
                        alert.state = AlertState::Resolved;
                        alert.resolved_at = Some(now);
                        alerts.push((**alert).clone());
                        return false;
                    };
                    alert.found_at = now;
                    if level.value > alert.value
                        && let Some(device) = device(watch.1)
                    {
                        alert.value = level.value;
                        alert.summary = summary::sentence(rule, device, level);
                    }
                    if alert.value > *reported_value && now.since(*reported_at) >= resend {
                        *reported_at = now;
                        *reported_value = alert.value;
                        alerts.push((**alert).clone());
                    }
                    true
                }
            }
        });
        alerts
    }
}

fn fire(rule: &Threshold, device: &Device, level: &Level, now: Moment) -> Alert {
    Alert {
        id: identify(&rule.id, &rule.name, device.id, now),
        rule: rule.id.clone(),
        name: rule.name.clone(),
        severity: rule.severity,
        state: AlertState::Firing,
        device: device.id,
        metric: rule.metric.name().to_owned(),
        value: level.value,
        limit: rule.limit,
        window: rule.window,
        summary: summary::sentence(rule, device, level),
        evidence_since: level.evidence_since,
        fired_at: now,
        found_at: now,
        resolved_at: None,
        evidence: Box::default(),
        marks: Box::default(),
    }
}

/// The same number for the same rule, device and moment in every run.
pub fn identify(rule: &str, name: &str, device: DeviceId, fired_at: Moment) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    (rule, name, device, fired_at).hash(&mut hasher);
    hasher.finish()
}

/// FNV-1a, 64 bits: the standard library does not promise that its hasher stays the same.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.0 = (self.0 ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
