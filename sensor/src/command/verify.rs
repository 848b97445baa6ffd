//! `wardline verify`: the size of the program as the verifier counts it, for the build's checks.

use super::{Exit, Failure};
use crate::capture::xdp::{LoadError, verified_instructions};

pub fn run() -> Result<(), Failure> {
    let programs = verified_instructions().map_err(|error| match error {
        LoadError::NotPermitted => Failure::new(Exit::NotPermitted, &error),
        _ => Failure::failed(&error),
    })?;
    for (program, instructions) in programs {
        println!("{program}\t{instructions}");
    }
    Ok(())
}
