//! All detections at work: each is told what happens, and what it finds becomes an alert unless the
//! device's role excuses it.

use std::{sync::Arc, time::Duration};

use super::{
    alert::Alert,
    detections,
    detector::{Detector, FlowSeen, Heard},
    estate::Estate,
    finding::Findings,
    incident::Incidents,
    indicators::Indicators,
    settings::Settings,
};
use crate::{event::DeviceChange, flow::FlowRecord, inventory::Device, time::Moment};

/// The detections that are switched on, and the alerts that they raised.
#[derive(Debug)]
pub struct Watch {
    posts: Vec<Post>,
    incidents: Incidents,
    alerts: Vec<Alert>,
    excused: u64,
    unattributed: u64,
}

#[derive(Debug)]
struct Post {
    settings: Settings,
    detector: Box<dyn Detector>,
    findings: Findings,
}

impl Watch {
    /// A firing alert that has grown is given out again after `resend` at the earliest.
    pub fn new(settings: &[Settings], resend: Duration) -> Self {
        let posts = settings.iter().filter(|each| each.enabled).filter_map(|each| {
            let name = each.description.name;
            let detection = detections::ALL.iter().find(|all| all.description.name == name)?;
            Some(Post {
                settings: each.clone(),
                detector: (detection.detector)(&each.parameters),
                findings: Findings::default(),
            })
        });
        Self {
            posts: posts.collect(),
            incidents: Incidents::new(resend),
            alerts: Vec::new(),
            excused: 0,
            unattributed: 0,
        }
    }

    /// Looks for these indicators of compromise too.
    pub fn with_indicators(mut self, indicators: Option<&Arc<Indicators>>) -> Self {
        if let Some(indicators) = indicators {
            for post in &mut self.posts {
                post.detector.take_indicators(indicators);
            }
        }
        self
    }

    pub fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>) {
        for post in &mut self.posts {
            post.detector.observe_flow(flow, estate, &mut post.findings);
        }
    }

    pub fn observe_record(&mut self, record: &FlowRecord, estate: &Estate<'_>) {
        for post in &mut self.posts {
            post.detector.observe_record(record, estate, &mut post.findings);
        }
    }

    pub fn observe_message(&mut self, heard: &Heard<'_>, estate: &Estate<'_>) {
        for post in &mut self.posts {
            post.detector.observe_message(heard, estate, &mut post.findings);
        }
    }

    pub fn observe_device(&mut self, change: DeviceChange, device: &Device, estate: &Estate<'_>) {
        for post in &mut self.posts {
            post.detector.observe_device(change, device, estate, &mut post.findings);
        }
    }

    /// Lets time pass to `now`; returns the alerts that fire, have grown or are resolved.
    pub fn advance(&mut self, now: Moment, estate: &Estate<'_>) -> Vec<Alert> {
        for Post { settings, detector, findings } in &mut self.posts {
            detector.advance(now, estate, findings);
            for finding in findings.drain() {
                if estate.has_any_role(finding.device, &settings.except_roles) {
                    self.excused += 1;
                } else if let Some(device) = estate.device(finding.device) {
                    self.incidents.found(settings, device, finding, &mut self.alerts);
                } else {
                    self.unattributed += 1;
                }
            }
        }
        let is_known = |id| estate.device(id).is_some();
        self.incidents.advance(now, is_known, &mut self.alerts);
        std::mem::take(&mut self.alerts)
    }

    /// Goes on with alerts of an earlier run; returns those that no detection in force explains.
    pub fn adopt(&mut self, alerts: Vec<Alert>) -> Vec<Alert> {
        let mut strangers = Vec::new();
        for alert in alerts {
            let is_its = |post: &&Post| {
                let description = post.settings.description;
                description.id == alert.rule && description.name == alert.name
            };
            match self.posts.iter().find(is_its) {
                Some(post) => strangers.extend(self.incidents.adopt(&post.settings, alert)),
                None => strangers.push(alert),
            }
        }
        strangers
    }

    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.incidents.firing()
    }

    /// How often something found no room, in the detectors or after them.
    pub fn overflowed(&self) -> u64 {
        let of_posts = self.posts.iter();
        let of_posts = of_posts.map(|post| post.detector.overflowed() + post.findings.overflowed());
        of_posts.sum::<u64>() + self.incidents.overflowed()
    }

    /// Findings on devices whose role excuses them.
    pub fn excused(&self) -> u64 {
        self.excused
    }

    /// Findings on devices that are no longer known.
    pub fn unattributed(&self) -> u64 {
        self.unattributed
    }
}
