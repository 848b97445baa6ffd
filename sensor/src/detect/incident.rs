//! The life of an alert that findings raise: it fires with the first finding, grows with those that
//! follow, and is resolved when none came for as long as its detection says.

use std::{collections::BTreeMap, time::Duration};

use super::{
    alert::{Alert, AlertState},
    finding::Finding,
    life::identify,
    settings::Settings,
    summary,
};
use crate::{
    inventory::{Device, DeviceId},
    time::Moment,
};

/// Alerts that may fire at a time.
const MOST_INCIDENTS: usize = 16_384;

#[derive(Debug)]
struct Incident {
    alert: Alert,
    clears_after: Duration,
    reported_at: Moment,
    /// Something was added since it was given out.
    has_grown: bool,
}

/// The alerts of all detections that are firing: one for each detection and device.
#[derive(Debug)]
pub struct Incidents {
    resend: Duration,
    /// By the name of the detection.
    incidents: BTreeMap<(&'static str, DeviceId), Incident>,
    overflowed: u64,
}

impl Incidents {
    pub fn new(resend: Duration) -> Self {
        Self { resend, incidents: BTreeMap::new(), overflowed: 0 }
    }

    /// Takes a finding in; an alert that fires by it is put on `alerts`.
    pub fn found(
        &mut self,
        settings: &Settings,
        device: &Device,
        finding: Finding,
        alerts: &mut Vec<Alert>,
    ) {
        let key = (settings.description.name, finding.device);
        let severity = finding.severity.unwrap_or(settings.severity);
        let sentence = format!("{} {}", summary::subject(device), finding.sentence);
        let at = finding.at;
        if let Some(incident) = self.incidents.get_mut(&key) {
            let alert = &mut incident.alert;
            alert.found_at = alert.found_at.max(at);
            let is_worse = severity > alert.severity;
            if finding.value >= alert.value || is_worse {
                alert.value = finding.value;
                alert.summary = sentence;
            }
            alert.severity = alert.severity.max(severity);
            alert.evidence_since = alert.evidence_since.min(finding.since);
            alert.evidence.merge(finding.evidence);
            incident.has_grown = true;
            if is_worse {
                incident.reported_at = at;
                incident.has_grown = false;
                alerts.push(incident.alert.clone());
            }
            return;
        }
        if self.incidents.len() >= MOST_INCIDENTS {
            self.overflowed += 1;
            return;
        }
        let description = settings.description;
        let alert = Alert {
            id: identify(description.id, description.name, finding.device, at),
            rule: description.id.to_owned(),
            name: description.name.to_owned(),
            severity,
            state: AlertState::Firing,
            device: finding.device,
            metric: finding.metric.to_owned(),
            value: finding.value,
            limit: finding.limit,
            window: finding.window,
            summary: sentence,
            evidence_since: finding.since,
            fired_at: at,
            found_at: at,
            resolved_at: None,
            evidence: Box::new(finding.evidence),
            marks: Box::default(),
        };
        alerts.push(alert.clone());
        let clears_after = settings.clears_after;
        let incident = Incident { alert, clears_after, reported_at: at, has_grown: false };
        self.incidents.insert(key, incident);
    }

    /// Goes on with an alert of an earlier run, which is resolved when its time has passed since it
    /// was last found. Returns one that there is no room for.
    pub fn adopt(&mut self, settings: &Settings, alert: Alert) -> Option<Alert> {
        let key = (settings.description.name, alert.device);
        if self.incidents.contains_key(&key) || self.incidents.len() >= MOST_INCIDENTS {
            return Some(alert);
        }
        let (clears_after, reported_at) = (settings.clears_after, alert.found_at);
        let incident = Incident { alert, clears_after, reported_at, has_grown: false };
        self.incidents.insert(key, incident);
        None
    }

    /// Goes on with other settings: `clears_after` tells that of a detection in force. Returns the
    /// alerts of those that are not.
    pub fn reconfigure(
        &mut self,
        resend: Duration,
        clears_after: impl Fn(&str) -> Option<Duration>,
    ) -> Vec<Alert> {
        self.resend = resend;
        let mut strangers = Vec::new();
        self.incidents.retain(|(name, _), incident| match clears_after(name) {
            Some(clears_after) => {
                incident.clears_after = clears_after;
                true
            }
            None => {
                strangers.push(incident.alert.clone());
                false
            }
        });
        strangers
    }

    /// Puts on `alerts` what has grown and was not given out for a while, and what is resolved at
    /// `now`.
    pub fn advance(
        &mut self,
        now: Moment,
        is_known: impl Fn(DeviceId) -> bool,
        alerts: &mut Vec<Alert>,
    ) {
        let resend = self.resend;
        self.incidents.retain(|&(_, device), incident| {
            if now.since(incident.alert.found_at) > incident.clears_after || !is_known(device) {
                incident.alert.state = AlertState::Resolved;
                incident.alert.resolved_at = Some(now);
                alerts.push(incident.alert.clone());
                return false;
            }
            if incident.has_grown && now.since(incident.reported_at) >= resend {
                incident.has_grown = false;
                incident.reported_at = now;
                alerts.push(incident.alert.clone());
            }
            true
        });
    }

    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.incidents.values().map(|incident| &incident.alert)
    }

    /// Alerts that did not fire because too many did.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{detections, fixture},
        *,
    };
    use crate::detect::Evidence;

    fn settings() -> Settings {
        let description = detections::find("smb1_in_use").unwrap();
        Settings { clears_after: Duration::from_secs(600), ..Settings::new(description) }
    }

    fn finding(at: f64) -> Finding {
        Finding {
            device: DeviceId(7),
            severity: None,
            metric: "smb1_clients",
            value: 1.0,
            limit: 1.0,
            window: Duration::from_secs(60),
            sentence: "serves".to_owned(),
            evidence: Evidence::default(),
            since: fixture::seconds(at),
            at: fixture::seconds(at),
        }
    }

    fn advance(incidents: &mut Incidents, at: f64) -> Vec<AlertState> {
        let mut alerts = Vec::new();
        incidents.advance(fixture::seconds(at), |_| true, &mut alerts);
        alerts.iter().map(|alert| alert.state).collect()
    }

    #[test]
    fn an_alert_of_an_earlier_run_stays_until_its_time_has_passed_since_it_was_last_found() {
        let (settings, device) = (settings(), fixture::device(7));
        let mut alerts = Vec::new();
        let mut before = Incidents::new(Duration::from_secs(60));
        before.found(&settings, &device, finding(10.0), &mut alerts);
        before.found(&settings, &device, finding(100.0), &mut alerts);
        let stored = before.firing().next().unwrap().clone();
        let mut incidents = Incidents::new(Duration::from_secs(60));
        assert_eq!(incidents.adopt(&settings, stored.clone()), None);
        assert_eq!(advance(&mut incidents, 700.0), []);
        assert_eq!(advance(&mut incidents, 700.1), [AlertState::Resolved]);

        let mut incidents = Incidents::new(Duration::from_secs(60));
        incidents.adopt(&settings, stored.clone());
        let mut alerts = Vec::new();
        incidents.found(&settings, &device, finding(600.0), &mut alerts);
        assert_eq!(alerts, [], "it is the same alert");
        assert_eq!(incidents.firing().next().unwrap().id, stored.id);
        assert_eq!(advance(&mut incidents, 1200.0), [AlertState::Firing], "grown");
        assert_eq!(advance(&mut incidents, 1200.1), [AlertState::Resolved]);
    }
}
