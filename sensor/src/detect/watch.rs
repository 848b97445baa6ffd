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
    interest::{Places, Roster},
    settings::Settings,
};
use crate::{
    event::DeviceChange,
    flow::FlowRecord,
    inventory::Device,
    time::{Moment, WallClock},
};

/// The detections that are switched on, and the alerts that they raised.
#[derive(Debug)]
pub struct Watch {
    posts: Vec<Post>,
    roster: Roster,
    incidents: Incidents,
    alerts: Vec<Alert>,
    excused: u64,
    unattributed: u64,
    /// Of detectors that are no more.
    overflowed: u64,
}

#[derive(Debug)]
struct Post {
    settings: Settings,
    detector: Box<dyn Detector>,
    findings: Findings,
}

impl Post {
    fn new(settings: &Settings) -> Option<Self> {
        let name = settings.description.name;
        let detection = detections::ALL.iter().find(|all| all.description.name == name)?;
        Some(Self {
            settings: settings.clone(),
            detector: (detection.detector)(&settings.parameters),
            findings: Findings::default(),
        })
    }

    fn overflowed(&self) -> u64 {
        self.detector.overflowed() + self.findings.overflowed()
    }
}

// Each detection is in force once at most.
const _: () = assert!(detections::ALL.len() <= Places::BITS as usize);

fn roster(posts: &[Post]) -> Roster {
    Roster::of(posts.iter().map(|post| post.detector.interest()))
}

impl Watch {
    /// A firing alert that has grown is given out again after `resend` at the earliest.
    pub fn new(settings: &[Settings], resend: Duration) -> Self {
        let posts = settings.iter().filter(|each| each.enabled).filter_map(Post::new);
        let posts: Vec<Post> = posts.collect();
        Self {
            roster: roster(&posts),
            posts,
            incidents: Incidents::new(resend),
            alerts: Vec::new(),
            excused: 0,
            unattributed: 0,
            overflowed: 0,
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

    /// Puts other settings in force. A detection whose parameters are as they were goes on with what
    /// it has seen. Returns the names of those that begin anew, and the alerts that no detection in
    /// force explains.
    pub fn reconfigure(
        &mut self,
        settings: &[Settings],
        resend: Duration,
        indicators: Option<&Arc<Indicators>>,
    ) -> (Vec<String>, Vec<Alert>) {
        let mut old = std::mem::take(&mut self.posts);
        let mut anew = Vec::new();
        for each in settings.iter().filter(|each| each.enabled) {
            let name = each.description.name;
            let position = old.iter().position(|post| post.settings.description.name == name);
            let before = position.map(|position| old.swap_remove(position));
            let is_known = before.is_some();
            let kept = before.and_then(|post| match post.settings.parameters == each.parameters {
                true => Some(Post { settings: each.clone(), ..post }),
                false => {
                    self.overflowed += post.overflowed();
                    None
                }
            });
            if is_known && kept.is_none() {
                anew.push(name.to_owned());
            }
            self.posts.extend(kept.or_else(|| Post::new(each)));
        }
        self.overflowed += old.iter().map(Post::overflowed).sum::<u64>();
        self.roster = roster(&self.posts);
        let none = Arc::new(Indicators::new(WallClock::since_1970(), 0));
        for post in &mut self.posts {
            post.detector.take_indicators(indicators.unwrap_or(&none));
        }
        let in_force = |name: &str| {
            let post = self.posts.iter().find(|post| post.settings.description.name == name);
            post.map(|post| post.settings.clears_after)
        };
        (anew, self.incidents.reconfigure(resend, in_force))
    }

    /// What is in force, in the order of the settings.
    #[cfg(test)]
    pub fn settings(&self) -> Vec<&Settings> {
        self.posts.iter().map(|post| &post.settings).collect()
    }

    pub fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>) {
        let mut told = self.roster.told_of(flow.delta);
        while told != 0 {
            let post = &mut self.posts[told.trailing_zeros() as usize];
            post.detector.observe_flow(flow, estate, &mut post.findings);
            told &= told - 1;
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
        let of_posts: u64 = self.posts.iter().map(Post::overflowed).sum();
        of_posts + self.overflowed + self.incidents.overflowed()
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
