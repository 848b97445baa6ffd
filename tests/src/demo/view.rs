//! What is shown, as text: a page for a terminal, or the lines that are new
//! since the last look. Pure: given the same observations, the same text.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::agent::web_address;
use super::answers::{Alert, Device};
use super::scene::{Answered, Scene, Stage};
use crate::lab::hospital::day::DayReport;
use crate::lab::hospital::outbreak::Scanner;

/// What stands around the devices and the applications on a page.
const OTHER_LINES: usize = 8;
const APPLICATION_CELL: usize = 32;

/// How a line of a page is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emphasis {
    Plain,
    Heading,
    Alarm,
}

pub type Line = (Emphasis, String);

/// What was told in lines, and need not be told again.
#[derive(Debug, Default)]
pub struct Told {
    devices: BTreeSet<(u32, String)>,
    alerts: BTreeSet<String>,
}

impl Scene {
    fn heading(&self) -> String {
        match &self.stage {
            Stage::Day { elapsed, of } => {
                format!("an ordinary day, {} s of {} s", elapsed.as_secs(), of.as_secs())
            }
            Stage::Outbreak { station, scanner, addresses, elapsed } => {
                let scanner = name_of(*scanner);
                let seconds = elapsed.as_secs();
                format!(
                    "OUTBREAK: the {station} sweeps TCP 445 on {addresses} addresses ({scanner}), {seconds} s"
                )
            }
            Stage::After { is_kept: true } => "after the outbreak; Ctrl-C ends".to_owned(),
            Stage::After { is_kept: false } => "after the outbreak".to_owned(),
        }
    }

    /// The whole page, each line cut to the terminal's width; if it is too long
    /// for the terminal, devices are left out.
    pub fn page(&self, columns: usize, rows: usize) -> Vec<Line> {
        let emphasis = match self.stage {
            Stage::Outbreak { .. } => Emphasis::Alarm,
            _ => Emphasis::Heading,
        };
        let mut page = vec![
            (emphasis, format!("Wardline on the hospital's gateway: {}", self.heading())),
            (Emphasis::Plain, self.about_the_agent()),
            (Emphasis::Plain, String::new()),
        ];
        let applications = self.application_lines(columns);
        let alerts = self.alert_lines(columns);
        let room = rows.saturating_sub(OTHER_LINES + applications.len() + alerts.len());
        page.extend(self.device_lines(room.max(5)));
        page.push((Emphasis::Plain, String::new()));
        page.extend(applications);
        page.push((Emphasis::Plain, format!("flows        {} under way", self.observed.flows)));
        page.push((Emphasis::Plain, format!("books        {}", self.books())));
        page.extend(alerts);
        page.into_iter().map(|(emphasis, line)| (emphasis, cut(&line, columns))).collect()
    }

    fn about_the_agent(&self) -> String {
        format!(
            "agent ready {:.2} s after its start; metrics: ip netns exec {} curl -s http://{}/metrics",
            self.ready_in.as_secs_f64(),
            self.gateway,
            web_address(),
        )
    }

    fn device_lines(&self, room: usize) -> Vec<Line> {
        let devices = &self.observed.devices;
        let title = format!("{} devices", devices.len());
        let heading = format!(
            "  {title:<18} {:<26} {:<12} {:>9} {:>10}  applications",
            "vendor", "address", "octets", "rate"
        );
        let mut lines = vec![(Emphasis::Heading, heading)];
        let mut sorted: Vec<&Device> = devices.iter().collect();
        sorted.sort_by_key(|device| (!self.is_alerting(device), device.id));
        let shown = if devices.len() > room { room.saturating_sub(1) } else { devices.len() };
        for device in &sorted[..shown] {
            let (emphasis, mark) = match device {
                device if self.is_alerting(device) => (Emphasis::Alarm, '!'),
                device if self.is_new(device) => (Emphasis::Plain, '+'),
                _ => (Emphasis::Plain, ' '),
            };
            lines.push((emphasis, format!("{mark} {}", self.device_line(device))));
        }
        if shown < devices.len() {
            let rest = devices.len() - shown;
            lines.push((Emphasis::Plain, format!("  and {rest} more; the terminal is too low")));
        }
        lines
    }

    fn device_line(&self, device: &Device) -> String {
        let rate = self.device_rates.of(&device.id);
        let rate = rate.map_or_else(String::new, |rate| quantity(rate, "B/s"));
        format!(
            "{:<18} {:<26} {:<12} {:>9} {rate:>10}  {}",
            cut(device.name(), 18),
            cut(device.vendor.as_deref().unwrap_or_default(), 26),
            cut(device.address(), 12),
            quantity(device.octets() as f64, "B"),
            device.applications.join(" "),
        )
    }

    fn application_lines(&self, columns: usize) -> Vec<Line> {
        let applications = self.observed.application_octets();
        let title = format!("{} applications, octets and rate", applications.len());
        let cells: Vec<String> = applications
            .iter()
            .map(|(name, octets)| {
                let rate = self.application_rates.of(name).unwrap_or_default();
                let cell = format!(
                    "  {:<8} {:>9} {:>10}",
                    cut(name, 8),
                    quantity(*octets as f64, "B"),
                    quantity(rate, "B/s")
                );
                format!("{cell:<APPLICATION_CELL$}")
            })
            .collect();
        let across = (columns / APPLICATION_CELL).max(1);
        let lines = cells.chunks(across).map(|cells| (Emphasis::Plain, cells.concat()));
        std::iter::once((Emphasis::Heading, format!("  {title}"))).chain(lines).collect()
    }

    fn books(&self) -> String {
        match self.observed.books() {
            None => "not answered".to_owned(),
            Some(books) if books.is_balanced() => format!("{books}: balanced"),
            Some(books) => {
                format!("{books}, {} since the last sweep", books.since_the_sweep())
            }
        }
    }

    fn alert_lines(&self, columns: usize) -> Vec<Line> {
        if self.observed.alerts.is_empty() {
            return vec![(Emphasis::Plain, "alerts       none".to_owned())];
        }
        let mut lines = Vec::new();
        for alert in &self.observed.alerts {
            let text = format!("ALERT  {}", told(alert));
            lines.extend(wrapped(&text, columns).into_iter().map(|line| (Emphasis::Alarm, line)));
        }
        if let Some(answered) = &self.answered {
            lines.push((Emphasis::Alarm, format!("       {}", answered.timing())));
        }
        lines
    }

    /// Lines about what was not there at the last look, and one about now.
    pub fn new_lines(&mut self) -> String {
        let mut lines = String::new();
        for device in &self.observed.devices {
            if self.told.devices.insert((device.id, device.name().to_owned())) {
                let address = device.address();
                let vendor = device.vendor.as_deref().unwrap_or_default();
                let (id, name) = (device.id, device.name());
                let _ = writeln!(lines, "device  {id:>2}  {name:<18} {vendor:<26} {address}");
            }
        }
        for alert in &self.observed.alerts {
            let line = told(alert);
            if self.told.alerts.insert(alert.finding.rule.clone()) {
                let _ = writeln!(lines, "ALERT   {line}");
            }
        }
        let top = self.observed.application_octets();
        let top: Vec<String> = top
            .iter()
            .take(3)
            .map(|(name, octets)| format!("{name} {}", quantity(*octets as f64, "B")))
            .collect();
        let received = self.observed.books().map_or(0, |books| books.received);
        let _ = writeln!(
            lines,
            "{:>3} s   {}: {} devices, {} flows, {received} frames; {}",
            self.opened.elapsed().as_secs(),
            self.heading(),
            self.observed.devices.len(),
            self.observed.flows,
            top.join(", "),
        );
        lines
    }

    /// What was shown, in a few lines.
    pub fn conclusion(&self) -> String {
        match &self.answered {
            Some(answered) => {
                format!("{}\n{}", told(&answered.alert), answered.timing())
            }
            None => "the outbreak was NOT reported".to_owned(),
        }
    }

    /// The books once nobody speaks any more.
    pub fn closing_books(&self) -> String {
        format!(
            "books: {}\n{} devices, {} applications",
            self.books(),
            self.observed.devices.len(),
            self.observed.application_octets().len(),
        )
    }
}

impl Answered {
    fn timing(&self) -> String {
        let start =
            format!("{:.2} s after the scanner was started", self.after_start.as_secs_f64());
        match self.after_probe {
            Some(after) => format!(
                "alerted {:.2} s after the first probe reached the gateway, {start}",
                after.as_secs_f64()
            ),
            None => format!("alerted {start}"),
        }
    }
}

fn name_of(scanner: Scanner) -> &'static str {
    match scanner {
        Scanner::Nmap => "nmap",
        Scanner::Own => "own scanner",
    }
}

fn told(alert: &Alert) -> String {
    let finding = &alert.finding;
    format!("{} {} {}: {}", finding.severity, finding.rule, finding.name, finding.summary)
}

/// What the speakers know of the day: the other side of the agent's account.
pub fn day_summary(day: &DayReport) -> String {
    let calls: u64 = day.values().map(|tally| tally.calls).sum();
    let failures: u64 = day.values().map(|tally| tally.failures).sum();
    let octets: u64 =
        day.values().map(|tally| tally.spoken.said_octets + tally.spoken.heard_octets).sum();
    let mut text = format!(
        "the speakers made {calls} calls in {} protocols, {} of application data, {failures} failures",
        day.len(),
        quantity(octets as f64, "B"),
    );
    for (protocol, tally) in day {
        if let Some(failure) = &tally.last_failure {
            let _ = write!(
                text,
                "\n  {protocol}: {} of {} failed, last {failure}",
                tally.failures, tally.calls
            );
        }
    }
    text
}

/// A quantity with a decimal prefix.
fn quantity(amount: f64, unit: &str) -> String {
    match amount {
        amount if amount >= 1e6 => format!("{:.1} M{unit}", amount / 1e6),
        amount if amount >= 1e3 => format!("{:.1} k{unit}", amount / 1e3),
        amount => format!("{amount:.0} {unit}"),
    }
}

/// The text in lines of at most `columns` characters, broken between words; all but the first are
/// indented.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if line.chars().count() + word.trim_end().chars().count() > columns {
            lines.push(format!("       {word}"));
        } else {
            line.push_str(word);
        }
    }
    lines
}

/// The first `columns` characters.
fn cut(text: &str, columns: usize) -> String {
    text.chars().take(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::answers::{Counts, Finding, Observed, samples_in};
    use std::time::{Duration, Instant};

    fn device() -> Device {
        Device {
            id: 21,
            host_name: Some("CT-ROOM-1".to_owned()),
            vendor: Some("Siemens Healthcare Diagnostics, Inc".to_owned()),
            mac: Some("20:e7:91:00:a0:15".to_owned()),
            addresses: vec!["fe80::1".to_owned(), "10.20.0.21".to_owned()],
            applications: vec!["dicom".to_owned()],
            sent: Counts { packets: 3, bytes: 1_000 },
            received: Counts::default(),
        }
    }

    fn scene() -> Scene {
        let mut scene = Scene::new("wl-1-demo0-gw", Duration::from_millis(420));
        let later = Device { sent: Counts { packets: 5, bytes: 3_000 }, ..device() };
        let now = Instant::now();
        scene.take(Observed { devices: vec![device()], ..Observed::default() }, now);
        let samples = samples_in(
            "wardline_frames_received_total 5\nwardline_frames_total{fate=\"counted\"} 5\n",
        );
        let observed = Observed { devices: vec![later], samples, ..Observed::default() };
        scene.take(observed, now + Duration::from_secs(2));
        scene
    }

    fn text(page: &[Line]) -> String {
        page.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    #[test]
    fn page_shows_a_device_with_its_rate_and_keeps_to_the_width() {
        let page = text(&scene().page(60, 40));
        assert!(page.contains("CT-ROOM-1"), "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 60), "{page}");
        let wide = text(&scene().page(140, 40));
        assert!(wide.contains("10.20.0.21      3.0 kB   1.0 kB/s  dicom"), "{wide}");
        assert!(wide.contains("5 counted + 0 undissected + 0 lost: balanced"), "{wide}");
    }

    #[test]
    fn a_low_terminal_keeps_the_device_with_the_alert() {
        let mut scene = scene();
        scene.observed.devices =
            (1..=30).map(|id| Device { id, host_name: None, ..device() }).collect();
        scene.observed.devices[29].host_name = Some("WARD-PC-51".to_owned());
        let finding = Finding { rule: "WL-002".to_owned(), ..Finding::default() };
        scene.observed.alerts = vec![Alert { device: 30, finding }];
        let page = scene.page(100, 24);
        assert!(page.len() <= 24, "{page:?}");
        assert!(text(&page).contains("! WARD-PC-51"), "{page:?}");
    }

    #[test]
    fn a_long_alert_is_broken_between_words() {
        assert_eq!(wrapped("ALERT  a b c", 9), ["ALERT  a ", "       b ", "       c"]);
        assert_eq!(wrapped("ALERT  a", 80), ["ALERT  a"]);
    }

    #[test]
    fn a_device_is_told_again_only_when_its_name_is_known() {
        let mut scene = scene();
        scene.observed.devices[0].host_name = None;
        assert!(scene.new_lines().contains("20:e7:91:00:a0:15"));
        assert!(!scene.new_lines().contains("device  "));
        scene.observed.devices[0].host_name = Some("CT-ROOM-1".to_owned());
        assert!(scene.new_lines().contains("device  21  CT-ROOM-1"));
    }
}
