//! What a replay costs, beside other readers of captures: each reads the same capture on one CPU,
//! taking turns.

mod readers;
mod traffic;

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;

use self::readers::{READERS, Reader, Spent};
pub use self::traffic::{TRAFFIC, Traffic};
use super::clock::stay_on_this_cpu;
use super::document::put_section;
use super::error::BenchError;
use super::figures::median;
use super::machine::Machine;
use super::tables::Table;
use crate::agent::{Scratch, executable, is_installed};

#[derive(Clone, Debug)]
pub struct Options {
    pub is_quick: bool,
    /// Another build of the agent, to be measured beside the present one.
    pub against: Option<PathBuf>,
}

/// One reader and one capture.
#[derive(Debug, Serialize)]
pub struct Reading {
    pub reader: String,
    pub what: &'static str,
    /// Of each round: CPU time of the reader and its children, time on the wall; seconds.
    pub cpu_seconds: Vec<f64>,
    pub wall_seconds: Vec<f64>,
    pub peak_octets: u64,
}

#[derive(Debug, Serialize)]
pub struct CaptureResult {
    pub name: &'static str,
    pub description: &'static str,
    pub frames: u32,
    pub octets: u64,
    pub results: Vec<Reading>,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub captures: Vec<CaptureResult>,
    /// Readers that are not installed here.
    pub missing: Vec<&'static str>,
}

/// Measures; tells `progress` what comes next.
///
/// # Errors
///
/// When the capture cannot be written or a reader fails.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report, BenchError> {
    let mut machine = Machine::look();
    stay_on_this_cpu().map_err(BenchError::Affinity)?;
    let ours = executable()?.into_os_string();
    let mut readers: Vec<(String, &Reader, std::ffi::OsString)> = Vec::new();
    let mut missing = Vec::new();
    for reader in &READERS {
        match reader.program {
            None => {
                readers.push((reader.name.to_owned(), reader, ours.clone()));
                if let Some(other) = &options.against {
                    let name = format!("{}, the other build", reader.name);
                    readers.push((name, reader, other.clone().into_os_string()));
                }
            }
            Some(program) if is_installed(program) => {
                readers.push((reader.name.to_owned(), reader, program.into()));
            }
            Some(program) => missing.push(program),
        }
    }
    let rounds = if options.is_quick { 2 } else { 5 };
    let scratch = Scratch::make("replay")?;
    let mut captures = Vec::new();
    for traffic in &TRAFFIC {
        progress(&format!("writing {}", traffic.name));
        let path = scratch.join("capture.pcap");
        let octets = write(traffic, &path)?;
        let mut spent: Vec<Vec<Spent>> = vec![Vec::new(); readers.len()];
        for round in 0..rounds {
            progress(&format!("{}, round {} of {rounds}", traffic.name, round + 1));
            for ((_, reader, program), spent) in readers.iter().zip(&mut spent) {
                spent.push(reader.run(program, &path, scratch.path())?);
            }
        }
        let results = readers.iter().zip(&spent).map(|((name, reader, _), spent)| Reading {
            reader: name.clone(),
            what: reader.what,
            cpu_seconds: spent.iter().map(|spent| spent.cpu_seconds).collect(),
            wall_seconds: spent.iter().map(|spent| spent.wall_seconds).collect(),
            peak_octets: spent.iter().map(|spent| spent.peak_octets).max().unwrap_or(0),
        });
        captures.push(CaptureResult {
            name: traffic.name,
            description: traffic.description,
            frames: traffic.frames(),
            octets,
            results: results.collect(),
        });
    }
    machine.look_again();
    Ok(Report { machine, captures, missing })
}

fn write(traffic: &Traffic, path: &Path) -> Result<u64, BenchError> {
    let write = || traffic.write(File::create(path)?);
    write().map_err(|source| BenchError::Write { path: path.to_owned(), source })
}

impl Report {
    pub fn table(&self) -> String {
        let mut table = Table::new([
            "capture",
            "reader",
            "million packets a second of CPU, median",
            "best",
            "on the wall, median",
            "ns a packet",
            "peak MiB",
            "of ours",
        ]);
        for capture in &self.captures {
            let rate = |seconds: f64| f64::from(capture.frames) / seconds / 1e6;
            let ours =
                capture.results.first().map_or(f64::NAN, |ours| median(ours.cpu_seconds.clone()));
            for (row, result) in capture.results.iter().enumerate() {
                let cpu = median(result.cpu_seconds.clone());
                let best = result.cpu_seconds.iter().copied().fold(f64::INFINITY, f64::min);
                table.row([
                    if row == 0 { capture.name.to_owned() } else { String::new() },
                    format!("{}: {}", result.reader, result.what),
                    format!("{:.2}", rate(cpu)),
                    format!("{:.2}", rate(best)),
                    format!("{:.2}", rate(median(result.wall_seconds.clone()))),
                    format!("{:.0}", cpu * 1e9 / f64::from(capture.frames)),
                    format!("{}", result.peak_octets >> 20),
                    format!("{:.2}", ours / cpu),
                ]);
            }
        }
        let mut text = table.render();
        for capture in &self.captures {
            let CaptureResult { name, description, frames, octets, .. } = capture;
            text.push_str(&format!(
                "\n*{name}*: {frames} frames, {:.0} MB; {description}.\n",
                *octets as f64 / 1e6
            ));
        }
        if !self.missing.is_empty() {
            text.push_str(&format!("\nNot installed: {}.\n", self.missing.join(", ")));
        }
        text
    }

    /// Writes the section of the page.
    ///
    /// # Errors
    ///
    /// When the page cannot be written.
    pub fn document(&self, page: &Path) -> Result<(), BenchError> {
        let section = format!("{METHOD}\n{}\n\n{}", self.machine.sentence(), self.table());
        put_section(page, "bench replay", &section)
    }
}

const METHOD: &str = "\
## Replaying a capture

`cargo xtask bench replay`: a capture that is made from a seed, a million frames of a hundred thousand
conversations in ten seconds, read by each reader in turn on one CPU, from memory (the page cache).
Conversations speak twenty protocols; frames are of 60 to 1,514 octets. Ours does all that the agent
does: it dissects, classifies, joins conversations, keeps an inventory, and looks for everything that
thresholds and detections look for, four times in each second of the capture. Others do other work.
Time is the process's own CPU time. The bar: 3 million packets a second, and ten times nDPI's reader.
";
