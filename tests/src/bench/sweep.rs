//! Reading the flow table: how fast, and what it costs the packets that come meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use aya::programs::ProgramFd;
use sensor::capture::Datapath as _;
use sensor::capture::reader::Reader;
use sensor::observation::Observation;

use super::clock;
use super::error::BenchError;
use super::figures::median;
use super::headers::frame;
use super::loads::{Popularity, TABLE, flows};
use super::programs::{Mutator, Programs, Stock, Turn};
use super::report::{SHIPPED, SweepResult};
use super::shipped::Shipped;
use super::{Bench, Effort};
use crate::frames::tcp_flags;

/// Slots of the flow table a CPU, and flows in it.
const SLOTS: u32 = 1 << 20;
const FLOWS: u32 = 1 << 18;
/// After so many packets a flow of the load has its verdict for good.
const PASSES: u32 = 6;
/// After so long a flow that rests is taken to rest.
const SETTLED: Duration = Duration::from_millis(400);

/// Measures the reader as the agent uses it.
pub fn measure(bench: &Bench, effort: &Effort) -> Result<SweepResult, BenchError> {
    let mut programs = Programs::load(&bench.programs, 1)?;
    programs.set_flows(&flows(Popularity::Uniform, FLOWS, 11))?;
    let mut shipped = Shipped::load(SHIPPED, None, SLOTS)?;
    let (frame, turn) = frame(Mutator::Ipv4, tcp_flags::PSH | tcp_flags::ACK);
    let mut stage = Stage { programs, frame, turn };
    stage.measure_shipped(&shipped)?;
    for _ in 0..PASSES {
        stage.every_flow()?;
    }
    let mut reader = Reader::new(&shipped.datapath, shipped.datapath.clock());
    swept_a_second(&mut reader, &mut shipped);
    let (mut idle, mut doubted, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        stage.every_flow()?;
        busy.push(swept_a_second(&mut reader, &mut shipped));
        // From now on the ticks of the last packets tell that there were no others.
        thread::sleep(SETTLED);
        swept_a_second(&mut reader, &mut shipped);
        idle.push(swept_a_second(&mut reader, &mut shipped));
        shipped.datapath.doubt_all();
        doubted.push(swept_a_second(&mut reader, &mut shipped));
    }
    let (quiet, swept, sweeps) = stage.beside(&mut shipped, &mut reader, effort)?;
    let slowed = quiet.iter().zip(&swept).map(|(quiet, swept)| swept / quiet - 1.0).collect();
    Ok(SweepResult {
        slots: shipped.datapath.slots(),
        flows: FLOWS,
        rounds: effort.rounds,
        sweeps,
        slots_per_second: median(idle),
        slots_per_second_when_doubted: median(doubted),
        slots_per_second_when_all_changed: median(busy),
        added_alone: median(quiet.clone()),
        added_during_sweeps: median(swept.clone()),
        slowed: median(slowed),
    })
}

/// Sweeps once; slots a second.
fn swept_a_second(reader: &mut Reader, shipped: &mut Shipped) -> f64 {
    let mut observation = Observation::default();
    let before = clock::thread_nanoseconds();
    reader.sweep(&mut shipped.datapath, &mut observation);
    let taken = clock::thread_nanoseconds() - before;
    f64::from(shipped.datapath.slots()) * 1e9 / taken as f64
}

/// The load that is sent.
struct Stage {
    programs: Programs,
    frame: Vec<u8>,
    turn: Turn,
}

impl Stage {
    fn measure_shipped(&mut self, shipped: &Shipped) -> Result<(), BenchError> {
        let program = shipped.datapath.program().ok_or(BenchError::Missing("wardline"))?;
        self.programs.measure(program)
    }

    /// A packet of every flow.
    fn every_flow(&mut self) -> Result<(), BenchError> {
        let turn = Turn { is_sequential: 1, ..self.turn };
        self.programs.run(Mutator::Ipv4, &self.frame, turn, FLOWS, SHIPPED)?;
        Ok(())
    }

    /// Nanoseconds that a packet of the known flows takes over the null program.
    fn added(&mut self, shipped: &ProgramFd, frames: u32) -> Result<f64, BenchError> {
        self.programs.measure_stock(Stock::Null)?;
        let null = self.programs.run(Mutator::Ipv4, &self.frame, self.turn, frames, "null")?;
        self.programs.measure(shipped)?;
        let time = self.programs.run(Mutator::Ipv4, &self.frame, self.turn, frames, SHIPPED)?;
        self.turn.position = (self.turn.position + u64::from(frames)) % TABLE as u64;
        Ok(time - null)
    }

    /// Rounds of a turn alone and a turn beside a reader that does nothing but sweep, on another
    /// CPU; and how many sweeps began meanwhile.
    fn beside(
        &mut self,
        shipped: &mut Shipped,
        reader: &mut Reader,
        effort: &Effort,
    ) -> Result<(Vec<f64>, Vec<f64>, u64), BenchError> {
        let program = shipped.datapath.program().ok_or(BenchError::Missing("wardline"))?;
        let program = program.try_clone().map_err(BenchError::Descriptor)?;
        let (is_sweeping, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        let sweeps = AtomicU64::new(0);
        let (mut quiet, mut swept) = (Vec::new(), Vec::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                let may_leave = clock::leave_this_cpu().is_ok();
                let mut observation = Observation::default();
                while !is_over.load(Ordering::Relaxed) {
                    if may_leave && is_sweeping.load(Ordering::Relaxed) {
                        reader.sweep(&mut shipped.datapath, &mut observation);
                        observation.clear();
                        sweeps.fetch_add(1, Ordering::Relaxed);
                    } else {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
            });
            let mut rounds = || {
                for _ in 0..effort.rounds {
                    quiet.push(self.added(&program, effort.frames)?);
                    is_sweeping.store(true, Ordering::Relaxed);
                    swept.push(self.added(&program, effort.frames)?);
                    is_sweeping.store(false, Ordering::Relaxed);
                }
                Ok(())
            };
            let result = rounds();
            is_over.store(true, Ordering::Relaxed);
            result
        })
        .map(|()| (quiet, swept, sweeps.into_inner()))
    }
}
