//! The commands of this repository: `cargo xtask setup|build|test|verify|bench|score|tidy|demo|
//! hospital-day|soak|fuzz|chance|miri`.
//! The commands of this repository: `cargo xtask setup|build|test|verify|bench|soak|score|tidy|demo|
//! hospital-day|fuzz|chance|miri|package|audit`.
//!
//! This crate knows how the others are built and judged; it depends on none of them, so that it
//! compiles in seconds and before any of them does.

mod agent;
mod audit;
mod bench;
mod bpf;
mod cargo;
mod chance;
mod demo;
mod fuzz;
mod hospital_day;
mod linker;
mod miri;
mod package;
mod payloads;
mod privileges;
mod process;
mod score;
mod setup;
mod soak;
mod test;
mod tidy;
mod toolchain;
mod verify;
mod vm;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::privileges::has_kernel_access;
use crate::setup::Need;
use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Set-up, build, test and scoring of Wardline")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: BPF compiler, bpf-linker, Debian packages used by the tests
    Setup {
        /// Say what would be installed, and why, and install nothing
        #[arg(long)]
        dry_run: bool,
        /// Only what this purpose needs (default: all but fuzzing)
        #[arg(long = "for", value_name = "PURPOSE")]
        purpose: Vec<Need>,
    },
    /// Build the XDP program, then the agent that embeds it
    Build,
    /// Set up, build, lint and run the tests
    Test {
        /// `host` needs no privileges; `kernel` loads programs and builds network namespaces; `vm`
        /// boots other kernels in virtual machines, and is not part of `all`
        #[arg(default_value = "all")]
        part: test::Part,
    },
    /// Load every program through this kernel's verifier and hold it to the instruction budget
    Verify,
    /// Measure what the XDP program costs a packet, or another subject, beside what else one could use
    Bench(bench::Options),
    /// Replay a labelled corpus through the agent and score its flows and alerts
    Score(score::Options),
    /// Check what the compiler does not: file length, file names, metrics and applications against
    /// their documentation
    Tidy {
        /// Write what the sources and the kept figures say into docs/applications.md, and what the
        /// agent that was built last prints into the references
        #[arg(long)]
        mend: bool,
    },
    /// Replay a hospital's day, made as it is replayed, and count the alerts on it
    HospitalDay(hospital_day::Options),
    /// Keep an agent under load for long, and say whether memory, descriptors or CPU creep; or do to it
    /// what an operator fears
    Soak(soak::Options),
    /// Search for octets that break a law, with coverage as the guide, target by target
    Fuzz(fuzz::Options),
    /// Count how often flows of chance, or of another protocol, are confirmed wrongly
    Chance(chance::Options),
    /// Run the tests of sensor-common in Miri, where its component is installed
    Miri,
    /// Build a .deb and an .rpm, with their bill of materials
    Package(package::Options),
    /// Hold the libraries to what deny.toml allows: licences, sources, doubles, advisories
    Audit,
    /// Run the hospital laboratory with the agent in the middle of it
    Demo {
        /// Leave the laboratory standing afterwards
        #[arg(long)]
        keep: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Setup { dry_run, purpose } => {
            let needs = if purpose.is_empty() { Need::ALL.to_vec() } else { purpose };
            setup::run(&workspace, &needs, dry_run)?;
        }
        Command::Build => build(&workspace)?,
        Command::Test { part } => return test::run(&workspace, part),
        Command::Verify => {
            build(&workspace)?;
            verify::run(&workspace)?;
        }
        Command::Bench(options) => bench::run(&workspace, &options)?,
        Command::Score(options) => return score::run(&workspace, &options),
        Command::Tidy { mend } => tidy::run(&workspace, mend)?,
        Command::HospitalDay(options) => return hospital_day::run(&workspace, &options),
        Command::Soak(options) => return soak::run(&workspace, &options),
        Command::Fuzz(options) => return fuzz::run(&workspace, &options),
        Command::Chance(options) => chance::run(&workspace, &options)?,
        Command::Package(options) => package::run(&workspace, &options)?,
        Command::Audit => audit::run(&workspace)?,
        Command::Miri => return miri::run(&workspace),
        Command::Demo { keep } => {
            // Who may not make a laboratory is shown a recording, and needs nothing to make one with.
            let all = [Need::Build, Need::Demo];
            let needs = if has_kernel_access() { &all[..] } else { &all[..1] };
            setup::run(&workspace, needs, false)?;
            build(&workspace)?;
            demo::run(&workspace, keep)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Both halves, in the order they depend on each other: the agent embeds the program.
fn build(workspace: &Workspace) -> Result<()> {
    bpf::build(workspace)?;
    agent::build(workspace)
}
