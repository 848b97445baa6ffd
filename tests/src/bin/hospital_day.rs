//! `hospital_day`: makes a hospital's day and counts what the agent raises on it; started by `cargo
//! xtask hospital-day`.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tests::day::attack::{FIVE, Name};
use tests::day::{Day, DayError, Plan, outcome, picture, report, settings};

/// A hospital's day to be quiet on, with attacks if wanted
#[derive(Debug, Parser)]
#[command(name = "hospital-day", version)]
struct Arguments {
    /// Devices of the hospital, servers included
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(80..=4000))]
    devices: u64,
    /// The same seed makes the same frames
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Hour of the day to begin at
    #[arg(long, value_name = "HOUR", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=23))]
    from: u64,
    /// How many hours, to midnight at most
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=24))]
    hours: u64,
    /// Mix this attack in; may be given several times
    #[arg(long, value_name = "NAME")]
    attack: Vec<Name>,
    /// Mix several in
    #[arg(long, value_name = "WHICH")]
    attacks: Option<Which>,
    /// Write all figures here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the day here, as SVG
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// Write all frames into a capture; bulk frames are cut after 128 octets
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Write the agent's settings for this hospital
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Write the agent's events
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Use these settings instead of the hospital's own
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    /// smb-sweep, port-scan, arp-spoof, rogue-dhcp, rename-burst
    Five,
    All,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("hospital-day: {:#}", anyhow::Error::from(error));
            ExitCode::from(2)
        }
    }
}

fn plan(arguments: &Arguments) -> Plan {
    let mut plan = Plan::quiet(arguments.devices as usize, arguments.seed);
    plan.begins = Duration::from_secs(3600 * arguments.from);
    plan.ends = plan.ends.min(plan.begins + Duration::from_secs(3600 * arguments.hours));
    plan.attacks = match arguments.attacks {
        None => Vec::new(),
        Some(Which::Five) => FIVE.to_vec(),
        Some(Which::All) => <Name as clap::ValueEnum>::value_variants().to_vec(),
    };
    for attack in &arguments.attack {
        if !plan.attacks.contains(attack) {
            plan.attacks.push(*attack);
        }
    }
    plan
}

/// Whether the bar was met and every attack was found.
fn run(arguments: Arguments) -> Result<bool, DayError> {
    let mut day = Day::new(&plan(&arguments));
    let config = match &arguments.config {
        Some(file) => sensor::config::Config::load(file)?,
        None => settings::settings(&day.world().site)?,
    };
    if let Some(path) = &arguments.settings {
        write(path, &config.to_toml())?;
    }
    if let Some(path) = &arguments.write {
        day.record(path)?;
    }
    let mut events: Box<dyn Write> = match &arguments.events {
        None => Box::new(io::sink()),
        Some(path) => {
            let cannot = |source| DayError::Write { path: path.clone(), source };
            Box::new(BufWriter::new(fs::File::create(path).map_err(cannot)?))
        }
    };
    let outcome = outcome::run(&mut day, &config, &mut events)?;
    if let Some(path) = &arguments.write {
        day.finish_recording(path)?;
    }
    print!("{}", report::text(&outcome));
    if let Some(path) = &arguments.json {
        write(path, &serde_json::to_string_pretty(&outcome)?)?;
    }
    if let Some(path) = &arguments.picture {
        write(path, &picture::picture(&outcome))?;
    }
    Ok(outcome.meets_bar() && outcome.books.balance() && outcome.missed().next().is_none())
}

fn write(path: &Path, text: &str) -> Result<(), DayError> {
    fs::write(path, text).map_err(|source| DayError::Write { path: path.to_owned(), source })
}
