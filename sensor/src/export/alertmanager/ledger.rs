//! Which alert each Alertmanager has yet to be told, and when. Pure: the clock is an argument.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use super::posting::Posting;

/// What tells alerts apart: their labels, as Alertmanager does it.
type Labels = BTreeMap<String, String>;

/// Back-off after the first failure; it doubles with each.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// Short enough that what still fires is known half a minute after an outage.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A resolved alert that one Alertmanager has is offered to the others for so long.
const OFFERED: Duration = Duration::from_secs(15 * 60);
/// A resolved alert that nobody has taken is kept for so long.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Longest sleep, so that old entries are looked after.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// A state of an alert, so that accepting it says nothing about a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    labels: Labels,
    version: u64,
}

/// What the outbox has to be told.
#[derive(Debug, Default)]
pub struct Saving {
    pub new: Vec<(Ticket, Posting)>,
    pub obsolete: Vec<i64>,
}

#[derive(Debug)]
struct Entry {
    posting: Posting,
    version: u64,
    /// When to tell each target; `None` once there is nothing more to tell.
    due: Vec<Option<Instant>>,
    /// At least one target has taken this state.
    is_accepted: bool,
    /// Its state came from the outbox: it is delivered once and then left to expire.
    is_restored: bool,
    is_saved: bool,
    outbox: Option<i64>,
    changed_at: Instant,
}

#[derive(Debug, Default)]
struct Target {
    failures: u32,
    retry_at: Option<Instant>,
}

#[derive(Debug)]
pub struct Ledger {
    capacity: usize,
    resend: Duration,
    entries: HashMap<Labels, Entry>,
    targets: Vec<Target>,
    obsolete: Vec<i64>,
    versions: u64,
    dropped: u64,
    is_closed: bool,
    /// Draws the jitter.
    random: RandomState,
}

impl Ledger {
    pub fn new(capacity: usize, targets: usize, resend: Duration) -> Self {
        Self {
            capacity,
            resend,
            entries: HashMap::new(),
            targets: (0..targets).map(|_| Target::default()).collect(),
            obsolete: Vec::new(),
            versions: 0,
            dropped: 0,
            is_closed: false,
            random: RandomState::new(),
        }
    }

    /// Notes the latest state of an alert.
    pub fn put(&mut self, posting: Posting, now: Instant) {
        self.insert(posting, None, now);
    }

    /// Notes a state that the outbox held as `id`.
    pub fn restore(&mut self, posting: Posting, id: i64, now: Instant) {
        let newer = self.entries.get(&posting.labels);
        if newer.is_some_and(|entry| !entry.is_restored) {
            self.obsolete.push(id);
        } else {
            self.insert(posting, Some(id), now);
        }
    }

    fn insert(&mut self, posting: Posting, outbox: Option<i64>, now: Instant) {
        if self.targets.is_empty() || !self.has_room_for(&posting.labels) {
            self.dropped += 1;
            self.obsolete.extend(outbox);
            return;
        }
        self.versions += 1;
        let entry = Entry {
            version: self.versions,
            due: vec![Some(now); self.targets.len()],
            is_accepted: false,
            is_restored: outbox.is_some(),
            is_saved: outbox.is_some(),
            outbox,
            changed_at: now,
            posting,
        };
        let earlier = self.entries.insert(entry.posting.labels.clone(), entry);
        self.obsolete.extend(earlier.and_then(|entry| entry.outbox));
    }

    /// Whether an alert of these labels can be kept, if need be in place of the one resolved first.
    fn has_room_for(&mut self, labels: &Labels) -> bool {
        if self.entries.len() < self.capacity || self.entries.contains_key(labels) {
            return true;
        }
        let resolved = self.entries.values().filter(|entry| entry.posting.is_resolved());
        let first = resolved.min_by_key(|entry| entry.version);
        let Some(labels) = first.map(|entry| entry.posting.labels.clone()) else {
            return false;
        };
        self.dropped += 1;
        let victim = self.entries.remove(&labels);
        self.obsolete.extend(victim.and_then(|entry| entry.outbox));
        true
    }

    /// Entry `id` of the outbox is of no use.
    pub fn forget(&mut self, id: i64) {
        self.obsolete.push(id);
    }

    /// What changed for the outbox since the last call.
    pub fn unsaved(&mut self) -> Saving {
        let mut new = Vec::new();
        for entry in self.entries.values_mut().filter(|entry| !entry.is_saved) {
            entry.is_saved = true;
            if !entry.is_accepted {
                let ticket =
                    Ticket { labels: entry.posting.labels.clone(), version: entry.version };
                new.push((ticket, entry.posting.clone()));
            }
        }
        new.sort_by_key(|(ticket, _)| ticket.version);
        Saving { new, obsolete: std::mem::take(&mut self.obsolete) }
    }

    /// The outbox holds the state of `ticket` as `id`.
    pub fn saved(&mut self, ticket: &Ticket, id: i64) {
        match self.current(ticket) {
            Some(entry) => entry.outbox = Some(id),
            None => self.obsolete.push(id),
        }
    }

    /// What `target` is to be told now, longest waiting first, at most `maximum`.
    pub fn due(&mut self, target: usize, maximum: usize, now: Instant) -> Vec<(Ticket, Posting)> {
        self.drop_old(now);
        if self.targets[target].retry_at.is_some_and(|at| at > now) {
            return Vec::new();
        }
        let is_due = |entry: &&Entry| entry.due[target].is_some_and(|at| at <= now);
        let mut due: Vec<_> = self.entries.values().filter(is_due).collect();
        due.sort_by_key(|entry| (entry.due[target], entry.version));
        due.truncate(maximum);
        due.into_iter()
            .map(|entry| {
                let ticket =
                    Ticket { labels: entry.posting.labels.clone(), version: entry.version };
                (ticket, entry.posting.clone())
            })
            .collect()
    }

    /// `target` has taken these.
    pub fn accepted(&mut self, target: usize, tickets: &[Ticket], now: Instant) {
        self.targets[target] = Target::default();
        let resend = self.resend;
        for ticket in tickets {
            let Some(entry) = self.current(ticket) else {
                continue;
            };
            let is_over = entry.posting.is_resolved() || entry.is_restored;
            entry.due[target] = (!is_over).then_some(now + resend);
            entry.is_accepted = true;
            let outbox = entry.outbox.take();
            let is_done = entry.due.iter().all(Option::is_none);
            self.obsolete.extend(outbox);
            if is_done {
                self.entries.remove(&ticket.labels);
            }
        }
    }

    /// `target` has not taken these; returns those that the outbox holds.
    pub fn refused(&mut self, target: usize, tickets: &[Ticket], now: Instant) -> Vec<i64> {
        let failures = self.targets[target].failures;
        let pause = SHORTEST_PAUSE.saturating_mul(1 << failures.min(10));
        let pause = pause.min(LONGEST_PAUSE);
        // Half of it to all of it.
        let drawn = self.random.hash_one((target, failures, self.versions, now));
        let share = 0.5 + 0.5 * (drawn >> 11) as f64 / (1u64 << 53) as f64;
        self.targets[target] = Target {
            failures: failures.saturating_add(1),
            retry_at: Some(now + pause.mul_f64(share)),
        };
        let held = tickets.iter().filter_map(|ticket| {
            let entry = self.entries.get(&ticket.labels)?;
            entry.outbox.filter(|_| entry.version == ticket.version)
        });
        held.collect()
    }

    /// How long there will be nothing to send or to save.
    pub fn until_due(&self, now: Instant) -> Duration {
        if !self.obsolete.is_empty() || self.entries.values().any(|entry| !entry.is_saved) {
            return Duration::ZERO;
        }
        let when = |target: usize| {
            let due = self.entries.values().filter_map(move |entry| entry.due[target]);
            let first = due.min()?;
            Some(self.targets[target].retry_at.map_or(first, |at| at.max(first)))
        };
        let first = (0..self.targets.len()).filter_map(when).min();
        first.map_or(LONGEST_SLEEP, |at| at.saturating_duration_since(now).min(LONGEST_SLEEP))
    }

    /// Alerts whose latest state nobody has taken.
    pub fn waiting(&self) -> u64 {
        let waiting = self.entries.values().filter(|entry| !entry.is_accepted);
        waiting.count() as u64
    }

    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub fn close(&mut self) {
        self.is_closed = true;
    }

    pub const fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Tries every target at once, whatever its back-off.
    pub fn hurry(&mut self) {
        for target in &mut self.targets {
            *target = Target::default();
        }
    }

    fn current(&mut self, ticket: &Ticket) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(&ticket.labels);
        entry.filter(|entry| entry.version == ticket.version)
    }

    /// Gives up what has been resolved, or restored, for too long.
    fn drop_old(&mut self, now: Instant) {
        let (obsolete, dropped) = (&mut self.obsolete, &mut self.dropped);
        self.entries.retain(|_, entry| {
            let kept = if entry.is_accepted { OFFERED } else { KEPT };
            let is_over = entry.posting.is_resolved() || entry.is_restored;
            let is_kept = !is_over || now.saturating_duration_since(entry.changed_at) < kept;
            if !is_kept {
                *dropped += u64::from(!entry.is_accepted);
                obsolete.extend(entry.outbox);
            }
            is_kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::posting, *};

    const RESEND: Duration = Duration::from_secs(60);
    const MINUTE: Duration = Duration::from_secs(60);

    fn tickets(ledger: &mut Ledger, target: usize, now: Instant) -> Vec<Ticket> {
        let due = ledger.due(target, 10, now);
        due.into_iter().map(|(ticket, _)| ticket).collect()
    }

    #[test]
    fn what_fires_is_sent_again_and_what_is_resolved_is_not() {
        let (mut ledger, start) = (Ledger::new(10, 1, RESEND), Instant::now());
        ledger.put(posting(1, false), start);
        let first = tickets(&mut ledger, 0, start);
        assert_eq!(first.len(), 1);
        ledger.accepted(0, &first, start);
        assert_eq!(ledger.waiting(), 0);
        assert!(tickets(&mut ledger, 0, start + MINUTE / 2).is_empty());
        let again = tickets(&mut ledger, 0, start + MINUTE);
        assert_eq!(again, first);
        ledger.put(posting(1, true), start + MINUTE);
        // What is accepted late says nothing of the state that came since.
        ledger.accepted(0, &again, start + MINUTE);
        assert_eq!(ledger.waiting(), 1);
        let last = tickets(&mut ledger, 0, start + MINUTE);
        ledger.accepted(0, &last, start + MINUTE);
        assert!(tickets(&mut ledger, 0, start + 100 * MINUTE).is_empty());
        assert!(ledger.entries.is_empty());
    }

    #[test]
    fn every_target_is_told_and_one_that_is_away_delays_no_other() {
        let (mut ledger, start) = (Ledger::new(10, 2, RESEND), Instant::now());
        ledger.put(posting(1, true), start);
        let first = tickets(&mut ledger, 0, start);
        ledger.refused(0, &first, start);
        assert!(tickets(&mut ledger, 0, start).is_empty());
        ledger.accepted(1, &first, start);
        assert_eq!(ledger.waiting(), 0);
        let retried = tickets(&mut ledger, 0, start + SHORTEST_PAUSE);
        assert_eq!(retried, first);
        ledger.accepted(0, &retried, start + MINUTE);
        assert!(ledger.entries.is_empty());
    }

    #[test]
    fn the_pause_grows_to_half_a_minute_and_no_further() {
        let (mut ledger, start) = (Ledger::new(10, 1, RESEND), Instant::now());
        let pauses: Vec<_> = (0..40)
            .map(|_| {
                ledger.refused(0, &[], start);
                ledger.targets[0].retry_at.unwrap() - start
            })
            .collect();
        assert!((SHORTEST_PAUSE / 2..=SHORTEST_PAUSE).contains(&pauses[0]));
        assert!(pauses[39] >= LONGEST_PAUSE / 2);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE));
    }

    #[test]
    fn a_full_ledger_gives_up_what_was_resolved_first() {
        let (mut ledger, now) = (Ledger::new(3, 1, RESEND), Instant::now());
        ledger.put(posting(1, false), now);
        ledger.put(posting(2, true), now);
        ledger.put(posting(3, true), now);
        ledger.put(posting(4, false), now);
        ledger.put(posting(5, false), now);
        assert_eq!((ledger.dropped(), ledger.waiting()), (2, 3));
        ledger.put(posting(6, false), now);
        assert_eq!((ledger.dropped(), ledger.waiting()), (3, 3));
        // A state of one that is there always finds room.
        ledger.put(posting(5, true), now);
        assert_eq!((ledger.dropped(), ledger.waiting()), (3, 3));
    }

    #[test]
    fn the_outbox_holds_what_nobody_has_taken() {
        let (mut ledger, now) = (Ledger::new(10, 1, RESEND), Instant::now());
        ledger.put(posting(1, false), now);
        let saving = ledger.unsaved();
        assert_eq!(saving.new.len(), 1);
        ledger.saved(&saving.new[0].0, 77);
        assert!(ledger.unsaved().new.is_empty());
        let due = tickets(&mut ledger, 0, now);
        assert_eq!(ledger.refused(0, &due, now), [77]);
        ledger.put(posting(1, true), now);
        let saving = ledger.unsaved();
        assert_eq!(saving.obsolete, [77]);
        ledger.saved(&saving.new[0].0, 78);
        let due = tickets(&mut ledger, 0, now + MINUTE);
        ledger.accepted(0, &due, now);
        assert_eq!(ledger.unsaved().obsolete, [78]);
    }

    #[test]
    fn what_nobody_takes_for_a_day_is_given_up_once_resolved() {
        let (mut ledger, now) = (Ledger::new(10, 1, RESEND), Instant::now());
        ledger.put(posting(1, false), now);
        ledger.put(posting(2, true), now);
        assert_eq!(ledger.due(0, 10, now + KEPT).len(), 1);
        assert_eq!((ledger.dropped(), ledger.waiting()), (1, 1));
    }
}
