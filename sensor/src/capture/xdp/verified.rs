//! The size of the programs as the verifier counts it.

use aya::{Ebpf, VerifierLogLevel, programs::ProgramError};
use sensor_common::abi::{Settings, name};

use super::{
    buffers::Buffers,
    loading::{LoadError, XdpSettings, open, xdp},
};
use crate::capture::host::TableSizes;

/// A program that this kernel loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    pub program: &'static str,
    /// Instructions that the verifier went through; zero where the kernel does not tell.
    pub instructions: u32,
    /// Whether the agent uses it here; else it is the one for other kernels.
    pub is_used: bool,
}

/// Loads every program that this kernel can load, with the smallest maps.
///
/// # Errors
///
/// As for loading in earnest.
pub fn verified_instructions() -> Result<Vec<Verified>, LoadError> {
    let here = Buffers::of_this_kernel().map_err(LoadError::of_program)?;
    let mut found = vec![verified(here, name::CLOCK_PROGRAM, true)?];
    for buffers in [Buffers::One, Buffers::Several] {
        if buffers == Buffers::One || here == Buffers::Several {
            found.push(verified(buffers, buffers.program(), buffers == here)?);
        }
    }
    found.reverse();
    Ok(found)
}

fn verified(buffers: Buffers, program: &'static str, is_used: bool) -> Result<Verified, LoadError> {
    let mut ebpf = with_smallest_maps(buffers)?;
    let loaded = xdp(&mut ebpf, program)?;
    loaded.load().map_err(LoadError::of_program)?;
    let info = loaded.info().map_err(LoadError::Program)?;
    let instructions = match info.verified_instruction_count() {
        Some(count) if count > 0 => count,
        _ => logged_instructions(buffers, program)?.unwrap_or(0),
    };
    Ok(Verified { program, instructions, is_used })
}

fn with_smallest_maps(buffers: Buffers) -> Result<Ebpf, LoadError> {
    let sizes = TableSizes { sets: 16, endpoints: 64, verdicts: 64 };
    let wanted =
        XdpSettings { sizes, records_ring: 4096, notices_ring: 4096, samples_per_second: 100 };
    let is_linear = buffers.is_linear();
    let settings = Settings { cpus: 1, is_replay: 0, is_linear, ..sizes.replay_settings() };
    open(&wanted, &settings, None, VerifierLogLevel::STATS)
}

/// The count from the verifier's log. Kernels before 5.16 have it nowhere else, and the log is only
/// handed out for a program that fails: so this one fails at the very last step, when it has passed
/// the verifier and no descriptor is left for it.
fn logged_instructions(buffers: Buffers, program: &'static str) -> Result<Option<u32>, LoadError> {
    let mut ebpf = with_smallest_maps(buffers)?;
    let loaded = xdp(&mut ebpf, program)?;
    let Some(limit) = NoDescriptors::begin() else { return Ok(None) };
    let result = loaded.load();
    drop(limit);
    Ok(match result {
        Err(ProgramError::LoadError { verifier_log, .. }) => {
            processed_instructions(&verifier_log.to_string())
        }
        _ => None,
    })
}

/// `processed 4711 insns (limit 1000000) max_states_per_insn 4 total_states ...`
fn processed_instructions(log: &str) -> Option<u32> {
    let (_, count) = log.rsplit_once("processed ")?;
    count.split_once(" insns")?.0.parse().ok()
}

/// While it exists this process can open nothing.
struct NoDescriptors {
    before: libc::rlimit,
}

impl NoDescriptors {
    fn begin() -> Option<Self> {
        let mut before = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: `before` has room for the answer.
        if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut before) } != 0 {
            return None;
        }
        let none = libc::rlimit { rlim_cur: 0, ..before };
        // SAFETY: the limit is read from a value that is alive.
        let is_set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) } == 0;
        is_set.then_some(Self { before })
    }
}

impl Drop for NoDescriptors {
    fn drop(&mut self) {
        // SAFETY: the limit is read from a value that is alive.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const self.before) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_the_one_of_the_last_line_of_statistics() {
        let log = "verification time 39 usec\nstack depth 8+24\n\
                   processed 4711 insns (limit 1000000) max_states_per_insn 4 total_states 90\n";
        assert_eq!(processed_instructions(log), Some(4711));
        assert_eq!(processed_instructions("permission denied"), None);
    }

    #[test]
    #[ignore = "needs CAP_BPF"]
    fn the_log_and_the_kernel_count_alike() {
        for verified in verified_instructions().expect("the programs load") {
            assert!(verified.instructions > 0, "{verified:?}");
            let buffers = match verified.program {
                name::PROGRAM_LINEAR => Buffers::One,
                _ => Buffers::Several,
            };
            let logged = logged_instructions(buffers, verified.program);
            assert_eq!(logged.expect("it opens"), Some(verified.instructions), "{verified:?}");
        }
    }
}
