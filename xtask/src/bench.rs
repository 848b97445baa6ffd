//! Measuring the XDP program. What is measured, and how, is in `tests/src/bench`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::cargo::user_cargo;
use crate::privileges::require_kernel_access;
use crate::process::run_openly;
use crate::workspace::Workspace;
use crate::{bpf, build};

#[derive(Args)]
pub struct Options {
    /// Fewer rounds and no load of a million flows
    #[arg(long)]
    quick: bool,
    /// Only loads and classes whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Measure other builds of the XDP program beside the present one
    #[arg(long, value_name = "OBJECT")]
    against: Vec<PathBuf>,
    /// Write all figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write docs/performance.md and its plot anew
    #[arg(long)]
    document: bool,
    #[command(subcommand)]
    instead: Option<Instead>,
}

#[derive(Subcommand)]
enum Instead {
    /// Send very many packets to tables from tiny to large, and see that none is unaccounted for
    Books {
        #[arg(long, value_name = "NUMBER", default_value_t = 60_000_000)]
        packets: u64,
    },
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    require_kernel_access("running BPF programs")?;
    build(workspace)?;
    bpf::build_bench(workspace)?;
    let mut command = user_cargo(workspace);
    command.args(["run", "--locked", "--release", "--package", "tests", "--bin", "bench", "--"]);
    command.arg("--programs").arg(workspace.bench_object());
    if options.quick {
        command.arg("--quick");
    }
    if let Some(only) = &options.only {
        command.arg("--only").arg(only);
    }
    // The bench runs in the root of the workspace, wherever this command was typed.
    for object in &options.against {
        command.arg("--against").arg(std::path::absolute(object)?);
    }
    if let Some(file) = &options.json {
        command.arg("--json").arg(std::path::absolute(file)?);
    }
    if options.document {
        command.arg("--document").arg(workspace.performance_page());
    }
    if let Some(Instead::Books { packets }) = &options.instead {
        command.args(["books", "--packets"]).arg(packets.to_string());
    }
    run_openly(command)
}
