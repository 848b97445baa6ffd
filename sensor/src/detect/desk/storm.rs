//! The cap on new alerts: so many a minute are handed out one by one, the rest in a digest.
//!
//! An alert is held when as many of its severity or a worse one were handed out within the last
//! minute. So what comes at once is at most the cap, and milder alerts that came first take no room
//! from worse ones.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    detect::{Alert, AlertState, Evidence, Severity, life::identify},
    inventory::DeviceId,
    time::Moment,
};

const MINUTE: Duration = Duration::from_secs(60);
/// Pairs of severity and name that a digest tells apart; further ones are counted as others.
const MOST_ROWS: usize = 256;
/// The digest is about no device.
const NO_DEVICE: DeviceId = DeviceId(0);
pub const DIGEST: (&str, &str) = ("WL-000", "alert_digest");

#[derive(Debug)]
pub struct Storm {
    per_minute: u32,
    /// New alerts handed out within the last minute.
    admitted: VecDeque<(Moment, Severity)>,
    by_severity: [u32; 5],
    digest: Option<Digest>,
    held: [u64; 5],
}

#[derive(Debug)]
struct Digest {
    alert: Alert,
    rows: BTreeMap<(Severity, String), u64>,
    others: [u64; 5],
    last: Moment,
    reported_at: Option<Moment>,
}

impl Storm {
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            admitted: VecDeque::new(),
            by_severity: [0; 5],
            digest: None,
            held: [0; 5],
        }
    }

    /// Goes on with another cap.
    pub fn set_cap(&mut self, per_minute: u32) {
        self.per_minute = per_minute;
    }

    #[cfg(test)]
    pub fn cap(&self) -> u32 {
        self.per_minute
    }

    /// Whether one more new alert may be handed out.
    pub fn admit(&mut self, severity: Severity, now: Moment) -> bool {
        while let Some(&(at, past)) = self.admitted.front() {
            if now.since(at) < MINUTE {
                break;
            }
            self.admitted.pop_front();
            self.by_severity[past as usize] -= 1;
        }
        let as_severe: u32 = self.by_severity[severity as usize..].iter().sum();
        if as_severe >= self.per_minute {
            return false;
        }
        self.admitted.push_back((now, severity));
        self.by_severity[severity as usize] += 1;
        true
    }

    /// Counts an alert that may not.
    pub fn hold(&mut self, alert: &Alert, now: Moment) {
        self.held[alert.severity as usize] += 1;
        let digest = self.digest.get_or_insert_with(|| Digest::new(self.per_minute, now));
        digest.add(alert, now);
    }

    /// The digest, when it is to be told: at once when it begins, each minute while it grows, and
    /// when a minute has passed without a storm. That last one has the exact numbers.
    pub fn advance(&mut self, now: Moment) -> Option<Alert> {
        let digest = self.digest.as_mut()?;
        if now.since(digest.last) >= MINUTE {
            let mut digest = self.digest.take()?;
            digest.sum_up();
            digest.alert.state = AlertState::Resolved;
            digest.alert.resolved_at = Some(now);
            return Some(digest.alert);
        }
        let is_due =
            digest.reported_at.is_none_or(|at| now.since(at) >= MINUTE && digest.last > at);
        is_due.then(|| {
            digest.reported_at = Some(now);
            digest.sum_up();
            digest.alert.clone()
        })
    }

    /// The digest that is firing.
    pub fn digest(&self) -> Option<&Alert> {
        self.digest.as_ref().map(|digest| &digest.alert)
    }

    /// Alerts held since the start, by severity.
    pub fn held(&self) -> [u64; 5] {
        self.held
    }
}

impl Digest {
    fn new(per_minute: u32, now: Moment) -> Self {
        let (rule, name) = DIGEST;
        let alert = Alert {
            id: identify(rule, name, NO_DEVICE, now),
            rule: rule.to_owned(),
            name: name.to_owned(),
            severity: Severity::Info,
            state: AlertState::Firing,
            device: NO_DEVICE,
            metric: "alerts_held".to_owned(),
            value: 0.0,
            limit: f64::from(per_minute),
            window: MINUTE,
            summary: String::new(),
            evidence_since: now,
            fired_at: now,
            found_at: now,
            resolved_at: None,
            evidence: Box::default(),
            marks: Box::default(),
        };
        let (rows, others) = (BTreeMap::new(), [0; 5]);
        Self { alert, rows, others, last: now, reported_at: None }
    }

    fn add(&mut self, alert: &Alert, now: Moment) {
        self.last = now;
        self.alert.found_at = now;
        self.alert.value += 1.0;
        self.alert.severity = self.alert.severity.max(alert.severity);
        let is_full = self.rows.len() >= MOST_ROWS;
        let key = (alert.severity, alert.name.clone());
        match self.rows.get_mut(&key) {
            Some(count) => *count += 1,
            None if is_full => self.others[alert.severity as usize] += 1,
            None => {
                self.rows.insert(key, 1);
            }
        }
    }

    /// Puts the counts into the alert: by severity and name, the worst first.
    fn sum_up(&mut self) {
        let mut numbers = Vec::new();
        let mut words = Vec::new();
        for severity in Severity::ALL.into_iter().rev() {
            let mut sum = self.others[severity as usize];
            let first = numbers.len();
            for ((_, name), count) in self.rows.iter().filter(|((of, _), _)| *of == severity) {
                sum += count;
                numbers.push((format!("{} {name}", severity.name()), *count as f64));
            }
            if self.others[severity as usize] > 0 {
                let others = self.others[severity as usize] as f64;
                numbers.push((format!("{} others", severity.name()), others));
            }
            if sum > 0 {
                numbers.insert(first, (severity.name().to_owned(), sum as f64));
                words.push(format!("{sum} {}", severity.name()));
            }
        }
        self.alert.summary = format!(
            "{} alerts were not handed out one by one ({}): more than {} came within a minute; all \
             are in the store",
            self.alert.value,
            words.join(", "),
            self.alert.limit
        );
        *self.alert.evidence = Evidence { numbers, ..Evidence::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::*, *};

    fn of(severity: Severity, name: &str) -> Alert {
        Alert { severity, ..alert(1, name, 7) }
    }

    #[test]
    fn milder_alerts_take_no_room_from_worse_ones() {
        let mut storm = Storm::new(2);
        let admitted = [
            (Severity::Low, true),
            (Severity::Low, true),
            (Severity::Low, false),
            (Severity::Critical, true),
            (Severity::Medium, true),
            (Severity::Medium, false),
            (Severity::High, true),
            (Severity::Critical, true),
            (Severity::Critical, false),
        ];
        for (index, (severity, expected)) in admitted.into_iter().enumerate() {
            assert_eq!(storm.admit(severity, at(1)), expected, "{index}");
        }
    }

    #[test]
    fn a_minute_later_there_is_room_again() {
        let mut storm = Storm::new(1);
        assert!(storm.admit(Severity::Low, at(1)));
        assert!(!storm.admit(Severity::Low, at(60)));
        assert!(storm.admit(Severity::Low, at(61)));
    }

    #[test]
    fn the_digest_is_told_at_once_and_in_the_end_with_exact_numbers() {
        let mut storm = Storm::new(1);
        assert_eq!(storm.advance(at(1)), None);
        storm.hold(&of(Severity::Low, "port_scan"), at(1));
        let first = storm.advance(at(1)).unwrap();
        assert_eq!(
            (first.value, first.severity, first.state),
            (1.0, Severity::Low, AlertState::Firing)
        );
        for _ in 0..3 {
            storm.hold(&of(Severity::High, "udp_flood"), at(2));
        }
        assert_eq!(storm.advance(at(2)), None, "not so soon");
        storm.hold(&of(Severity::Low, "arp_scan"), at(61));
        assert_eq!(storm.advance(at(61)).unwrap().value, 5.0);
        let last = storm.advance(at(121)).unwrap();
        assert_eq!((last.id, last.state), (first.id, AlertState::Resolved));
        let expected = [
            ("high", 3.0),
            ("high udp_flood", 3.0),
            ("low", 2.0),
            ("low arp_scan", 1.0),
            ("low port_scan", 1.0),
        ];
        let expected = expected.map(|(name, count)| (name.to_owned(), count));
        assert_eq!(last.evidence.numbers, expected);
        assert!(
            last.summary.starts_with("5 alerts were not handed out one by one (3 high, 2 low)")
        );
        assert_eq!((storm.advance(at(122)), storm.digest()), (None, None));
    }

    #[test]
    fn names_beyond_the_rows_are_counted_as_others() {
        let mut storm = Storm::new(1);
        for index in 0..MOST_ROWS + 7 {
            storm.hold(&of(Severity::Low, &format!("rule_{index}")), at(1));
        }
        let digest = storm.advance(at(1)).unwrap();
        assert_eq!(digest.evidence.numbers.len(), MOST_ROWS + 2);
        assert_eq!(digest.evidence.numbers.last().unwrap(), &("low others".to_owned(), 7.0));
        assert_eq!(digest.evidence.numbers[0].1, (MOST_ROWS + 7) as f64);
    }
}
