//! `bench`: measures the XDP program; `cargo xtask bench` builds everything and starts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tests::bench::{self, BenchError, BooksEntry, Options};

/// What the XDP program costs a packet, beside what else one could use
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    /// The object with the programs to measure it against
    #[arg(long, value_name = "OBJECT")]
    programs: PathBuf,
    /// Other builds of the XDP program
    #[arg(long, value_name = "OBJECT")]
    against: Vec<PathBuf>,
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
    #[command(subcommand)]
    instead: Option<Instead>,
}

#[derive(Debug, Subcommand)]
enum Instead {
    /// Send very many packets to tables from tiny to large, and see that none is unaccounted for
    Books {
        #[arg(long, value_name = "NUMBER", default_value_t = 60_000_000)]
        packets: u64,
    },
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

fn balance(programs: &Path, packets: u64) -> Result<(), BenchError> {
    let mut lost = 0;
    bench::books(&bench::read(programs)?, packets, |sent, entry| {
        let BooksEntry { slots, scene, is_read, account } = entry;
        lost += account.lost.packets;
        println!(
            "{sent:>13} of {packets}: {scene:14} {slots:>8} slots, ring {:8} live {:>8}, evicted \
             {:>9}, lost {:>9}, unaccounted {}",
            if *is_read { "read," } else { "not read," },
            account.live.packets,
            account.evicted.packets,
            account.lost.packets,
            account.unaccounted(),
        );
    })?;
    println!("\n{packets} packets, {lost} of them lost and counted as lost, 0 unaccounted for");
    Ok(())
}

fn run(arguments: Arguments) -> Result<(), BenchError> {
    if let Some(Instead::Books { packets }) = arguments.instead {
        return balance(&arguments.programs, packets);
    }
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
