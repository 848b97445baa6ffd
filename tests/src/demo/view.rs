//! What is shown, as text: a page for a terminal, or the lines that are new
//! since the last look. Pure: given the same observations, the same text.

use std::fmt::Write as _;

use super::agent::web_address;
use super::answers::{Alert, Device};
use super::scene::{Answered, Scene, Stage};
use crate::lab::hospital::day::DayReport;
use crate::lab::hospital::outbreak::Scanner;

impl Scene {
    fn heading(&self) -> String {
        match &self.stage {
            Stage::Day { elapsed, of } => {
                format!("an ordinary day, {} s of {} s", elapsed.as_secs(), of.as_secs())
            }
            Stage::Outbreak { station, scanner, addresses, elapsed } => {
                let scanner = match scanner {
                    Scanner::Nmap => "nmap",
                    Scanner::Own => "own scanner",
                };
                let seconds = elapsed.as_secs();
                format!(
                    "OUTBREAK: the {station} sweeps port 445 of {addresses} addresses ({scanner}), {seconds} s"
                )
            }
            Stage::After { is_kept: true } => "after the outbreak; Ctrl-C ends".to_owned(),
            Stage::After { is_kept: false } => "after the outbreak".to_owned(),
        }
    }

    /// The whole page, each line cut to the terminal's width.
    pub fn page(&self, columns: usize) -> String {
        let mut page = format!(
            "Wardline at the hospital's gateway: {}\nagent ready in {:.2} s; metrics at http://{}/metrics inside {}; {} s\n\n",
            self.heading(),
            self.ready_in.as_secs_f64(),
            web_address(),
            self.gateway,
            self.opened.elapsed().as_secs(),
        );
        let devices = &self.observed.devices;
        let title = format!("{} devices", devices.len());
        let _ = writeln!(
            page,
            "{title:<18} {:<26} {:<15} {:>9}  applications",
            "vendor", "address", "rate"
        );
        for device in devices {
            let _ = writeln!(page, "{}", self.device_line(device));
        }
        let applications: Vec<String> = self
            .observed
            .application_octets()
            .iter()
            .map(|(name, octets)| format!("{name} {}", quantity(*octets as f64, "B")))
            .collect();
        let _ = writeln!(page, "\napplications  {}", applications.join(", "));
        let _ = writeln!(page, "frames        {}", self.fates());
        let _ = writeln!(page, "flows         {} shown by the agent", self.observed.flows.len());
        let _ = writeln!(page, "alerts        {}", self.observed.alerts.len());
        for alert in &self.observed.alerts {
            let _ = writeln!(page, "  {}", alert_line(alert));
        }
        if let Some(answered) = &self.answered {
            let _ = writeln!(
                page,
                "  >> {:.2} s from the first probe to the alert",
                answered.after.as_secs_f64()
            );
        }
        page.lines().map(|line| cut(line, columns) + "\n").collect()
    }

    fn device_line(&self, device: &Device) -> String {
        let address = device.addresses.first().map_or("", String::as_str);
        let rate = self
            .rates
            .get(&device.identity())
            .map_or_else(String::new, |rate| quantity(*rate, "B/s"));
        let name = if device.name.is_empty() { &device.hardware } else { &device.name };
        let applications = device.applications.join(" ");
        format!(
            "{:<18} {:<26} {address:<15} {rate:>9}  {applications}",
            cut(name, 18),
            cut(&device.vendor, 26)
        )
    }

    fn fates(&self) -> String {
        let fates: Vec<String> = self
            .observed
            .frame_fates()
            .iter()
            .map(|(fate, frames)| format!("{fate} {frames}"))
            .collect();
        fates.join(", ")
    }

    /// Lines about what was not there at the last look, and one about now.
    pub fn new_lines(&mut self) -> String {
        let mut lines = String::new();
        for device in &self.observed.devices {
            if self.shown.insert(device.identity()) {
                let _ = writeln!(lines, "device  {}", self.device_line(device).trim_end());
            }
        }
        for alert in &self.observed.alerts {
            if self.shown.insert(format!("{} {:?}", alert.rule, alert.fired_at)) {
                let _ = writeln!(lines, "alert   {}", alert_line(alert));
            }
        }
        let top: Vec<String> = self
            .observed
            .application_octets()
            .iter()
            .take(4)
            .map(|(name, octets)| format!("{name} {}", quantity(*octets as f64, "B")))
            .collect();
        let _ = writeln!(
            lines,
            "{:>3} s   {}: {} devices, {} flows, {} alerts; {}",
            self.opened.elapsed().as_secs(),
            self.heading(),
            self.observed.devices.len(),
            self.observed.flows.len(),
            self.observed.alerts.len(),
            top.join(", "),
        );
        lines
    }

    /// What was shown, in a few lines.
    pub fn conclusion(&self) -> String {
        let observed = &self.observed;
        let mut text = format!(
            "{} devices, {} applications; frames: {}\n",
            observed.devices.len(),
            observed.application_octets().len(),
            self.fates(),
        );
        match &self.answered {
            Some(Answered { alert, after }) => {
                let _ = write!(
                    text,
                    "the outbreak was reported {:.2} s after its first probe: {}",
                    after.as_secs_f64(),
                    alert_line(alert)
                );
            }
            None => text.push_str("the outbreak was NOT reported"),
        }
        text
    }
}

fn alert_line(alert: &Alert) -> String {
    let words = [&alert.rule, &alert.name, &alert.severity, &alert.device, &alert.summary];
    let words: Vec<&str> =
        words.into_iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    words.join("  ")
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

/// The first `columns` characters.
fn cut(text: &str, columns: usize) -> String {
    text.chars().take(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::answers::Observed;
    use std::time::{Duration, Instant};

    fn scene() -> Scene {
        let mut scene = Scene::new("wl-1-demo0-gw", Duration::from_millis(420));
        let device = Device {
            id: "21".to_owned(),
            name: "CT-ROOM-1".to_owned(),
            vendor: "Siemens Healthcare Diagnostics".to_owned(),
            hardware: "20:e7:91:00:a0:15".to_owned(),
            addresses: vec!["10.20.0.21".to_owned()],
            applications: vec!["dicom".to_owned()],
            octets: Some(1_000),
        };
        let later = Device { octets: Some(3_000), ..device.clone() };
        let now = Instant::now();
        scene.take(Observed { devices: vec![device], ..Observed::default() }, now);
        scene.take(
            Observed { devices: vec![later], ..Observed::default() },
            now + Duration::from_secs(2),
        );
        scene
    }

    #[test]
    fn page_shows_a_device_with_its_rate_and_keeps_to_the_width() {
        let page = scene().page(60);
        assert!(page.contains("CT-ROOM-1"), "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 60), "{page}");
        assert!(scene().page(120).contains("1.0 kB/s  dicom"));
    }

    #[test]
    fn a_device_is_new_only_once() {
        let mut scene = scene();
        assert!(scene.new_lines().contains("device  CT-ROOM-1"));
        assert!(!scene.new_lines().contains("device  CT-ROOM-1"));
    }
}
