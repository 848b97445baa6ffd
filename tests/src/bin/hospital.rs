//! `hospital`: shows the agent at work in a laboratory hospital.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tests::demo::{self, DemoError, Demonstration};
use tests::lab;

/// A hospital of network namespaces, to see Wardline at work in
#[derive(Debug, Parser)]
#[command(name = "hospital", version)]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the agent on the hospital's gateway; without root, on a recording of it
    Demo {
        /// The agent's executable
        #[arg(long, value_name = "PATH")]
        agent: PathBuf,
        /// Stay after the outbreak until Ctrl-C
        #[arg(long)]
        keep: bool,
        /// Length of the ordinary day before the outbreak
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
    },
    /// Record the hospital's day and the outbreak into a capture file (needs root)
    Capture {
        file: PathBuf,
        /// Length of the ordinary day before the outbreak
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=600))]
        seconds: u64,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().action) {
        Ok(()) => ExitCode::SUCCESS,
        // What a shell reports for a program that SIGINT ended.
        Err(DemoError::Interrupted) => ExitCode::from(130),
        Err(error) => {
            eprintln!("hospital: {:#}", anyhow::Error::from(error));
            ExitCode::FAILURE
        }
    }
}

fn run(action: Action) -> Result<(), DemoError> {
    match action {
        Action::Demo { agent, .. } if !lab::is_root() => demo::replay(&agent),
        Action::Demo { agent, keep, seconds } => {
            let day = Duration::from_secs(seconds);
            demo::run(&Demonstration { agent, is_kept: keep, day })
        }
        Action::Capture { file, seconds } => {
            let recording = demo::record(&file, Duration::from_secs(seconds))?;
            println!(
                "{}: {} frames, {} octets",
                file.display(),
                recording.frames,
                recording.octets
            );
            Ok(())
        }
    }
}
