//! Measuring. What is measured, and how, is in `tests/src/bench`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::cargo::user_cargo;
use crate::privileges::require_kernel_access;
use crate::process::run_openly;
use crate::workspace::Workspace;
use crate::{bpf, build};

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    subject: Option<Subject>,
    /// Fewer rounds, smaller loads
    #[arg(long, global = true)]
    quick: bool,
    /// Only loads and classes whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Measure another build of the XDP program beside the present one
    #[arg(long, value_name = "OBJECT")]
    against: Option<PathBuf>,
    /// Write all figures here
    #[arg(long, value_name = "FILE", global = true)]
    json: Option<PathBuf>,
    /// Write what belongs to it in docs/performance.md anew
    #[arg(long, global = true)]
    document: bool,
}

/// Instead of the XDP program, packet by packet.
#[derive(Subcommand)]
enum Subject {
    /// Replay a large capture, beside other readers of captures where they are installed
    Replay {
        /// Measure another build of the agent beside the present one
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Frames over a veth pair, beside a program that only counts and one that uses a stock map
    Veth,
    /// A whole agent with 10,000 devices and 1,000,000 flows
    Agent,
}

#[derive(Args)]
pub struct Soak {
    /// How long
    #[arg(long, value_name = "N", default_value_t = 10)]
    minutes: u32,
    /// Write all samples here
    #[arg(long, value_name = "FILE", default_value = "target/soak.json")]
    json: PathBuf,
    /// Draw the curves here, as SVG
    #[arg(long, value_name = "FILE", default_value = "target/soak.svg")]
    plot: PathBuf,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let needs_kernel = !matches!(options.subject, Some(Subject::Replay { .. }));
    let mut command = prepare(workspace, needs_kernel)?;
    match &options.subject {
        None => {
            command.arg("program").arg("--programs").arg(workspace.bench_object());
            if let Some(only) = &options.only {
                command.arg("--only").arg(only);
            }
            with_path(&mut command, "--against", options.against.as_deref())?;
        }
        Some(Subject::Replay { against }) => {
            command.arg("replay");
            with_path(&mut command, "--against", against.as_deref())?;
        }
        Some(Subject::Veth) => {
            command.arg("veth").arg("--programs").arg(workspace.bench_object());
            command.arg("--dropping").arg(workspace.dropping_object());
        }
        Some(Subject::Agent) => {
            command.arg("agent").arg("--programs").arg(workspace.bench_object());
        }
    }
    if options.quick {
        command.arg("--quick");
    }
    with_path(&mut command, "--json", options.json.as_deref())?;
    if options.document {
        command.arg("--document").arg(workspace.performance_page());
    }
    run_openly(command)
}

pub fn soak(workspace: &Workspace, soak: &Soak) -> Result<()> {
    let mut command = prepare(workspace, true)?;
    command.arg("soak").arg("--programs").arg(workspace.bench_object());
    command.arg("--minutes").arg(soak.minutes.to_string());
    with_path(&mut command, "--json", Some(&soak.json))?;
    with_path(&mut command, "--plot", Some(&soak.plot))?;
    run_openly(command)
}

/// Builds what is measured; the command that measures, up to its subject.
fn prepare(workspace: &Workspace, needs_kernel: bool) -> Result<Command> {
    if needs_kernel {
        require_kernel_access("running BPF programs")?;
    }
    build(workspace)?;
    bpf::build_bench(workspace)?;
    let mut command = user_cargo(workspace);
    command.args(["run", "--locked", "--release", "--package", "tests", "--bin", "bench", "--"]);
    Ok(command)
}

/// The bench runs in the root of the workspace, wherever this command was typed.
fn with_path(command: &mut Command, name: &str, path: Option<&Path>) -> Result<()> {
    if let Some(path) = path {
        command.arg(name).arg(std::path::absolute(path)?);
    }
    Ok(())
}
