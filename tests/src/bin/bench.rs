//! `bench`: measures the XDP program; `cargo xtask bench` builds everything and starts it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tests::bench::{self, BenchError, Options};

/// What the XDP program costs a packet, beside what else one could use
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    /// The object with the programs to measure it against
    #[arg(long, value_name = "OBJECT")]
    programs: PathBuf,
    /// Another build of the XDP program
    #[arg(long, value_name = "OBJECT")]
    against: Option<PathBuf>,
    /// Fewer rounds and no load of a million flows
    #[arg(long)]
    quick: bool,
    /// Only loads and classes whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Write all figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write this page and its plot anew
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
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
    let options = Options {
        programs: arguments.programs,
        against: arguments.against,
        is_quick: arguments.quick,
        only: arguments.only,
    };
    let report = bench::measure(&options, |next| println!("bench: {next}"))?;
    let machine = &report.machine;
    println!(
        "\n{}, {} CPUs, load average {:.1} before and {:.1} after\n",
        machine.processor, machine.processors, machine.load_before, machine.load_after
    );
    print!("{}", bench::tables(&report));
    if let Some(path) = arguments.json {
        let text = serde_json::to_string_pretty(&report)?;
        fs::write(&path, text).map_err(|source| BenchError::Write { path, source })?;
    }
    if let Some(page) = arguments.document {
        bench::document(&report, &page)?;
    }
    Ok(())
}
