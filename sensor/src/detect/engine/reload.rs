//! Other rules for an engine at work: windows and alerts of rules that go on stay.

use std::time::Duration;

use super::{GRACE, Thresholds, plan::Plan};
use crate::{
    detect::{Alert, threshold::Threshold},
    time::Moment,
};

/// Where a rule has gone, and whether it still measures the same.
pub(in crate::detect) type Place = Option<(usize, bool)>;

impl Thresholds {
    /// Puts other rules in force; they are taken as checked, and disabled ones are left out.
    /// Returns the names of those whose windows begin empty because they measure something else,
    /// and the alerts that no rule in force explains.
    pub fn reconfigure(
        &mut self,
        rules: &[Threshold],
        resend: Duration,
        now: Moment,
    ) -> (Vec<String>, Vec<Alert>) {
        let rules: Vec<Threshold> = rules.iter().filter(|rule| rule.enabled).cloned().collect();
        let old = std::mem::replace(&mut self.rules, rules);
        self.plan = Plan::of(&self.rules);
        let rules = &self.rules;
        let place = |before: &Threshold| {
            let is_it = |rule: &Threshold| rule.id == before.id && rule.name == before.name;
            let place = rules.iter().position(is_it)?;
            Some((place, measures_alike(before, &rules[place])))
        };
        let places: Vec<Place> = old.iter().map(place).collect();
        self.windows.relocate(rules, |rule| {
            let (place, is_alike) = places[rule]?;
            is_alike.then_some(place)
        });
        let stays_until: Vec<Moment> = rules.iter().map(|rule| now + rule.window + GRACE).collect();
        let strangers = self.lives.relocate(resend, &places, &stays_until);
        let anew = places.iter().flatten().filter(|(_, is_alike)| !is_alike);
        (anew.map(|(place, _)| rules[*place].name.clone()).collect(), strangers)
    }
}

/// Whether two rules fill their windows in the same way: they may differ in the limit and in whom
/// it is for.
fn measures_alike(one: &Threshold, other: &Threshold) -> bool {
    (one.metric, one.window, one.direction, &one.filter)
        == (other.metric, other.window, other.direction, &other.filter)
        && (one.per_peer, one.per_port, one.failed)
            == (other.per_peer, other.per_port, other.failed)
}

#[cfg(test)]
mod tests;
