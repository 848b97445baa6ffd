//! The agent is killed and started again, and replaced by another build, while frames come.
//!
//! Four counts have to be the same frame for frame: what the sender's socket took, what the
//! receiving link counts, what Wardline's books hold, and what came out behind the program. Between
//! any two pages no counter that outlives the agent may fall, and the link on the interface is the
//! same one from beginning to end, whatever program is in it.

mod outcome;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::SoakError;
use super::continuity::falls;
use super::load::{Load, STATIONS, hardware};
use super::places::{Behind, OnHook, all_arrived};
use super::variant::other_build;
use crate::agent::{Agent, Metrics, Scratch, Settings, executable, wait_until};
use crate::frames::SeededRandom;
use crate::frames::inject::InjectionReport;
use crate::lab::{Lab, Wire, interrupt};

pub use outcome::{Frames, Outcome, Spread};

/// What is to be done, and how hard.
#[derive(Clone, Debug)]
pub struct Plan {
    /// SIGKILLs, each followed by a start.
    pub kills: usize,
    /// Orderly ends, each followed by a start of the other build.
    pub upgrades: usize,
    /// Frames a second.
    pub rate: u64,
    pub seed: u64,
    /// What to upgrade to and back; else a copy of the agent with other program octets.
    pub other: Option<PathBuf>,
}

/// Between two ends the agent lives at most so long.
const LONGEST_LIFE_MS: usize = 300;
/// Of so many kills one comes before the agent is ready.
const EARLY: usize = 4;
/// The load pauses, and all counts are compared, after so many ends.
const ROUND: usize = 50;
const PATIENCE: Duration = Duration::from_secs(30);
/// Older than the totals on the metrics page ever are.
const STALE: Duration = Duration::from_millis(700);
/// The events file is emptied when it is longer.
const LONGEST_EVENTS: u64 = 64 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Kill,
    Upgrade,
}

/// Runs the plan to its end. `tell` is given a line now and then.
///
/// # Errors
///
/// When it cannot be carried out; what goes wrong with the counts is in the outcome.
pub fn run(plan: &Plan, mut tell: impl FnMut(&str)) -> Result<Outcome, SoakError> {
    let lab = Lab::new("soak")?;
    let wire = lab.wire()?;
    let mut soak = Soak::begin(plan, &wire)?;
    let ends = soak.shuffled(plan);
    let mut told = 0;
    interrupt::install();
    for round in ends.chunks(ROUND) {
        soak.round(round)?;
        if interrupt::is_requested() {
            tell("stopped before its end");
            break;
        }
        tell(&soak.progress(plan));
        let faults = soak.outcome.faults();
        faults.iter().skip(told).for_each(|fault| tell(fault));
        told = faults.len();
    }
    Ok(soak.finish())
}

struct Soak<'a> {
    wire: &'a Wire,
    agent: Agent,
    /// The build that does not run now, and the one that does.
    other: PathBuf,
    current: PathBuf,
    _scratch: Scratch,
    random: SeededRandom,
    load: Load,
    behind: Behind,
    /// Numbers of the devices whose counters are watched one by one.
    devices: BTreeSet<String>,
    before: Metrics,
    began: Instant,
    outcome: Outcome,
}

impl<'a> Soak<'a> {
    fn begin(plan: &Plan, wire: &'a Wire) -> Result<Self, SoakError> {
        let scratch = Scratch::make("soak")?;
        let current = executable()?;
        let other = match &plan.other {
            Some(path) => path.clone(),
            None => other_build(&current, &scratch)?,
        };
        // Before the agent, so that it misses none of the frames.
        let behind = Behind::of(&wire.receiver)?;
        let settings = Settings { persist: true, log: "warn", ..Settings::on(&["rx0"]) };
        let agent = Agent::start(&wire.receiver.namespace, settings)?;
        let mut soak = Self {
            wire,
            before: agent.metrics()?,
            agent,
            other,
            current,
            _scratch: scratch,
            random: SeededRandom::new(plan.seed),
            load: Load::new(plan.seed, plan.rate),
            behind,
            devices: BTreeSet::new(),
            began: Instant::now(),
            outcome: Outcome::default(),
        };
        soak.look_at_hook()?;
        soak.greet()?;
        Ok(soak)
    }

    /// Lets every station say something, and learns which number it is known by.
    fn greet(&mut self) -> Result<(), SoakError> {
        let report = self.wire.sender.inject(Load::greetings())??;
        let stations: BTreeSet<String> =
            (0..STATIONS).map(|station| hardware(station).to_string()).collect();
        wait_until(PATIENCE, || {
            let devices = self.agent.list("devices").ok()?;
            let known = devices
                .iter()
                .filter(|device| device["mac"].as_str().is_some_and(|mac| stations.contains(mac)));
            self.devices = known.map(|device| device["id"].to_string()).collect();
            (self.devices.len() == stations.len()).then_some(())
        })
        .ok_or(SoakError::Strangers { known: self.devices.len() })?;
        self.count(&report)
    }

    /// Kills and upgrades in an order of chance.
    fn shuffled(&mut self, plan: &Plan) -> Vec<End> {
        let mut ends = vec![End::Kill; plan.kills];
        ends.resize(plan.kills + plan.upgrades, End::Upgrade);
        for last in (1..ends.len()).rev() {
            ends.swap(last, self.random.below(last + 1));
        }
        ends
    }

    /// Several ends while frames come, then a pause in which everything is counted.
    fn round(&mut self, ends: &[End]) -> Result<(), SoakError> {
        let is_over = AtomicBool::new(false);
        let (wire, mut load) = (self.wire, std::mem::replace(&mut self.load, Load::new(0, 1)));
        let (ended, injected) = thread::scope(|scope| {
            let frames = load.frames(|| !is_over.load(Ordering::Relaxed));
            let injection = scope.spawn(|| wire.sender.inject(frames));
            let mut ends = ends.iter().take_while(|_| !interrupt::is_requested());
            let ended = ends.try_for_each(|end| self.end(*end));
            is_over.store(true, Ordering::Relaxed);
            (ended, injection.join())
        });
        self.load = load;
        ended?;
        let report = injected.unwrap_or_else(|panic| std::panic::resume_unwind(panic))??;
        self.count(&report)
    }

    fn end(&mut self, end: End) -> Result<(), SoakError> {
        self.pause(LONGEST_LIFE_MS);
        self.compare()?;
        match end {
            End::Kill => self.kill()?,
            End::Upgrade => {
                self.agent.stop()?;
                std::mem::swap(&mut self.current, &mut self.other);
                self.agent.settings_mut().executable = Some(self.current.clone());
                self.agent.launch_again()?;
                self.outcome.upgrades += 1;
            }
        }
        self.outcome.starts.push(self.agent.wait_until_ready()?);
        self.look_at_hook()?;
        self.compare()?;
        self.empty_events();
        Ok(())
    }

    fn kill(&mut self) -> Result<(), SoakError> {
        self.agent.kill()?;
        self.outcome.kills += 1;
        self.agent.launch_again()?;
        if self.outcome.kills.is_multiple_of(EARLY) {
            self.pause(2 * LONGEST_LIFE_MS);
            self.agent.kill()?;
            self.outcome.kills_more += 1;
            self.agent.launch_again()?;
        }
        Ok(())
    }

    fn pause(&mut self, longest_ms: usize) {
        thread::sleep(Duration::from_millis(self.random.below(longest_ms) as u64));
    }

    /// No counter may have fallen since the page before.
    fn compare(&mut self) -> Result<(), SoakError> {
        let now = self.agent.metrics()?;
        self.outcome.pages += 1;
        self.outcome.note_falls(falls(&self.before, &now, &self.devices));
        self.before = now;
        Ok(())
    }

    fn look_at_hook(&mut self) -> Result<(), SoakError> {
        let hook = OnHook::of(&self.wire.receiver)?;
        self.outcome.note_hook(hook);
        Ok(())
    }

    /// Waits until the books are closed and holds all counts against each other.
    fn count(&mut self, report: &InjectionReport) -> Result<(), SoakError> {
        let frames = &mut self.outcome.frames;
        frames.sent += report.sent;
        frames.refused += report.refused.values().sum::<u64>();
        let sent = frames.sent;
        all_arrived(&self.wire.receiver, sent)?;
        wait_until(PATIENCE, || {
            let page = self.agent.metrics().ok()?;
            let ended: u64 = page.fates().iter().sum();
            (ended == sent + page.encapsulated()).then_some(())
        });
        thread::sleep(STALE);
        self.compare()?;
        let (sender, receiver) = (self.wire.sender.statistics()?, self.wire.receiver.statistics()?);
        let behind = self.behind.frames()?;
        let frames = &mut self.outcome.frames;
        frames.sender_dropped = sender.tx_dropped + sender.tx_errors;
        frames.arrived = receiver.rx_packets;
        frames.arrived_with_errors = receiver.rx_errors;
        frames.behind = behind;
        frames.received = self.before.received();
        frames.encapsulated = self.before.encapsulated();
        [frames.counted, frames.undissected, frames.lost] = self.before.fates();
        let applications = self.before.sum("wardline_application_packets_total", &[]);
        frames.by_application = applications;
        self.outcome.note_counts();
        Ok(())
    }

    /// An orderly end writes every flow; what is written is not looked at here.
    fn empty_events(&self) {
        let path = self.agent.events_path();
        if fs::metadata(&path).is_ok_and(|file| file.len() > LONGEST_EVENTS) {
            // The agent appends, so it goes on at the new end.
            let _ = fs::write(path, "");
        }
    }

    fn progress(&self, plan: &Plan) -> String {
        let Outcome { kills, upgrades, frames, .. } = &self.outcome;
        format!(
            "{:>5.0} s: {kills} of {} kills, {upgrades} of {} upgrades, {} frames, {} faults",
            self.began.elapsed().as_secs_f64(),
            plan.kills,
            plan.upgrades,
            frames.sent,
            self.outcome.faults().len(),
        )
    }

    fn finish(mut self) -> Outcome {
        self.outcome.seconds = self.began.elapsed().as_secs_f64();
        self.outcome
    }
}
