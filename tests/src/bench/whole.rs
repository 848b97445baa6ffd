//! A whole agent at work: what it takes of CPU and memory with many devices and flows, and how long
//! a scrape and a reading of the maps take.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use sensor::config::Config;
use sensor::plan::Plan;
use serde::Serialize;

use super::document::put_section;
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
    pub is_quick: bool,
}

const RATE: u32 = 100_000;
/// Frames a second until every flow was seen.
const FILLING_RATE: u32 = 150_000;
const SCRAPES: usize = 100;
/// After every flow was sent, until it was read.
const SETTLING: Duration = Duration::from_secs(3);
/// After the last frame, until the books are closed: two sweeps over so large a table, and a second for
/// flows that grow slowly.
const CLOSING: Duration = Duration::from_secs(6);

#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub devices: u32,
    pub flows: u32,
    /// Frames a second that reached the agent's interface while it was measured.
    pub rate: f64,
    pub seconds: f64,
    /// What the plan says that the kernel's maps take.
    pub planned_octets: u64,
    pub before: Taken,
    pub after: Taken,
    /// CPU of the agent, in parts of one CPU.
    pub cpu_share: f64,
    /// Seconds, ascending.
    pub scrapes: Vec<f64>,
    pub page_octets: usize,
    /// Reading of the maps: the last, and the longest of all.
    pub cycle_seconds: f64,
    pub longest_cycle_seconds: f64,
    pub devices_seen: u64,
    pub flows_live: u64,
    pub received: u64,
    pub accounted: u64,
}

/// Measures; tells `progress` what comes next.
///
/// # Errors
///
/// When the laboratory or the agent cannot be set up: needs root.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report, BenchError> {
    let load = match options.is_quick {
        true => Load { devices: 1000, flows_each: 50, rate: RATE },
        false => Load { devices: 10_000, flows_each: 100, rate: RATE },
    };
    let lasting = Duration::from_secs(if options.is_quick { 10 } else { 40 });
    let mut machine = Machine::look();
    let lab = Lab::new("whole")?;
    let wire = lab.wire()?;
    let slots = (load.flows() * 4).next_power_of_two();
    let settings = Settings {
        flows: slots,
        ring: "64MiB",
        endpoints: 16_384,
        more: format!("[flow]\nmaximum = {}\n", load.flows().next_power_of_two()),
        ..Settings::on(&["rx0"])
    };
    let mut config = Config::default();
    config.capture.memory = None;
    config.capture.flows = Some(settings.flows);
    config.capture.endpoints = Some(settings.endpoints);
    config.capture.ring = Some(64 << 20);
    let planned_octets = Plan::of(&config).octets();
    let agent = Agent::start(&wire.receiver.namespace, settings)?;
    let before = Taken::by(agent.id())?;
    let mut drive = Drive::new(&read(&options.programs)?, &load, &wire.sender)?;
    let control = Control::new(FILLING_RATE);
    let sender = wire.sender.namespace.clone();
    let report = thread::scope(|scope| {
        let sending = scope.spawn(|| sender.in_namespace(|| drive.run(&control)));
        let measured = (|| -> Result<Report, BenchError> {
            progress("every flow once");
            while control.sent.load(Ordering::Relaxed) < u64::from(load.flows()) + 100_000 {
                thread::sleep(Duration::from_millis(100));
            }
            control.rate.store(load.rate, Ordering::Relaxed);
            thread::sleep(SETTLING);
            progress("at work");
            let (began, first) = (Instant::now(), Taken::by(agent.id())?);
            let link = wire.receiver.statistics()?.rx_packets;
            thread::sleep(lasting);
            let (after, seconds) = (Taken::by(agent.id())?, began.elapsed().as_secs_f64());
            let frames = wire.receiver.statistics()?.rx_packets - link;
            progress("scrapes");
            let mut scrapes = Vec::new();
            let mut page_octets = 0;
            for _ in 0..SCRAPES {
                let began = Instant::now();
                page_octets = agent.fetch("/metrics")?.1.len();
                scrapes.push(began.elapsed().as_secs_f64());
                thread::sleep(Duration::from_millis(50));
            }
            scrapes.sort_by(f64::total_cmp);
            let metrics = agent.metrics()?;
            Ok(Report {
                machine: machine.clone(),
                devices: load.devices,
                flows: load.flows(),
                rate: frames as f64 / seconds,
                seconds,
                planned_octets,
                before,
                after,
                cpu_share: (after.cpu_seconds - first.cpu_seconds) / seconds,
                scrapes,
                page_octets,
                cycle_seconds: metrics.get("wardline_cycle_duration_seconds", &[]).unwrap_or(0.0),
                longest_cycle_seconds: metrics
                    .get("wardline_cycle_duration_maximum_seconds", &[])
                    .unwrap_or(0.0),
                devices_seen: metrics.count("wardline_devices", &[]),
                flows_live: metrics.count("wardline_biflows", &[]),
                received: 0,
                accounted: 0,
            })
        })();
        control.end();
        let sent = sending.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        sent??;
        measured
    });
    let mut report = report?;
    thread::sleep(CLOSING);
    let metrics = agent.metrics()?;
    report.received = metrics.received();
    report.accounted = metrics.fates().iter().sum();
    machine.look_again();
    report.machine = machine;
    Ok(report)
}

impl Report {
    fn scrape(&self, percent: usize) -> f64 {
        let last = self.scrapes.len().saturating_sub(1);
        self.scrapes.get((self.scrapes.len() * percent / 100).min(last)).copied().unwrap_or(0.0)
    }

    /// Memory of its own that the agent takes.
    pub fn beyond_maps(&self) -> u64 {
        self.after.own_octets
    }

    pub fn table(&self) -> String {
        let mebibytes = |octets: u64| format!("{:.0} MiB", octets as f64 / f64::from(1 << 20));
        let milliseconds = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
        let mut table = Table::new(["figure", "bar", "found"]);
        let mut row = |figure: &str, bar: &str, found: String| {
            table.row([figure.to_owned(), bar.to_owned(), found]);
        };
        row("devices, flows", "10,000, 1,000,000", format!("{}, {}", self.devices, self.flows));
        row("frames a second", "100,000", format!("{:.0}", self.rate));
        row("memory beside the maps", "256 MiB", mebibytes(self.beyond_maps()));
        row("the same before any frame", "", mebibytes(self.before.own_octets));
        row("resident in all, mapped maps included", "", mebibytes(self.after.resident_octets));
        row("the kernel's maps, as planned", "", mebibytes(self.planned_octets));
        row("CPU of the agent, of one CPU", "10 %", format!("{:.1} %", 100.0 * self.cpu_share));
        row("scrape, median", "", milliseconds(self.scrape(50)));
        row("scrape, 99 in 100", "250 ms", milliseconds(self.scrape(99)));
        row("reading of the maps, last", "", milliseconds(self.cycle_seconds));
        row("reading of the maps, longest", "", milliseconds(self.longest_cycle_seconds));
        row("frames received", "", self.received.to_string());
        row("of these in no book", "0", (self.received as i64 - self.accounted as i64).to_string());
        table.render()
    }

    /// Writes the section of the page.
    ///
    /// # Errors
    ///
    /// When the page cannot be written.
    pub fn document(&self, page: &Path) -> Result<(), BenchError> {
        let section = format!("{METHOD}\n{}\n\n{}", self.machine.sentence(), self.table());
        put_section(page, "bench agent", &section)
    }
}

const METHOD: &str = "\
## A whole agent

`cargo xtask bench agent`: an agent on one end of a veth pair, live frames from the other; every flow
is seen every ten seconds or so, and none is answered (a conversation that is takes 48 octets more). The
sender works on the same machine. Memory beside the maps is what
the agent has for itself (`RssAnon`); CPU is the agent's own, without the program's, which runs where
frames are received. Scrapes are of the whole page, over HTTP.
";
