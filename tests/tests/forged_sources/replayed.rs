//! `wardline replay` as a process of its own, and what it said.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;
use tests::agent::executable;

use super::scene::{Host, START, station};

/// Lines between two looks at the process.
const LOOK: u64 = 4096;

/// One alert as it was handed out first.
#[derive(Clone, Debug)]
pub struct Told {
    pub name: String,
    pub severity: String,
    pub state: String,
    pub station: Option<String>,
    pub value: f64,
    /// Since the capture began.
    pub at: Duration,
    instance: u64,
}

#[derive(Debug, Default)]
pub struct Replayed {
    /// Every alert event, in order.
    pub told: Vec<Told>,
    pub received: u64,
    pub counted: u64,
    pub undissected: u64,
    pub lost: u64,
    pub devices: u64,
    /// What found no room, by where.
    pub no_room: BTreeMap<String, u64>,
    pub events: u64,
    /// The most memory of its own that was seen.
    pub peak_octets: u64,
    /// It, each time so many events were read.
    pub peaks: Vec<u64>,
    pub elapsed: Duration,
}

pub fn replay(settings: &Path, capture: &Path) -> Result<Replayed, Box<dyn Error>> {
    let started = Instant::now();
    let mut command = Command::new(executable()?);
    command.arg("replay").arg("--config").arg(settings).args(["--events", "-"]).arg(capture);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::with_capacity(1 << 18, child.stdout.take().ok_or("no output")?);
    let mut replayed = Replayed::default();
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        replayed.events += 1;
        // The rest is not looked at: parsing a million flows takes longer than all else.
        let is_stats = line.contains("\"event_type\":\"stats\"");
        if is_stats || line.contains("\"event_type\":\"alert\"") {
            replayed.read(&serde_json::from_str(&line)?)?;
        }
        if is_stats || replayed.events % LOOK == 0 {
            replayed.look(child.id());
        }
        line.clear();
    }
    let status = child.wait()?;
    replayed.elapsed = started.elapsed();
    if status.success() { Ok(replayed) } else { Err(format!("it ended with {status}").into()) }
}

impl Replayed {
    fn read(&mut self, event: &Value) -> Result<(), Box<dyn Error>> {
        let number = |value: &Value| value.as_u64().unwrap_or(0);
        if let Some(stats) = event.get("stats") {
            let frames = &stats["frames"];
            self.received = number(&frames["received"]);
            self.counted = number(&frames["counted"]);
            self.undissected = number(&frames["undissected"]);
            self.lost = number(&frames["lost"]);
            self.devices = number(&stats["devices"]);
            let places = stats["no_room"].as_object().into_iter().flatten();
            self.no_room = places.map(|(place, count)| (place.clone(), number(count))).collect();
            return Ok(());
        }
        let alert = &event["alert"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let at: Timestamp = text(&alert["fired_at"]).parse()?;
        self.told.push(Told {
            name: text(&alert["name"]),
            severity: text(&alert["severity"]),
            state: text(&alert["state"]),
            station: event["src_mac"].as_str().map(str::to_owned),
            value: alert["value"].as_f64().unwrap_or(0.0),
            at: Duration::from_micros(at.as_microsecond() as u64).saturating_sub(START),
            instance: number(&alert["instance"]),
        });
        Ok(())
    }

    /// Memory that it has for itself (proc(5), RssAnon): of the capture, which lies in memory too, the
    /// kernel keeps as much as it likes.
    fn look(&mut self, process: u32) {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        if let Some(kibibytes) = kibibytes {
            self.peak_octets = self.peak_octets.max(kibibytes * 1024);
            self.peaks.push(self.peak_octets);
        }
    }

    pub fn books_balance(&self) -> bool {
        self.received == self.counted + self.undissected + self.lost
    }

    fn of(&self, host: Host) -> impl Iterator<Item = &Told> {
        let station = station(host).to_string();
        self.told.iter().filter(move |told| told.station.as_ref() == Some(&station))
    }

    /// When an alert of this name about this device fired first.
    pub fn first(&self, host: Host, name: &str) -> Option<Duration> {
        self.of(host).filter(|told| told.name == name).map(|told| told.at).min()
    }

    pub fn names(&self, host: Host, name: &str) -> bool {
        self.first(host, name).is_some()
    }

    /// Names of the device's alerts of medium severity or more.
    pub fn grave(&self, host: Host) -> Vec<String> {
        let is_grave = |told: &&Told| !["info", "low"].contains(&told.severity.as_str());
        self.of(host).filter(is_grave).map(|told| told.name.clone()).collect()
    }

    /// By severity, the most alerts that began to fire within one minute and were handed out,
    /// the digest of the others left out. A second less is looked at: the cap goes by the moment of
    /// the reading that follows.
    pub fn busiest_minutes(&self) -> BTreeMap<&str, usize> {
        let mut seen = BTreeSet::new();
        let mut moments: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        let one_by_one = self.told.iter().filter(|told| told.name != "alert_digest");
        for told in one_by_one.filter(|told| seen.insert(told.instance)) {
            moments.entry(&told.severity).or_default().push(told.at);
        }
        let busiest = |mut moments: Vec<Duration>| {
            moments.sort_unstable();
            let until = |first: usize| moments[first] + Duration::from_secs(59);
            let within = |first| moments[first..].partition_point(|at| *at < until(first));
            (0..moments.len()).map(within).max().unwrap_or(0)
        };
        moments.into_iter().map(|(severity, moments)| (severity, busiest(moments))).collect()
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut by_name: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
        for told in &self.told {
            *by_name.entry((&told.severity, &told.name, &told.state)).or_default() += 1;
        }
        writeln!(
            out,
            "{} frames in {:.2} s, {:.0} a second; at most {} KiB resident; {} devices; new \
             alerts in the busiest minute: {:?}; no room: {:?}",
            self.received,
            self.elapsed.as_secs_f64(),
            self.received as f64 / self.elapsed.as_secs_f64(),
            self.peak_octets >> 10,
            self.devices,
            self.busiest_minutes(),
            self.no_room
        )?;
        let step = (self.peaks.len() / 10).max(1);
        let peaks: Vec<u64> = self.peaks.iter().step_by(step).map(|octets| octets >> 20).collect();
        writeln!(out, "resident in MiB as it went: {peaks:?}")?;
        for ((severity, name, state), count) in by_name {
            writeln!(out, "{count} {severity} {name} {state}")?;
        }
        Ok(())
    }
}
