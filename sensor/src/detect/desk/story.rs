//! Stories: what one device does, from the first alert on, over all stages of an attack.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use super::{
    marks::StoryMark,
    stage::{Stage, stage_of},
};
use crate::{
    detect::{Alert, Severity, life::identify},
    inventory::DeviceId,
    time::{Moment, WallClock},
};

/// Stories told at a time.
const MOST_STORIES: usize = 16_384;
/// A story ends when nothing of it has been firing for so long.
const ENDS_AFTER: Duration = Duration::from_secs(3600);
/// Stages from which a story is worse than the worst of its alerts.
const MANY_STAGES: usize = 3;

#[derive(Debug)]
struct Story {
    id: u64,
    start: Moment,
    last: Moment,
    stages: BTreeSet<Stage>,
    /// Of the worst alert.
    severity: Severity,
    /// Alerts that are firing.
    firing: u32,
}

impl Story {
    fn has_ended(&self, now: Moment) -> bool {
        self.firing == 0 && now.since(self.last) >= ENDS_AFTER
    }

    fn severity(&self) -> Severity {
        match self.stages.len() {
            MANY_STAGES.. => self.severity.raised(),
            _ => self.severity,
        }
    }
}

/// One story for each device that has alerts.
#[derive(Debug, Default)]
pub struct Stories {
    stories: HashMap<DeviceId, Story>,
    searched: Moment,
    overflowed: u64,
}

impl Stories {
    /// An alert fires. `id` is that of the story that it was part of in an earlier run.
    pub fn join(&mut self, alert: &Alert, id: Option<u64>, at: Moment) {
        if self.stories.get(&alert.device).is_some_and(|story| story.has_ended(at)) {
            self.stories.remove(&alert.device);
        }
        if !self.stories.contains_key(&alert.device) {
            self.expire(at);
            if self.stories.len() >= MOST_STORIES {
                self.overflowed += 1;
                return;
            }
        }
        let start = alert.evidence_since;
        let story = self.stories.entry(alert.device).or_insert_with(|| Story {
            id: id.unwrap_or_else(|| identify("story", "", alert.device, at)),
            start,
            last: at,
            stages: BTreeSet::new(),
            severity: alert.severity,
            firing: 0,
        });
        story.firing += 1;
        story.start = story.start.min(start);
        story.stages.extend(stage_of(&alert.rule));
        self.go_on(alert, at);
    }

    /// An alert of the story has grown.
    pub fn go_on(&mut self, alert: &Alert, at: Moment) {
        if let Some(story) = self.stories.get_mut(&alert.device) {
            story.last = story.last.max(at);
            story.severity = story.severity.max(alert.severity);
        }
    }

    /// An alert that had joined is resolved, or is withheld.
    pub fn leave(&mut self, device: DeviceId, at: Moment) {
        if let Some(story) = self.stories.get_mut(&device) {
            story.firing = story.firing.saturating_sub(1);
            story.last = story.last.max(at);
        }
    }

    pub fn mark(&self, alert: &Alert, wall: WallClock) -> Option<StoryMark> {
        let story = self.stories.get(&alert.device)?;
        Some(StoryMark {
            id: story.id,
            stage: stage_of(&alert.rule),
            stages: story.stages.iter().copied().collect(),
            severity: story.severity(),
            start: wall.at(story.start),
            last: wall.at(story.last),
        })
    }

    /// How many alerts found no room for a story of their device.
    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }

    /// Searches at most once a minute, so that a storm does not cost the square of it.
    fn expire(&mut self, now: Moment) {
        let is_full = self.stories.len() >= MOST_STORIES;
        let wait = if is_full { Duration::from_secs(1) } else { Duration::from_secs(60) };
        if now.since(self.searched) < wait {
            return;
        }
        self.searched = now;
        self.stories.retain(|_, story| !story.has_ended(now));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::*, *};

    fn mark(stories: &Stories, alert: &Alert) -> StoryMark {
        stories.mark(alert, WallClock::default()).unwrap()
    }

    fn of_rule(id: u64, rule: &str, severity: Severity) -> Alert {
        Alert { rule: rule.to_owned(), severity, ..alert(id, rule, 7) }
    }

    #[test]
    fn three_stages_make_it_one_step_worse() {
        let mut stories = Stories::default();
        let scan = of_rule(1, "WL-010", Severity::Medium);
        stories.join(&scan, None, at(1));
        let attempt = of_rule(2, "WL-003", Severity::High);
        stories.join(&attempt, None, at(2));
        let of_two = mark(&stories, &attempt);
        assert_eq!(of_two.stages, [Stage::Recon, Stage::Exploit]);
        assert_eq!((of_two.severity, of_two.stage), (Severity::High, Some(Stage::Exploit)));
        stories.join(&of_rule(3, "WL-002", Severity::Medium), None, at(3));
        let of_three = mark(&stories, &scan);
        assert_eq!((of_three.severity, of_three.id), (Severity::Critical, of_two.id));
        assert_eq!(of_three.last, WallClock::default().at(at(3)));
        assert_eq!(of_three.start, WallClock::default().at(scan.evidence_since));
    }

    #[test]
    fn what_is_no_stage_is_in_the_story_all_the_same() {
        let mut stories = Stories::default();
        let risk = of_rule(1, "WL-001", Severity::Low);
        stories.join(&risk, None, at(1));
        let story = mark(&stories, &risk);
        assert_eq!((story.stage, story.stages.len(), story.severity), (None, 0, Severity::Low));
    }

    #[test]
    fn a_story_goes_on_for_an_hour_and_then_another_begins() {
        let mut stories = Stories::default();
        let scan = of_rule(1, "WL-010", Severity::Medium);
        stories.join(&scan, None, at(1));
        let first = mark(&stories, &scan).id;
        stories.leave(scan.device, at(10));
        let begin = |stories: &mut Stories, seconds| {
            stories.join(&scan, None, at(seconds));
            stories.leave(scan.device, at(seconds));
            mark(stories, &scan).id
        };
        assert_eq!(begin(&mut stories, 3000), first);
        assert_ne!(begin(&mut stories, 3000 + 3601), first);
    }

    #[test]
    fn an_alert_of_an_earlier_run_brings_its_story_along() {
        let mut stories = Stories::default();
        let scan = of_rule(1, "WL-010", Severity::Medium);
        stories.join(&scan, Some(77), at(1));
        assert_eq!(mark(&stories, &scan).id, 77);
    }

    #[test]
    fn there_is_an_end_to_stories() {
        let mut stories = Stories::default();
        for device in 0..MOST_STORIES as u32 + 5 {
            let each = Alert { device: DeviceId(device), ..of_rule(1, "WL-010", Severity::Low) };
            stories.join(&each, None, at(1));
        }
        assert_eq!((stories.stories.len(), stories.overflowed()), (MOST_STORIES, 5));
    }
}
