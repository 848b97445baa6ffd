//! `bench`: measures Wardline; `cargo xtask bench` and `cargo xtask soak` build everything and start
//! it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;
use tests::bench::{self, BenchError, replay, soak, veth, whole};

/// What Wardline costs, beside what else one could use
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    #[command(subcommand)]
    subject: Subject,
    /// Write all figures here
    #[arg(long, value_name = "FILE", global = true)]
    json: Option<PathBuf>,
    /// Write what belongs to it on this page anew
    #[arg(long, value_name = "FILE", global = true)]
    document: Option<PathBuf>,
    /// Less of everything
    #[arg(long, global = true)]
    quick: bool,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// The XDP program, packet by packet
    Program(Program),
    /// Frames over a veth pair
    Veth {
        /// The object with the bench's programs
        #[arg(long, value_name = "OBJECT")]
        programs: PathBuf,
        /// The XDP program with frames dropped at its end
        #[arg(long, value_name = "OBJECT")]
        dropping: PathBuf,
    },
    /// A whole agent with many devices and flows
    Agent {
        /// The object with the bench's programs
        #[arg(long, value_name = "OBJECT")]
        programs: PathBuf,
    },
    /// A large capture
    Replay {
        /// Another build of the agent
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// An agent under load for long
    Soak {
        /// The object with the bench's programs
        #[arg(long, value_name = "OBJECT")]
        programs: PathBuf,
        #[arg(long, value_name = "N")]
        minutes: u32,
        /// Draw the curves here, as SVG
        #[arg(long, value_name = "FILE")]
        plot: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Program {
    /// The object with the programs to measure it against
    #[arg(long, value_name = "OBJECT")]
    programs: PathBuf,
    /// Another build of the XDP program
    #[arg(long, value_name = "OBJECT")]
    against: Option<PathBuf>,
    /// Only loads and classes whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {:#}", anyhow::Error::from(error));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), BenchError> {
    let Arguments { subject, json, document, quick: is_quick } = arguments;
    let say = |next: &str| println!("bench: {next}");
    let json = json.as_deref();
    match subject {
        Subject::Program(Program { programs, against, only }) => {
            let options = bench::Options { programs, against, is_quick, only };
            let report = bench::measure(&options, say)?;
            println!("\n{}\n\n{}", report.machine.sentence(), bench::tables(&report));
            document.map_or(Ok(()), |page| bench::document(&report, &page))?;
            write(json, &report)
        }
        Subject::Veth { programs, dropping } => {
            let report = veth::measure(&veth::Options { programs, dropping, is_quick }, say)?;
            println!("\n{}\n\n{}", report.machine.sentence(), report.table());
            document.map_or(Ok(()), |page| report.document(&page))?;
            write(json, &report)
        }
        Subject::Agent { programs } => {
            let report = whole::measure(&whole::Options { programs, is_quick }, say)?;
            println!("\n{}\n\n{}", report.machine.sentence(), report.table());
            document.map_or(Ok(()), |page| report.document(&page))?;
            write(json, &report)
        }
        Subject::Replay { against } => {
            let report = replay::measure(&replay::Options { is_quick, against }, say)?;
            println!("\n{}\n\n{}", report.machine.sentence(), report.table());
            document.map_or(Ok(()), |page| report.document(&page))?;
            write(json, &report)
        }
        Subject::Soak { programs, minutes, plot } => {
            let report = soak::measure(&soak::Options { programs, minutes }, say)?;
            println!("\n{}\n\n{}", report.machine.sentence(), report.table());
            plot.map_or(Ok(()), |path| report.draw(&path))?;
            write(json, &report)
        }
    }
}

fn write(path: Option<&Path>, report: &impl Serialize) -> Result<(), BenchError> {
    let Some(path) = path else { return Ok(()) };
    let text = serde_json::to_string_pretty(report)?;
    fs::write(path, text).map_err(|source| BenchError::Write { path: path.to_owned(), source })
}
