//! How often chance, or another protocol's octets, are confirmed wrongly.

use std::thread;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::user_cargo;
use crate::payloads;
use crate::process::run_openly;
use crate::workspace::Workspace;

#[derive(Args)]
pub struct Options {
    /// Flows of random octets
    #[arg(long, default_value_t = 100_000_000)]
    flows: u64,
    /// Flows that carry pieces of another protocol's messages (default: a tenth of the others)
    #[arg(long)]
    crossings: Option<u64>,
    /// Another seed draws other flows
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads
    #[arg(long)]
    jobs: Option<usize>,
    /// Payloads shown of each confusion
    #[arg(long, default_value_t = 1)]
    show: usize,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    payloads::take_apart(workspace)?;
    let threads =
        options.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let crossings = options.crossings.unwrap_or(options.flows / 10);
    let mut command = user_cargo(workspace);
    command.args(["run", "--locked", "--quiet", "--release", "--package", "sensor-common"]);
    command.args(["--example", "chance", "--", "--dialogues"]);
    command.arg(workspace.payloads().join("dialogues"));
    for (name, value) in [
        ("--flows", options.flows),
        ("--crossings", crossings),
        ("--seed", options.seed),
        ("--threads", threads as u64),
        ("--show", options.show as u64),
    ] {
        command.arg(name).arg(value.to_string());
    }
    run_openly(command).context("chance is confirmed too often, or could not be asked")
}
