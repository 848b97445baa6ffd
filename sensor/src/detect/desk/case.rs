//! One firing alert on its way over the desk: opened, grown, reviewed, closed.

use super::{
    Acknowledgement, Alert, AlertState, Cause, Deed, Desk, Handed, Note, Now, Record, Severity,
    Withheld,
};

/// Alerts whose state is remembered; more than thresholds and detections may have firing.
const MOST_CASES: usize = 131_072;
/// An acknowledged alert is told again when its number is so many times what it was.
const MUCH_LARGER: f64 = 2.0;

/// What is remembered of a firing alert.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) severity: Severity,
    /// Receivers were told that it fires, and not that it is over.
    pub(super) is_told: bool,
    pub(super) is_in_story: bool,
    pub(super) withheld: Option<Box<Withheld>>,
    pub(super) acknowledged: Option<Box<Acknowledged>>,
}

#[derive(Debug)]
pub(super) struct Acknowledged {
    pub(super) mark: Acknowledgement,
    pub(super) severity: Severity,
    pub(super) value: f64,
}

impl Desk {
    pub(super) fn open(&mut self, alert: Alert, now: &Now<'_>, handed: &mut Vec<Handed>) {
        if self.cases.len() >= MOST_CASES {
            self.counts.overflowed += 1;
            handed.push(Handed::Recorded(Record::Kept(alert)));
            return;
        }
        let case = Case {
            severity: alert.severity,
            is_told: false,
            is_in_story: false,
            withheld: None,
            acknowledged: None,
        };
        self.cases.insert(alert.id, case);
        let withheld = self.orders.withheld(&alert, (now.device)(alert.device), now.roles);
        match withheld {
            Some(withheld) => self.withhold(&alert, withheld),
            None => self.admit(&alert, now),
        }
        self.hand_on(alert, now, handed);
    }

    pub(super) fn grow(&mut self, alert: Alert, now: &Now<'_>, handed: &mut Vec<Handed>) {
        let Some(case) = self.cases.get_mut(&alert.id) else { return };
        let is_worse = alert.severity > case.severity;
        case.severity = alert.severity;
        if case.is_in_story {
            self.stories.go_on(&alert, now.moment);
        }
        let mut has_worsened = is_worse;
        let mut is_known = false;
        if let Some(known) = case.acknowledged.as_mut().filter(|known| !known.mark.is_outdated) {
            let is_outdated =
                alert.severity > known.severity || alert.value >= known.value * MUCH_LARGER;
            known.mark.is_outdated = is_outdated;
            has_worsened |= is_outdated;
            is_known = !is_outdated;
        }
        let is_held = case.withheld.as_ref().is_some_and(|each| each.cause == Cause::Digest);
        if has_worsened {
            let text = format!("{}: {}", alert.severity.name(), alert.summary);
            note(&alert, Deed::Worsened, "", text, now, handed);
        }
        if is_held && is_worse && self.storm.admit(alert.severity, now.moment) {
            self.release(&alert);
        }
        if is_known {
            self.keep(alert, now, handed);
        } else {
            self.hand_on(alert, now, handed);
        }
    }

    pub(super) fn close(&mut self, mut alert: Alert, now: &Now<'_>, handed: &mut Vec<Handed>) {
        alert.marks = Box::new(self.marks(&alert, now.wall));
        let case = self.cases.remove(&alert.id);
        if case.as_ref().is_some_and(|case| case.is_in_story) {
            self.stories.leave(alert.device, now.moment);
        }
        handed.push(match case {
            Some(Case { is_told: true, .. }) => Handed::Told(alert),
            _ => Handed::Recorded(Record::Kept(alert)),
        });
    }

    /// What is in force has changed.
    pub(super) fn review(&mut self, alert: &Alert, now: &Now<'_>, handed: &mut Vec<Handed>) {
        let Some(case) = self.cases.get_mut(&alert.id) else { return };
        let ordered = self.orders.withheld(alert, (now.device)(alert.device), now.roles);
        let before = case.withheld.as_deref().filter(|each| each.cause != Cause::Digest);
        match (before.cloned(), ordered) {
            (None, None) => {}
            (Some(before), Some(ordered)) if before == ordered => {}
            (Some(before), None) => {
                note(alert, Deed::Released, &before.owner, before.reason, now, handed);
                self.release(alert);
                self.admit(alert, now);
                self.hand_on(alert.clone(), now, handed);
            }
            (_, Some(ordered)) => {
                let was_told = std::mem::take(&mut case.is_told);
                if std::mem::take(&mut case.is_in_story) {
                    self.stories.leave(alert.device, now.moment);
                }
                note(alert, Deed::Withheld, &ordered.owner, ordered.reason.clone(), now, handed);
                self.withhold(alert, ordered);
                if was_told {
                    // Receivers hear that it is over for them.
                    let marks = Box::new(self.marks(alert, now.wall));
                    let (state, resolved_at) = (AlertState::Resolved, Some(now.moment));
                    let over = Alert { state, resolved_at, marks, ..alert.clone() };
                    handed.push(Handed::Told(over));
                }
                self.keep(alert.clone(), now, handed);
            }
        }
    }

    /// Puts it into its story and, in a storm, into the digest.
    pub(super) fn admit(&mut self, alert: &Alert, now: &Now<'_>) {
        self.stories.join(alert, None, now.moment);
        if let Some(case) = self.cases.get_mut(&alert.id) {
            case.is_in_story = true;
        }
        if !self.storm.admit(alert.severity, now.moment) {
            self.storm.hold(alert, now.moment);
            let (owner, reason) = (String::new(), String::new());
            self.withhold(alert, Withheld { cause: Cause::Digest, owner, reason, until: None });
        }
    }

    pub(super) fn withhold(&mut self, alert: &Alert, withheld: Withheld) {
        *self.counts.withheld.entry(withheld.cause).or_default() += 1;
        if let Some(case) = self.cases.get_mut(&alert.id) {
            case.withheld = Some(Box::new(withheld));
        }
    }

    pub(super) fn release(&mut self, alert: &Alert) {
        if let Some(case) = self.cases.get_mut(&alert.id) {
            case.withheld = None;
        }
    }

    /// To receivers, unless it is withheld from them.
    pub(super) fn hand_on(&mut self, mut alert: Alert, now: &Now<'_>, handed: &mut Vec<Handed>) {
        let case = self.cases.get_mut(&alert.id).filter(|case| case.withheld.is_none());
        let Some(case) = case else { return self.keep(alert, now, handed) };
        case.is_told = true;
        alert.marks = Box::new(self.marks(&alert, now.wall));
        handed.push(Handed::Told(alert));
    }

    pub(super) fn keep(&self, mut alert: Alert, now: &Now<'_>, handed: &mut Vec<Handed>) {
        alert.marks = Box::new(self.marks(&alert, now.wall));
        handed.push(Handed::Recorded(Record::Kept(alert)));
    }
}

fn note(
    alert: &Alert,
    deed: Deed,
    by: &str,
    text: String,
    now: &Now<'_>,
    handed: &mut Vec<Handed>,
) {
    let note = Note { alert: alert.id, at: now.time(), deed, by: by.to_owned(), text };
    handed.push(Handed::Recorded(Record::Noted(note)));
}
