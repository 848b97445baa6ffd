//! `soak`: kills and replaces the agent under load; started by `cargo xtask soak`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tests::lab::interrupt;
use tests::soak::{Outcome, Plan, SoakError, kill};

/// What an operator fears over years of service, in an hour
#[derive(Debug, Parser)]
#[command(name = "soak", version)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Kill the agent and start it again, and replace it by another build, while frames come
    Kill {
        #[arg(long, default_value_t = 1000)]
        kills: usize,
        #[arg(long, default_value_t = 1000)]
        upgrades: usize,
        /// Frames a second
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
        rate: u64,
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Another build of the agent to upgrade to and back
        #[arg(long, value_name = "AGENT")]
        other: Option<PathBuf>,
        /// Write all figures here
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().what) {
        Ok(outcome) if interrupt::is_requested() || !outcome.faults().is_empty() => {
            ExitCode::FAILURE
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("soak: {:#}", anyhow::Error::from(error));
            ExitCode::from(2)
        }
    }
}

fn run(what: What) -> Result<Outcome, SoakError> {
    let What::Kill { kills, upgrades, rate, seed, other, json } = what;
    let plan = Plan { kills, upgrades, rate, seed, other };
    let outcome = kill::run(&plan, |line| println!("soak: {line}"))?;
    print!("{}", outcome.text());
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&outcome)?;
        fs::write(&path, text).map_err(|source| SoakError::Write { path, source })?;
    }
    Ok(outcome)
}
