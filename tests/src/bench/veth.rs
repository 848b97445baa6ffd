//! Frames over a real link: how many a second a receiver takes, with programs of different cost.
//!
//! One program makes frames and sends them down one end of a veth pair (live frames of
//! `BPF_PROG_TEST_RUN`); at the other end another receives and drops them. Both work on one CPU:
//! what the receiver takes longer for, the sender has less of. Receivers take turns, round by round.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use sensor::capture::xdp::{AttachMode, Interface};
use serde::Serialize;

use super::clock::{stay_on_this_cpu, thread_nanoseconds};
use super::document::put_section;
use super::error::BenchError;
use super::figures::median;
use super::headers::frame;
use super::loads::{Popularity, TABLE, flows};
use super::machine::Machine;
use super::programs::{Mutator, Programs, Turn};
use super::read;
use super::report::SHIPPED;
use super::shipped::Shipped;
use super::tables::Table;
use crate::frames::packet_socket::interface_index;
use crate::frames::tcp_flags;
use crate::lab::{Lab, Wire};

/// Flows that are sent, each as often as the others.
const FLOWS: u32 = 1 << 10;
const SLOTS_PER_FLOW: u32 = 4;
/// Frames before each measurement, so that flows are known.
const WARM_UP: u32 = 200_000;
/// Until what was sent last has arrived.
const QUIET: Duration = Duration::from_millis(20);

#[derive(Clone, Debug)]
pub struct Options {
    /// The object with the bench's own programs.
    pub programs: PathBuf,
    /// The shipped program, with frames dropped at its end.
    pub dropping: PathBuf,
    pub is_quick: bool,
}

/// Who receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiver {
    /// Counts the frame.
    Null,
    Hash,
    Wardline,
}

impl Receiver {
    const ALL: [Self; 3] = [Self::Null, Self::Hash, Self::Wardline];
    const STOCK: [&'static str; 2] = ["receive_null", "receive_hash"];

    const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Hash => "stock HASH",
            Self::Wardline => SHIPPED,
        }
    }
}

/// One receiver's turns, in millions of frames a second.
#[derive(Debug, Serialize)]
pub struct Turns {
    pub name: &'static str,
    /// Received in each round, by the clock on the wall.
    pub received: Vec<f64>,
    /// The same for each second that the one CPU worked on it.
    pub received_by_cpu: Vec<f64>,
    /// Share of the frames sent that the link did not take.
    pub refused: Vec<f64>,
    /// Median over rounds of what was received, of the null's in the same round.
    pub of_null: f64,
    pub of_null_by_cpu: f64,
}

#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub frames: u32,
    pub receivers: Vec<Turns>,
}

struct Bench {
    programs: Programs,
    shipped: Shipped,
    wire: Wire,
    receiving: Interface,
    frame: Vec<u8>,
    turn: Turn,
    frames: u32,
}

/// Measures; tells `progress` what comes next.
///
/// # Errors
///
/// When the link cannot be made or programs cannot be loaded: needs root.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report, BenchError> {
    let (rounds, frames) = if options.is_quick { (3, 1_000_000) } else { (9, 4_000_000) };
    let mut machine = Machine::look();
    stay_on_this_cpu().map_err(BenchError::Affinity)?;
    let lab = Lab::new("veth")?;
    let wire = lab.wire()?;
    let index = |port: &crate::lab::Port| -> Result<u32, BenchError> {
        let found = port.namespace.in_namespace(|| interface_index(&port.device))?;
        found.map(|index| index as u32).map_err(BenchError::Interface)
    };
    let receiving = Interface { index: index(&wire.receiver)?, name: wire.receiver.device.clone() };
    let mut programs = Programs::load(&read(&options.programs)?, FLOWS * 2)?;
    programs.set_flows(&flows(Popularity::Uniform, FLOWS, 11))?;
    programs.prepare_link(index(&wire.sender)?, &Receiver::STOCK)?;
    let object = read(&options.dropping)?;
    let shipped = Shipped::load(SHIPPED, Some(&object), FLOWS * SLOTS_PER_FLOW)?;
    let (frame, turn) = frame(Mutator::Ipv4, tcp_flags::PSH | tcp_flags::ACK);
    let mut bench = Bench { programs, shipped, wire, receiving, frame, turn, frames };
    let mut turns = vec![Vec::new(); Receiver::ALL.len()];
    for round in 0..rounds {
        progress(&format!("round {} of {rounds}", round + 1));
        for (receiver, turns) in Receiver::ALL.into_iter().zip(&mut turns) {
            turns.push(bench.turn(receiver, round)?);
        }
    }
    machine.look_again();
    let receivers = Receiver::ALL.into_iter().zip(&turns);
    let receivers = receivers.map(|(receiver, own)| result(receiver, own, &turns[0])).collect();
    Ok(Report { machine, frames, receivers })
}

/// What came of one turn.
#[derive(Clone, Copy, Debug)]
struct Passed {
    received: u64,
    seconds: f64,
    cpu_seconds: f64,
    sent: u64,
}

impl Bench {
    fn turn(&mut self, receiver: Receiver, round: u32) -> Result<Passed, BenchError> {
        let there = self.wire.receiver.namespace.clone();
        let index = self.receiving.index;
        let stock = match receiver {
            Receiver::Null => Some("receive_null"),
            Receiver::Hash => Some("receive_hash"),
            Receiver::Wardline => None,
        };
        let link = match stock {
            Some(name) => Some((name, there.in_namespace(|| self.programs.attach(name, index))??)),
            None => {
                let (shipped, interface) = (&mut self.shipped.datapath, &self.receiving);
                let attach = || shipped.attach(interface, AttachMode::Native).map(drop);
                there.in_namespace(attach)??;
                None
            }
        };
        let here = self.wire.sender.namespace.clone();
        here.in_namespace(|| self.send(WARM_UP, 0))??;
        thread::sleep(QUIET);
        let before = self.wire.receiver.statistics()?.rx_packets;
        let (seconds, cpu_seconds) = here.in_namespace(|| self.send(self.frames, round))??;
        thread::sleep(QUIET);
        let received = self.wire.receiver.statistics()?.rx_packets - before;
        match link {
            Some((name, link)) => self.programs.detach(name, link)?,
            None => {
                self.shipped.datapath.detach(index).transpose().map_err(BenchError::Interface)?;
                self.shipped.after_turn(self.frames);
            }
        }
        Ok(Passed { received, seconds, cpu_seconds, sent: self.frames.into() })
    }

    /// Seconds on the wall and on the CPU.
    fn send(&mut self, frames: u32, round: u32) -> Result<(f64, f64), BenchError> {
        let mut turn = self.turn;
        turn.position = u64::from(round) * u64::from(frames) % TABLE as u64;
        let (began, cpu) = (Instant::now(), thread_nanoseconds());
        self.programs.send(&self.frame, turn, frames)?;
        let cpu = (thread_nanoseconds() - cpu) as f64 / 1e9;
        Ok((began.elapsed().as_secs_f64(), cpu))
    }
}

fn result(receiver: Receiver, own: &[Passed], null: &[Passed]) -> Turns {
    let wall = |passed: &Passed| passed.received as f64 / passed.seconds / 1e6;
    let cpu = |passed: &Passed| passed.received as f64 / passed.cpu_seconds / 1e6;
    let of_null = |rate: &dyn Fn(&Passed) -> f64| {
        median(own.iter().zip(null).map(|(own, null)| rate(own) / rate(null)).collect())
    };
    Turns {
        name: receiver.name(),
        received: own.iter().map(wall).collect(),
        received_by_cpu: own.iter().map(cpu).collect(),
        refused: own.iter().map(|own| 1.0 - own.received as f64 / own.sent as f64).collect(),
        of_null: of_null(&wall),
        of_null_by_cpu: of_null(&cpu),
    }
}

impl Report {
    pub fn table(&self) -> String {
        let mut table = Table::new([
            "receiver",
            "million frames a second, least / median / most",
            "of null, median of rounds",
            "by CPU time, median",
            "of null",
            "not taken by the link",
        ]);
        for receiver in &self.receivers {
            let least = receiver.received.iter().copied().fold(f64::INFINITY, f64::min);
            let most = receiver.received.iter().copied().fold(0.0, f64::max);
            table.row([
                receiver.name.to_owned(),
                format!("{least:.2} / {:.2} / {most:.2}", median(receiver.received.clone())),
                format!("{:.2}", receiver.of_null),
                format!("{:.2}", median(receiver.received_by_cpu.clone())),
                format!("{:.2}", receiver.of_null_by_cpu),
                format!("{:.1} %", 100.0 * median(receiver.refused.clone())),
            ]);
        }
        table.render()
    }

    /// Writes the section of the page.
    ///
    /// # Errors
    ///
    /// When the page cannot be written.
    pub fn document(&self, page: &Path) -> Result<(), BenchError> {
        let section = format!("{METHOD}\n{}\n\n{}", self.machine.sentence(), self.table());
        put_section(page, "bench veth", &section)
    }
}

const METHOD: &str = "\
## Frames over a link

`cargo xtask bench veth`: one program makes frames of 128 octets of 1,024 flows and sends them down a
veth pair (live frames of `BPF_PROG_TEST_RUN`); at the other end another takes them in the driver and
drops them. Both ends work on one CPU, so the receiver's cost is the sender's loss. *null* counts
frames; *stock HASH* dissects and counts in the kernel's hash map; Wardline is the shipped program,
but that it drops a frame where that one lets it pass. *Of null* is within a round. The bar: 0.80.
";
