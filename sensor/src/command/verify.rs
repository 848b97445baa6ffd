//! `wardline verify`: the size of the program as the verifier counts it, for the build's checks, and
//! what the program does with the frames of its self-test.

use clap::Args;

use super::{Exit, Failure, privilege, say};
use crate::capture::xdp::{Buffers, LoadError, Verified, self_test, verified_instructions};

#[derive(Debug, Args)]
pub struct Verify {
    /// Have the program count some frames, attached to nothing, as the agent does before it
    /// attaches it.
    #[arg(long)]
    pub self_test: bool,
}

pub fn run(words: &Verify) -> Result<(), Failure> {
    privilege::require()?;
    if words.self_test {
        let buffers = Buffers::of_this_kernel().map_err(LoadError::Program);
        let test = buffers.and_then(self_test).map_err(|error| explain(&error))?;
        return say(&format!("{test}\n"));
    }
    for verified in verified_instructions().map_err(|error| explain(&error))? {
        let Verified { program, instructions, is_used } = verified;
        let used = if is_used { "used here" } else { "for kernels before 5.18" };
        say(&format!("{program}\t{instructions}\t{used}\n"))?;
    }
    Ok(())
}

fn explain(error: &LoadError) -> Failure {
    match error {
        LoadError::NotPermitted => Failure::new(Exit::NotPermitted, error),
        _ => Failure::failed(error),
    }
}
