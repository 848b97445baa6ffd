//! What the sensor made of the day: books, devices, alerts, and which attacks it found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::time::Duration;

use sensor::config::Config;
use sensor::detect::{Alert, Severity};
use sensor::inventory::{DeviceId, DeviceKey};
use sensor::pipeline::replay::{Replayed, replay_frames};
use sensor_common::books::Entry;
use serde::Serialize;

use super::attack::{Name, Staged};
use super::error::DayError;
use super::plan::{MIDNIGHT, Plan};
use super::site::{Site, firewall};
use super::source::Day;
use crate::frames::MacAddress;

/// How long after its end an attack may still be found, and alerts of others be its doing.
const GRACE: Duration = Duration::from_secs(300);
/// Only of attacks up to this length: a longer one would explain everything.
const SHORT: Duration = Duration::from_secs(1800);

/// Frames by fate, and whether they add up.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Books {
    pub received: u64,
    pub in_tunnels: u64,
    pub counted: u64,
    pub undissected: u64,
    pub lost: u64,
}

impl Books {
    pub fn balance(&self) -> bool {
        self.received + self.in_tunnels == self.counted + self.undissected + self.lost
    }
}

/// One alert, in its last state.
#[derive(Clone, Debug, Serialize)]
pub struct Alarm {
    pub rule: String,
    pub name: String,
    pub severity: Severity,
    /// Since midnight.
    pub at_seconds: f64,
    pub device: String,
    pub summary: String,
    /// The attack that explains it.
    pub attack: Option<String>,
    /// It fired with a lower severity, and what was found later raised it.
    pub was_raised: bool,
    #[serde(skip)]
    station: Option<MacAddress>,
}

/// What became of one attack.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    pub attack: String,
    pub actor: String,
    pub begins_seconds: f64,
    /// The first alert that names the actor.
    pub found_by: Option<String>,
    pub after_seconds: Option<f64>,
    /// Every rule that named the actor, and rules that named somebody else meanwhile.
    pub rules: BTreeSet<String>,
    pub named_others: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    pub devices_made: usize,
    /// Of those made.
    pub devices_found: usize,
    /// Hosts outside, behind the firewall.
    pub outside: usize,
    /// Neither made, nor outside, nor newcomers of an attack.
    pub strangers: Vec<String>,
    pub hours: f64,
    pub seed: u64,
    pub frames: u64,
    pub octets: u64,
    pub flows: u64,
    pub wall_seconds: f64,
    /// Of this process, the making of the frames included.
    pub processor_seconds: f64,
    pub peak_memory_octets: u64,
    pub books: Books,
    pub frames_by_hour: Vec<u64>,
    pub alarms: Vec<Alarm>,
    pub attacks: Vec<Verdict>,
}

/// Replays the day, and writes the sensor's events to `events`.
pub fn run(day: &mut Day, config: &Config, events: &mut dyn Write) -> Result<Outcome, DayError> {
    let replayed = replay_frames(day, config, Some(events), &mut |_, _| ());
    match replayed.error {
        Some(error) => Err(error.into()),
        None => Ok(judge(day, &replayed)),
    }
}

fn judge(day: &Day, replayed: &Replayed) -> Outcome {
    let (plan, site): (&Plan, &Site) = (&day.world().plan, &day.world().site);
    let staged = day.staged();
    let mut made: BTreeSet<MacAddress> =
        site.stations.iter().map(|each| each.host.station).collect();
    made.insert(firewall().station);
    let newcomers = staged.iter().filter(|each| each.is_newcomer).map(|each| each.actor);
    let newcomers: BTreeSet<MacAddress> = newcomers.collect();
    let (mut found, mut outside, mut strangers) = (BTreeSet::new(), 0, Vec::new());
    for device in replayed.core.inventory.devices() {
        match station_of(&device.key) {
            Some(station) if made.contains(&station) => {
                found.insert(station);
            }
            Some(station) if newcomers.contains(&station) => {}
            Some(station) => strangers.push(format!("{station} {:?}", device.addresses)),
            None => outside += 1,
        }
    }
    let mut alarms: Vec<Alarm> = lives(&replayed.summary.alerts)
        .map(|(first, last)| Alarm {
            was_raised: last.severity > first.severity,
            ..alarm(last, replayed, site)
        })
        .collect();
    alarms.sort_by(|one, other| one.at_seconds.total_cmp(&other.at_seconds));
    let attacks = verdicts(staged, &mut alarms);
    let rows = &replayed.rows;
    Outcome {
        devices_made: made.len(),
        devices_found: found.len(),
        outside,
        strangers,
        hours: plan.lasts().as_secs_f64() / 3600.0,
        seed: plan.seed,
        frames: replayed.summary.frames,
        octets: replayed.summary.octets,
        flows: replayed.summary.flows,
        wall_seconds: replayed.summary.elapsed.as_secs_f64(),
        processor_seconds: processor_time().as_secs_f64(),
        peak_memory_octets: peak_memory(),
        books: Books {
            received: rows.iter().map(|row| row.received_frames).sum(),
            in_tunnels: replayed.ledger.line(Entry::Encapsulated),
            counted: replayed.books.counted_packets,
            undissected: rows.iter().flat_map(|row| row.undissected_frames).sum(),
            lost: replayed.books.lost_packets,
        },
        frames_by_hour: day.tally().frames_by_hour.to_vec(),
        alarms,
        attacks,
    }
}

fn station_of(key: &DeviceKey) -> Option<MacAddress> {
    let DeviceKey::Station { station, .. } = key else { return None };
    let [.., a, b, c, d, e, f] = station.to_be_bytes();
    Some(MacAddress([a, b, c, d, e, f]))
}

/// The first and the last state of each alert.
fn lives(alerts: &[Alert]) -> impl Iterator<Item = (&Alert, &Alert)> {
    let mut lives: BTreeMap<u64, (&Alert, &Alert)> = BTreeMap::new();
    for alert in alerts {
        lives.entry(alert.id).or_insert((alert, alert)).1 = alert;
    }
    lives.into_values()
}

fn alarm(alert: &Alert, replayed: &Replayed, site: &Site) -> Alarm {
    let station = device_station(alert.device, replayed);
    let known = station.and_then(|it| site.stations.iter().find(|each| each.host.station == it));
    let device = match (known, station) {
        (Some(known), _) => format!("{} ({})", known.name, known.class.profile().name),
        (None, Some(station)) => station.to_string(),
        (None, None) => format!("device {}", alert.device.0),
    };
    let midnight = MIDNIGHT.as_micros() as u64;
    Alarm {
        rule: alert.rule.clone(),
        name: alert.name.clone(),
        severity: alert.severity,
        at_seconds: (alert.fired_at.as_micros().saturating_sub(midnight)) as f64 / 1e6,
        device,
        summary: alert.summary.clone(),
        attack: None,
        was_raised: false,
        station,
    }
}

fn device_station(id: DeviceId, replayed: &Replayed) -> Option<MacAddress> {
    replayed.core.inventory.device(id).and_then(|device| station_of(&device.key))
}

/// What becomes of the attacks; marks the alarms that they explain.
fn verdicts(staged: &[Staged], alarms: &mut [Alarm]) -> Vec<Verdict> {
    // First those that name an actor, so that no other attack claims them.
    let mut verdicts: Vec<Verdict> = staged.iter().map(|each| verdict(each, alarms)).collect();
    for (staged, verdict) in staged.iter().zip(&mut verdicts) {
        if staged.ends - staged.begins > SHORT {
            continue;
        }
        for alarm in alarms.iter_mut().filter(|each| is_during(staged, each)) {
            if alarm.attack.is_none() {
                let other = format!("{} {}: {}", alarm.rule, alarm.name, alarm.device);
                verdict.named_others.insert(other);
                alarm.attack = Some(verdict.attack.clone());
            }
        }
    }
    verdicts
}

fn is_during(staged: &Staged, alarm: &Alarm) -> bool {
    let until = staged.ends + GRACE;
    (staged.begins.as_secs_f64()..until.as_secs_f64()).contains(&alarm.at_seconds)
}

/// Whether an alarm names the actor.
fn verdict(staged: &Staged, alarms: &mut [Alarm]) -> Verdict {
    let begins = staged.begins.as_secs_f64();
    let mut verdict = Verdict {
        attack: staged.name.text(),
        actor: format!("{} ({})", staged.description, staged.actor),
        begins_seconds: begins,
        found_by: None,
        after_seconds: None,
        rules: BTreeSet::new(),
        named_others: BTreeSet::new(),
    };
    for alarm in alarms.iter_mut().filter(|each| each.station == Some(staged.actor)) {
        // An alert that fired before and was raised since; when, is not told.
        let is_raised = alarm.was_raised && alarm.at_seconds < begins;
        if !is_raised && !is_during(staged, alarm) {
            continue;
        }
        let rule = format!("{} {}", alarm.rule, alarm.name);
        if verdict.found_by.is_none() {
            verdict.found_by = Some(rule.clone());
            verdict.after_seconds = (!is_raised).then_some(alarm.at_seconds - begins);
        }
        verdict.rules.insert(rule);
        alarm.attack = Some(verdict.attack.clone());
    }
    verdict
}

impl Outcome {
    /// Alarms that no attack explains.
    pub fn false_alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.iter().filter(|alarm| alarm.attack.is_none())
    }

    pub fn false_alarms_of(&self, severity: Severity) -> usize {
        self.false_alarms().filter(|alarm| alarm.severity == severity).count()
    }

    /// Devices and days, in thousands: what the bar is for.
    pub fn thousand_device_days(&self) -> f64 {
        self.devices_made as f64 / 1000.0 * self.hours / 24.0
    }

    /// At most one high alert per thousand devices and day, and none critical.
    pub fn meets_bar(&self) -> bool {
        let most = self.thousand_device_days().floor().max(1.0) as usize;
        self.false_alarms_of(Severity::Critical) == 0
            && self.false_alarms_of(Severity::High) <= most
    }

    pub fn missed(&self) -> impl Iterator<Item = &Verdict> {
        self.attacks.iter().filter(|attack| attack.found_by.is_none())
    }

    pub fn found(&self, name: Name) -> bool {
        let name = name.text();
        self.attacks.iter().any(|attack| attack.attack == name && attack.found_by.is_some())
    }
}

/// The highest resident memory of this process (proc(5), VmHWM); 0 where that is not told.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

/// Time on a processor so far (the first number of /proc/self/schedstat, in nanoseconds).
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
