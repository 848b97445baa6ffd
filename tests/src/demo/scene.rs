//! What the demonstration knows: the last look at the agent, the rates since the
//! look before, and the alert that answers the outbreak.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use super::answers::{Alert, Observed};
use crate::lab::hospital::outbreak::Scanner;

/// Where the story is.
#[derive(Clone, Debug)]
pub enum Stage {
    Day { elapsed: Duration, of: Duration },
    Outbreak { station: &'static str, scanner: Scanner, addresses: u8, elapsed: Duration },
    After { is_kept: bool },
}

/// The alert that answers the outbreak.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub alert: Alert,
    /// From just before the first probe to the alert's own time, or to the
    /// moment we saw it when it carries none.
    pub after: Duration,
}

/// What the demonstration knows at one moment.
#[derive(Debug)]
pub struct Scene {
    pub stage: Stage,
    pub(super) gateway: String,
    pub(super) ready_in: Duration,
    pub(super) opened: Instant,
    pub(super) observed: Observed,
    /// Octets and their time at the last look, by device.
    last_octets: BTreeMap<String, (u64, Instant)>,
    pub(super) rates: BTreeMap<String, f64>,
    pub(super) shown: BTreeSet<String>,
    pub(super) answered: Option<Answered>,
}

impl Scene {
    pub fn new(gateway: &str, ready_in: Duration) -> Self {
        Self {
            stage: Stage::Day { elapsed: Duration::ZERO, of: Duration::ZERO },
            gateway: gateway.to_owned(),
            ready_in,
            opened: Instant::now(),
            observed: Observed::default(),
            last_octets: BTreeMap::new(),
            rates: BTreeMap::new(),
            shown: BTreeSet::new(),
            answered: None,
        }
    }

    /// Takes a new look at the agent, made at `now`.
    pub fn take(&mut self, observed: Observed, now: Instant) {
        for device in &observed.devices {
            let Some(octets) = device.octets else {
                continue;
            };
            let before = self.last_octets.insert(device.identity(), (octets, now));
            if let Some((before, then)) = before {
                let seconds = now.duration_since(then).as_secs_f64().max(0.001);
                self.rates
                    .insert(device.identity(), octets.saturating_sub(before) as f64 / seconds);
            }
        }
        self.observed = observed;
    }

    /// Looks for the first alert since the outbreak began; true once there is
    /// one. A file-server sweep (WL-002) goes before other rules.
    pub fn note_alert(&mut self, began: SystemTime, seen: SystemTime) -> bool {
        if self.answered.is_none() {
            let since_began = |alert: &Alert| match alert.fired_at {
                Some(at) => at.duration_since(began).ok(),
                None => seen.duration_since(began).ok(),
            };
            let candidates =
                self.observed.alerts.iter().filter_map(|alert| Some((alert, since_began(alert)?)));
            let first = candidates.min_by_key(|(alert, after)| (alert.rule != "WL-002", *after));
            self.answered = first.map(|(alert, after)| Answered { alert: alert.clone(), after });
        }
        self.is_answered()
    }

    pub fn is_answered(&self) -> bool {
        self.answered.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_the_alert_counts_from_the_first_probe_and_ignores_older_alerts() {
        let mut scene = Scene::new("wl-1-demo0-gw", Duration::ZERO);
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let alert = |rule: &str, second| Alert {
            rule: rule.to_owned(),
            fired_at: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(second)),
            ..Alert::default()
        };
        scene.observed.alerts = vec![alert("WL-001", 990)];
        assert!(!scene.note_alert(began, began));
        scene.observed.alerts.extend([alert("WL-010", 1_001), alert("WL-002", 1_002)]);
        assert!(scene.note_alert(began, began));
        let answered = scene.answered.unwrap();
        assert_eq!((answered.alert.rule.as_str(), answered.after.as_secs()), ("WL-002", 2));
    }
}
