//! `wardline verify`: the size of the program as the verifier counts it, for the build's checks.

use super::{Exit, Failure, privilege, say};
use crate::capture::xdp::{LoadError, Verified, verified_instructions};

pub fn run() -> Result<(), Failure> {
    privilege::require()?;
    let programs = verified_instructions().map_err(|error| match error {
        LoadError::NotPermitted => Failure::new(Exit::NotPermitted, &error),
        _ => Failure::failed(&error),
    })?;
    for Verified { program, instructions, is_used } in programs {
        let used = if is_used { "used here" } else { "for kernels before 5.18" };
        say(&format!("{program}\t{instructions}\t{used}\n"))?;
    }
    Ok(())
}
