//! What the XDP program costs a packet, beside a program that does nothing and programs that count
//! flows in the kernel's own maps.
//!
//! The kernel runs a program many times over one frame (`BPF_PROG_TEST_RUN`). A first program, the
//! mutator, writes another flow into the frame each time and calls the program under test, so that
//! all are measured under the same conditions. Programs take turns, round by round; the time is
//! that which this thread spent on a CPU; what counts is the difference to the null program in the
//! same round. Nothing here decides whether a test passes.

mod bars;
mod clock;
mod document;
mod drive;
mod error;
mod field;
mod figures;
mod first_payload;
mod flood;
mod headers;
mod loads;
mod machine;
mod plot;
mod process;
mod programs;
pub mod replay;
mod report;
mod shipped;
pub mod soak;
mod steady;
mod tables;
pub mod veth;
pub mod whole;

use std::fs;
use std::path::{Path, PathBuf};

pub use document::document;
pub use error::BenchError;
use machine::Machine;
pub use report::Report;
use report::SHIPPED;
pub use tables::tables;

/// What is to be measured.
#[derive(Clone, Debug)]
pub struct Options {
    /// The object with the bench's own programs.
    pub programs: PathBuf,
    /// Another build of the shipped program, to be measured beside the present one.
    pub against: Option<PathBuf>,
    pub is_quick: bool,
    /// Only loads and classes whose name contains this.
    pub only: Option<String>,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: u32,
    /// Frames of a turn.
    frames: u32,
}

impl Effort {
    const FULL: Self = Self { rounds: 15, frames: 300_000 };
    const QUICK: Self = Self { rounds: 5, frames: 200_000 };
}

/// The flows of the largest load of a quick run.
const QUICK_FLOWS: u32 = 1 << 16;

/// The objects to load.
struct Bench {
    programs: Vec<u8>,
    against: Option<Vec<u8>>,
}

impl Bench {
    /// The builds of the shipped program: the agent's own first.
    fn builds(&self) -> impl Iterator<Item = (&'static str, Option<&[u8]>)> {
        let other = self.against.as_deref().map(|object| ("the other build", Some(object)));
        std::iter::once((SHIPPED, None)).chain(other)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, BenchError> {
    fs::read(path).map_err(|source| BenchError::Read { path: path.to_path_buf(), source })
}

/// Measures; tells `progress` what comes next.
///
/// # Errors
///
/// When programs cannot be loaded or run: needs root.
pub fn measure(options: &Options, mut progress: impl FnMut(&str)) -> Result<Report, BenchError> {
    let mut machine = Machine::look();
    clock::stay_on_this_cpu().map_err(BenchError::Affinity)?;
    let bench = Bench {
        programs: read(&options.programs)?,
        against: options.against.as_deref().map(read).transpose()?,
    };
    let effort = if options.is_quick { Effort::QUICK } else { Effort::FULL };
    let wanted = |name: &str| options.only.as_deref().is_none_or(|only| name.contains(only));
    let mut loads = Vec::new();
    for load in &steady::LOADS {
        let is_in_time = !options.is_quick || load.flows <= QUICK_FLOWS;
        if wanted(load.name) && is_in_time {
            progress(load.name);
            loads.push(load.measure(&bench, &effort)?);
        }
    }
    let mut floods = Vec::new();
    for flood in &flood::FLOODS {
        if wanted(flood.name) {
            progress(flood.name);
            floods.push(flood.measure(&bench, &effort)?);
        }
    }
    progress("first payload packets");
    let first_payloads = first_payload::measure(&bench, &effort, wanted)?;
    machine.look_again();
    Ok(Report { machine, is_quick: options.is_quick, loads, floods, first_payloads })
}
