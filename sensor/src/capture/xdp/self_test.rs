//! The program is tried before it is put on an interface for the first time, or in the place of
//! another: it runs on some frames (`BPF_PROG_TEST_RUN`) with small maps of its own, and has to pass
//! each on unchanged, and to count it as the same code does on the host.

mod frames;

use std::{
    fmt,
    time::{Duration, Instant},
};

use aya::programs::ProgramError;

use self::frames::{Specimen, specimens};
use super::{
    buffers::Buffers,
    loading::LoadError,
    replay::{KernelReplay, KernelReplayError, Ran},
};
use crate::capture::{
    host::{HostDatapath, TableSizes},
    state::{Difference, State},
};

/// So small that flows leave the table.
const SIZES: TableSizes = TableSizes { sets: 8, endpoints: 64, verdicts: 256 };
const RING: u32 = 256 << 10;
/// `XDP_PASS`, and the names of all that a program may return.
const PASS: u32 = 2;
const VERDICTS: [&str; 5] = ["XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"];
const INTERFACE: u32 = 1;

/// A self-test that was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfTest {
    pub program: &'static str,
    pub frames: usize,
    /// Loading and running it.
    pub took: Duration,
}

impl fmt::Display for SelfTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program, frames, took } = self;
        write!(
            formatter,
            "{program} let {frames} frames pass and counted them as the host does, in {} ms",
            took.as_millis()
        )
    }
}

/// What the program did otherwise than it should.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    #[error("this kernel would not run the program on {frame}: {source}")]
    NotRun { frame: &'static str, source: ProgramError },
    #[error("it would not let {frame} pass, but returned {} ({verdict})", named(*.verdict))]
    Withheld { frame: &'static str, verdict: u32 },
    #[error("it changed the octets of {frame}")]
    Changed { frame: &'static str },
    #[error("after {frame} this kernel's counts are not those of the host: {difference}")]
    Miscounted { frame: &'static str, difference: Difference },
}

fn named(verdict: u32) -> &'static str {
    VERDICTS.get(verdict as usize).copied().unwrap_or("what is no verdict")
}

/// Tries the embedded program for such frames.
///
/// # Errors
///
/// [`LoadError`], as for loading in earnest; [`LoadError::SelfTest`] when the program is not to be
/// attached.
pub fn self_test(buffers: Buffers) -> Result<SelfTest, LoadError> {
    let began = Instant::now();
    let mut kernel = KernelReplay::open_with_rings(buffers, &SIZES, RING)?;
    let specimens = specimens();
    run(&mut kernel, &specimens)?;
    let test =
        SelfTest { program: buffers.program(), frames: specimens.len(), took: began.elapsed() };
    tracing::debug!(%test, "the self-test was passed");
    Ok(test)
}

fn run(kernel: &mut KernelReplay, specimens: &[Specimen]) -> Result<(), LoadError> {
    let mut host = HostDatapath::new(&SIZES);
    for (index, Specimen { name, octets }) in specimens.iter().enumerate() {
        let (frame, now, wire_length) = (*name, 1000 + index as u64, octets.len() as u64);
        host.receive(octets, wire_length, INTERFACE, now);
        let ran = kernel.run(octets, wire_length, INTERFACE, now).map_err(|error| match error {
            KernelReplayError::Load(error) => error,
            KernelReplayError::Run { source, .. } => {
                LoadError::SelfTest(SelfTestError::NotRun { frame, source })
            }
        })?;
        judge(frame, octets, &ran).map_err(LoadError::SelfTest)?;
        // The same frame again and again is looked at when it is over.
        if specimens.get(index + 1).is_some_and(|next| next.name == frame) {
            continue;
        }
        compare(frame, &State::of(&mut host), &State::of(kernel)).map_err(LoadError::SelfTest)?;
    }
    Ok(())
}

/// What became of the frame itself.
fn judge(frame: &'static str, octets: &[u8], ran: &Ran) -> Result<(), SelfTestError> {
    if ran.verdict != PASS {
        return Err(SelfTestError::Withheld { frame, verdict: ran.verdict });
    }
    if ran.octets != octets {
        return Err(SelfTestError::Changed { frame });
    }
    Ok(())
}

/// What was counted. Nothing in it is of anybody's traffic, so all of it may be logged.
fn compare(frame: &'static str, host: &State, kernel: &State) -> Result<(), SelfTestError> {
    let Some(difference) = host.difference(kernel) else { return Ok(()) };
    let Difference { part, expected, found, .. } = &difference;
    tracing::error!(
        frame,
        part,
        host = expected,
        kernel = found,
        "the self-test found a difference"
    );
    Err(SelfTestError::Miscounted { frame, difference })
}

#[cfg(test)]
mod tests;
