//! Long runs of what an operator fears. What is done is in `tests/src/soak`.

mod faults;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::bench;
use crate::build;
use crate::cargo::user_cargo;
use crate::privileges::require_kernel_access;
use crate::process::shell_line;
use crate::workspace::Workspace;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(flatten)]
    load: bench::Soak,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Kill the agent and start it again, and replace it by another build, while frames come: none
    /// may be dropped or uncounted, no counter may fall
    Kill(Kill),
    /// Tests of faults as often as the plan says: 1,000 flaps of an interface, 10,000 damaged stores,
    /// a disk filled 100 times, 10,000,000 forged sources. Takes the better part of an hour
    Faults,
}

#[derive(Args)]
struct Kill {
    /// How often to kill (default 1000)
    #[arg(long)]
    kills: Option<u64>,
    /// How often to upgrade, and back again (default 1000)
    #[arg(long)]
    upgrades: Option<u64>,
    /// Frames a second (default 10000)
    #[arg(long)]
    rate: Option<u64>,
    /// The same seed makes the same frames and the same order (default 1)
    #[arg(long)]
    seed: Option<u64>,
    /// Another build of the agent to upgrade to and back (default: a copy whose program is written in
    /// other instructions)
    #[arg(long, value_name = "AGENT")]
    other: Option<PathBuf>,
    /// Write all figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Fails if a frame was dropped or is missing in the books, or a counter fell.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let kill = match &options.what {
        Some(What::Kill(kill)) => kill,
        Some(What::Faults) => return faults::run(workspace),
        None => {
            bench::soak(workspace, &options.load)?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    require_kernel_access("running the agent in network namespaces")?;
    build(workspace)?;
    let mut command = user_cargo(workspace);
    command.args(["run", "--locked", "--release", "--quiet"]);
    command.args(["--package", "tests", "--bin", "soak", "--", "kill"]);
    let numbers = [
        ("--kills", kill.kills),
        ("--upgrades", kill.upgrades),
        ("--rate", kill.rate),
        ("--seed", kill.seed),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            command.arg(name).arg(number.to_string());
        }
    }
    for (name, file) in [("--other", &kill.other), ("--json", &kill.json)] {
        if let Some(file) = file {
            // It runs in the root of the workspace, wherever this command was typed.
            command.arg(name).arg(std::path::absolute(file)?);
        }
    }
    let line = shell_line(&command);
    let status = command.status().with_context(|| format!("cannot start {line}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
