//! The `wardline` command: reads its words, runs one command, says how it ended.

use std::process::ExitCode;

use clap::Parser as _;
use sensor::command::{self, Arguments};

fn main() -> ExitCode {
    command::run(Arguments::parse())
}
