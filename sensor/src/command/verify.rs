//! `wardline verify`: the size of the program as the verifier counts it, for the build's checks.

use super::{Exit, Failure, privilege, say};
use crate::capture::xdp::{LoadError, verified_instructions};

pub fn run() -> Result<(), Failure> {
    privilege::require()?;
    let programs = verified_instructions().map_err(|error| match error {
        LoadError::NotPermitted => Failure::new(Exit::NotPermitted, &error),
        _ => Failure::failed(&error),
    })?;
    for (program, instructions) in programs {
        say(&format!("{program}\t{instructions}\n"))?;
    }
    Ok(())
}
