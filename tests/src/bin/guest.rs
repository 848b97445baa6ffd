//! `guest`: runs in a virtual machine and says what the kernel there makes of the agent.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests::guest::Guest;

/// What is tried on the kernel of a virtual machine
#[derive(Debug, Parser)]
#[command(name = "guest", version)]
struct Arguments {
    /// The agent's executable
    #[arg(long, value_name = "PATH")]
    agent: PathBuf,
    /// A directory of captures to replay
    #[arg(long, value_name = "DIRECTORY")]
    captures: PathBuf,
    /// Only what is to be tried after the machine was switched off and on
    #[arg(long)]
    again: bool,
}

fn main() -> ExitCode {
    let Arguments { agent, captures, again } = Arguments::parse();
    let guest = Guest { agent, captures };
    let all_passed = if again { guest.go_on() } else { guest.try_everything() };
    if all_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
