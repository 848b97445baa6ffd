//! An agent under load for long: whether memory, descriptors, CPU or the time of a scrape creep.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::drive::{Control, Drive, Load};
use super::error::BenchError;
use super::machine::Machine;
use super::process::Taken;
use super::read;
use super::tables::Table;
use crate::agent::{Agent, Settings};
use crate::lab::Lab;

#[derive(Clone, Debug)]
pub struct Options {
    /// The object with the bench's own programs.
    pub programs: PathBuf,
    pub minutes: u32,
}

const LOAD: Load = Load { devices: 1000, flows_each: 50, rate: 20_000 };
const SAMPLE: Duration = Duration::from_secs(2);
/// Share of the samples, from the first on, that are not looked at for a slope: the agent still
/// learns devices and flows.
const WARMING: f64 = 0.25;

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    pub seconds: f64,
    /// Memory that the agent has for itself.
    pub octets: u64,
    pub descriptors: usize,
    /// Of one CPU, since the sample before.
    pub cpu_share: f64,
    pub scrape_seconds: f64,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub minutes: u32,
    pub frames_sent: u64,
    pub received: u64,
    pub accounted: u64,
    pub slopes: Vec<Slope>,
    pub samples: Vec<Sample>,
}

/// How a figure moves, by the least squares of what follows the warming up.
#[derive(Clone, Debug, Serialize)]
pub struct Slope {
    pub figure: &'static str,
    pub unit: &'static str,
    pub mean: f64,
    pub per_hour: f64,
    /// Two standard errors of that: what chance alone may make of it.
    pub chance: f64,
}

/// A figure: its name, its unit, and how a sample shows it.
type Figure = (&'static str, &'static str, fn(&Sample) -> f64);

const FIGURES: [Figure; 4] = [
    ("memory", "MiB", |sample| sample.octets as f64 / f64::from(1 << 20)),
    ("descriptors", "", |sample| sample.descriptors as f64),
    ("CPU", "% of one", |sample| sample.cpu_share * 100.0),
    ("scrape", "ms", |sample| sample.scrape_seconds * 1e3),
];

/// Measures; tells `progress` of each minute.
///
/// # Errors
///
/// When the laboratory or the agent cannot be set up: needs root.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report, BenchError> {
    let mut machine = Machine::look();
    let lab = Lab::new("soak")?;
    let wire = lab.wire()?;
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"]))?;
    let mut drive = Drive::new(&read(&options.programs)?, &LOAD, &wire.sender)?;
    let control = Control::new(LOAD.rate);
    let sender = wire.sender.namespace.clone();
    let lasting = Duration::from_secs(60) * options.minutes;
    let samples = thread::scope(|scope| {
        let sending = scope.spawn(|| sender.in_namespace(|| drive.run(&control)));
        let samples = sample(&agent, lasting, &mut progress);
        control.end();
        let sent = sending.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        sent??;
        samples
    })?;
    thread::sleep(SAMPLE);
    let metrics = agent.metrics()?;
    machine.look_again();
    Ok(Report {
        machine,
        minutes: options.minutes,
        frames_sent: control.sent.into_inner(),
        received: metrics.received(),
        accounted: metrics.fates().iter().sum(),
        slopes: slopes(&samples),
        samples,
    })
}

fn sample(
    agent: &Agent,
    lasting: Duration,
    progress: &mut impl FnMut(&str),
) -> Result<Vec<Sample>, BenchError> {
    let mut samples: Vec<Sample> = Vec::new();
    let began = Instant::now();
    let (mut before, mut at) = (Taken::by(agent.id())?.cpu_seconds, 0.0);
    while began.elapsed() < lasting {
        thread::sleep(SAMPLE);
        let asked = Instant::now();
        agent.fetch("/metrics")?;
        let scrape_seconds = asked.elapsed().as_secs_f64();
        let (taken, seconds) = (Taken::by(agent.id())?, began.elapsed().as_secs_f64());
        if (seconds / 60.0) as u64 > (at / 60.0) as u64 {
            progress(&format!("{:.0} minutes, {} MiB", seconds / 60.0, taken.own_octets >> 20));
        }
        samples.push(Sample {
            seconds,
            octets: taken.own_octets,
            descriptors: taken.descriptors,
            cpu_share: (taken.cpu_seconds - before) / (seconds - at),
            scrape_seconds,
        });
        (before, at) = (taken.cpu_seconds, seconds);
    }
    Ok(samples)
}

fn slopes(samples: &[Sample]) -> Vec<Slope> {
    let warm = &samples[(samples.len() as f64 * WARMING) as usize..];
    let slope = |(figure, unit, show): Figure| {
        let points: Vec<_> =
            warm.iter().map(|sample| (sample.seconds / 3600.0, show(sample))).collect();
        let (mean, per_hour, chance) = line(&points);
        Slope { figure, unit, mean, per_hour, chance }
    };
    FIGURES.into_iter().map(slope).collect()
}

/// The mean, the slope of the line of least squares, and two standard errors of the slope.
fn line(points: &[(f64, f64)]) -> (f64, f64, f64) {
    let count = points.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let residue: f64 = points.iter().map(|&(a, b)| (b - y - slope * (a - x)).powi(2)).sum();
    (y, slope, 2.0 * (residue / (count - 2.0) / spread).sqrt())
}

impl Report {
    pub fn table(&self) -> String {
        let mut table = Table::new(["figure", "mean", "slope an hour", "chance alone"]);
        for Slope { figure, unit, mean, per_hour, chance } in &self.slopes {
            table.row([
                (*figure).to_owned(),
                format!("{mean:.2} {unit}"),
                format!("{per_hour:+.2}"),
                format!("±{chance:.2}"),
            ]);
        }
        format!(
            "{} minutes, {} samples, {} frames sent, {} received, {} of these in no book\n\n{}",
            self.minutes,
            self.samples.len(),
            self.frames_sent,
            self.received,
            self.received as i64 - self.accounted as i64,
            table.render()
        )
    }

    /// Writes a curve of each figure, as SVG.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn draw(&self, path: &Path) -> Result<(), BenchError> {
        fs::write(path, self.plot())
            .map_err(|source| BenchError::Write { path: path.to_owned(), source })
    }

    fn plot(&self) -> String {
        const WIDTH: f64 = 720.0;
        const HEIGHT: f64 = 120.0;
        const LEFT: f64 = 60.0;
        let panels = FIGURES.len() as f64;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n\
             <rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
            WIDTH + LEFT + 20.0,
            panels * (HEIGHT + 40.0) + 10.0
        );
        let longest = self.samples.last().map_or(1.0, |sample| sample.seconds);
        for (panel, (slope, (name, unit, show))) in self.slopes.iter().zip(FIGURES).enumerate() {
            let top = 30.0 + panel as f64 * (HEIGHT + 40.0);
            let highest = self.samples.iter().map(show).fold(1e-9, f64::max) * 1.1;
            let _ = writeln!(
                svg,
                "<text x=\"{LEFT}\" y=\"{}\">{name}, {unit}: {:+.2} an hour (±{:.2})</text>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{highest:.1}</text>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">0</text>\
                 <rect x=\"{LEFT}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
                 fill=\"none\" stroke=\"#b9c4cc\"/>",
                top - 6.0,
                slope.per_hour,
                slope.chance,
                LEFT - 6.0,
                top + 10.0,
                LEFT - 6.0,
                top + HEIGHT,
            );
            let points: Vec<String> = self
                .samples
                .iter()
                .map(|sample| {
                    let x = LEFT + sample.seconds / longest * WIDTH;
                    format!("{x:.1},{:.1}", top + HEIGHT - show(sample) / highest * HEIGHT)
                })
                .collect();
            let _ = writeln!(
                svg,
                "<polyline fill=\"none\" stroke=\"#d9622b\" points=\"{}\"/>",
                points.join(" ")
            );
        }
        svg.push_str("</svg>\n");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope_and_noise_has_none_beyond_chance() {
        let straight: Vec<_> = (0..10).map(|x| (f64::from(x), 3.0 + 2.0 * f64::from(x))).collect();
        let (mean, slope, chance) = line(&straight);
        assert!((mean - 12.0).abs() < 1e-9 && (slope - 2.0).abs() < 1e-9 && chance < 1e-6);
        let noise: Vec<_> = (0..100).map(|x| (f64::from(x), f64::from(x * 7919 % 13))).collect();
        let (_, slope, chance) = line(&noise);
        assert!(slope.abs() <= chance, "{slope} {chance}");
    }
}
