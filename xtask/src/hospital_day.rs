//! A hospital's day and the alerts on it. What the day has is in `tests/src/day`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::user_cargo;
use crate::process::shell_line;
use crate::workspace::Workspace;

#[derive(Args)]
pub struct Options {
    /// Devices of the hospital, servers included (80 to 4000; default 1000)
    #[arg(long)]
    devices: Option<u64>,
    /// The same seed makes the same frames (default 1)
    #[arg(long)]
    seed: Option<u64>,
    /// Hour of the day to begin at (default 0)
    #[arg(long, value_name = "HOUR")]
    from: Option<u64>,
    /// How many hours, to midnight at most (default 24)
    #[arg(long)]
    hours: Option<u64>,
    /// Mix this attack in; may be given several times: smb-sweep, port-scan, arp-spoof, rogue-dhcp,
    /// dns-tunnel, rename-burst, exfiltration, beacon, syn-flood, smb-guessing, ssh-guessing
    #[arg(long, value_name = "NAME")]
    attack: Vec<String>,
    /// Mix several in: `five` (sweep, scan, spoof, DHCP, rename) or `all`
    #[arg(long, value_name = "WHICH")]
    attacks: Option<String>,
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

/// Fails if the bar is missed, the books do not balance or an attack was not found.
pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let mut command = user_cargo(workspace);
    command.args(["run", "--locked", "--release", "--quiet"]);
    command.args(["--package", "tests", "--bin", "hospital_day", "--"]);
    let numbers = [
        ("--devices", options.devices),
        ("--seed", options.seed),
        ("--from", options.from),
        ("--hours", options.hours),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            command.arg(name).arg(number.to_string());
        }
    }
    for attack in &options.attack {
        command.arg("--attack").arg(attack);
    }
    if let Some(which) = &options.attacks {
        command.arg("--attacks").arg(which);
    }
    let files = [
        ("--json", &options.json),
        ("--picture", &options.picture),
        ("--write", &options.write),
        ("--settings", &options.settings),
        ("--events", &options.events),
        ("--config", &options.config),
    ];
    for (name, file) in files {
        if let Some(file) = file {
            // It runs in the root of the workspace, wherever this command was typed.
            command.arg(name).arg(std::path::absolute(file)?);
        }
    }
    let line = shell_line(&command);
    let status = command.status().with_context(|| format!("cannot start {line}"))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
