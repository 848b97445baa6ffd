//! What the demonstration knows: the last look at the agent, the rates over the
//! last seconds, and the alert that answers the outbreak.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use super::answers::{Alert, Device, Observed};
use super::rates::Rates;
use crate::lab::hospital::outbreak::Scanner;

/// A device is marked as new for this long.
const NEWNESS: Duration = Duration::from_secs(3);

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
    /// From the arrival of the first probe at the gateway, if that was
    /// witnessed, to the alert's own time.
    pub after_probe: Option<Duration>,
    /// From the start of the scanner.
    pub after_start: Duration,
}

/// When the outbreak began.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    /// Just before the scanner was started.
    pub start: SystemTime,
    /// When its first probe reached the gateway, once that is known.
    pub first_probe: Option<SystemTime>,
}

/// What the demonstration knows at one moment.
#[derive(Debug)]
pub struct Scene {
    pub stage: Stage,
    pub(super) gateway: String,
    pub(super) ready_in: Duration,
    pub(super) opened: Instant,
    pub(super) observed: Observed,
    pub(super) device_rates: Rates<u32>,
    pub(super) application_rates: Rates<String>,
    first_shown: BTreeMap<u32, Instant>,
    pub(super) told: super::view::Told,
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
            device_rates: Rates::default(),
            application_rates: Rates::default(),
            first_shown: BTreeMap::new(),
            told: super::view::Told::default(),
            answered: None,
        }
    }

    /// Takes a new look at the agent, made at `now`.
    pub fn take(&mut self, observed: Observed, now: Instant) {
        for device in &observed.devices {
            self.device_rates.take(device.id, device.octets(), now);
            self.first_shown.entry(device.id).or_insert(now);
        }
        for (application, octets) in observed.application_octets() {
            self.application_rates.take(application, octets, now);
        }
        self.observed = observed;
    }

    pub(super) fn is_new(&self, device: &Device) -> bool {
        self.first_shown.get(&device.id).is_some_and(|first| first.elapsed() < NEWNESS)
    }

    pub(super) fn is_alerting(&self, device: &Device) -> bool {
        self.observed.alerts.iter().any(|alert| alert.device == device.id)
    }

    /// Looks for the first alert since the outbreak began; true once there is
    /// one. The file-server sweep (WL-002) goes before other rules.
    pub fn note_alert(&mut self, beginning: Beginning) -> bool {
        if self.answered.is_none() {
            let alerts = self.observed.alerts.iter();
            let candidates = alerts.filter_map(|alert| {
                let fired_at = alert.finding.fired_at?;
                let after_start = fired_at.duration_since(beginning.start).ok()?;
                let after_probe =
                    beginning.first_probe.and_then(|probe| fired_at.duration_since(probe).ok());
                Some(Answered { alert: alert.clone(), after_probe, after_start })
            });
            self.answered = candidates.min_by_key(|answered| {
                (answered.alert.finding.rule != "WL-002", answered.after_start)
            });
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
    use crate::demo::answers::Finding;

    #[test]
    fn time_to_the_alert_counts_from_the_first_probe_and_ignores_older_alerts() {
        let mut scene = Scene::new("wl-1-demo0-gw", Duration::ZERO);
        let at = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(second);
        let alert = |rule: &str, second| Alert {
            finding: Finding {
                rule: rule.to_owned(),
                fired_at: Some(at(second)),
                ..Finding::default()
            },
            ..Alert::default()
        };
        let beginning = Beginning { start: at(1_000), first_probe: Some(at(1_001)) };
        scene.observed.alerts = vec![alert("WL-001", 990)];
        assert!(!scene.note_alert(beginning));
        scene.observed.alerts.extend([alert("WL-010", 1_001), alert("WL-002", 1_003)]);
        assert!(scene.note_alert(beginning));
        let answered = scene.answered.unwrap();
        assert_eq!(answered.alert.finding.rule, "WL-002");
        assert_eq!(answered.after_start.as_secs(), 3);
        assert_eq!(answered.after_probe.unwrap().as_secs(), 2);
    }
}
