//! Where and when it was measured, and who else was at work there.

use std::fs;

use jiff::Timestamp;
use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    pub date: String,
    pub processor: String,
    pub processors: usize,
    pub kernel: String,
    /// Mitigations that lengthen indirect calls and returns.
    pub mitigations: Vec<String>,
    /// Load averages over a minute, before and after.
    pub load_before: f64,
    pub load_after: f64,
    /// Time that the hypervisor gave to others, in percent.
    pub stolen_percent: f64,
    #[serde(skip)]
    stolen_before: Ticks,
}

/// All time of all CPUs, and what was stolen of it.
#[derive(Clone, Copy, Debug, Default)]
struct Ticks {
    all: u64,
    stolen: u64,
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn load() -> f64 {
    read("/proc/loadavg").split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(f64::NAN)
}

impl Ticks {
    /// From the first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal.
    fn now() -> Self {
        Self::parse(read("/proc/stat").lines().next().unwrap_or_default())
    }

    fn parse(line: &str) -> Self {
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
        Self { all: ticks.iter().sum(), stolen: ticks.get(7).copied().unwrap_or(0) }
    }
}

impl Machine {
    /// Looks before anything is measured.
    pub fn look() -> Self {
        let processors = read("/proc/cpuinfo");
        let model = processors.lines().find(|line| line.starts_with("model name"));
        let processor =
            model.and_then(|line| line.split_once(": ")).map_or("unknown", |pair| pair.1);
        let [system, release] =
            ["ostype", "osrelease"].map(|name| read(&format!("/proc/sys/kernel/{name}")));
        // What a distributor adds to the version says nothing here.
        let version = release.split('-').next().unwrap_or_default();
        let mitigation = |name: &str| {
            let state = read(&format!("/sys/devices/system/cpu/vulnerabilities/{name}"));
            state.strip_prefix("Mitigation: ").map(|state| format!("{name}: {state}"))
        };
        Self {
            date: Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            processor: processor.to_owned(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: format!("{system} {version}"),
            mitigations: ["spectre_v2", "spec_rstack_overflow", "retbleed"]
                .into_iter()
                .filter_map(mitigation)
                .collect(),
            load_before: load(),
            load_after: f64::NAN,
            stolen_percent: f64::NAN,
            stolen_before: Ticks::now(),
        }
    }

    /// When, on what, and beside what it was measured.
    pub fn sentence(&self) -> String {
        let Self { date, processor, processors, kernel, .. } = self;
        let mitigations = match &self.mitigations[..] {
            [] => "no mitigations".to_owned(),
            mitigations => mitigations.join(", "),
        };
        format!(
            "Measured {date} on {processors} CPUs ({processor}), {kernel}, {mitigations}. Noise: load \
             average {:.1} before and {:.1} after, {:.1} % of the time taken by the hypervisor.",
            self.load_before, self.load_after, self.stolen_percent
        )
    }

    /// Looks again when all is measured.
    pub fn look_again(&mut self) {
        let now = Ticks::now();
        let all = now.all.saturating_sub(self.stolen_before.all).max(1);
        let stolen = now.stolen.saturating_sub(self.stolen_before.stolen);
        self.stolen_percent = stolen as f64 * 100.0 / all as f64;
        self.load_after = load();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_time_is_the_eighth_number() {
        let ticks = Ticks::parse("cpu  10 1 20 300 4 0 5 60 7 0");
        assert_eq!((ticks.all, ticks.stolen), (400, 60));
    }
}
