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
}

fn main() -> ExitCode {
    let Arguments { agent, captures } = Arguments::parse();
    let guest = Guest { agent, captures };
    if guest.try_everything() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
