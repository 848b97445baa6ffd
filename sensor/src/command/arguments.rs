//! The words of the command line.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::{
    attach::Attach, detach::Detach, doctor::Doctor, ifaces::Ifaces, status::Status, verify::Verify,
};
use crate::{
    config::duration,
    detect::selector::{DeviceSelector, Network},
    pipeline::replay::Engine,
    time::Timestamp,
};

const CONFIG: &str = "/etc/wardline/wardline.toml";

/// Knows every device on a hospital network, what it speaks, and when something attacks it.
///
/// Observes and never steers: no packet is dropped, delayed or altered, no payload is stored.
#[derive(Debug, Parser)]
#[command(name = "wardline", version, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Attach to the configured interfaces and run the agent.
    Run(Run),
    /// The part of `run` that has no privilege; `run` starts it.
    #[command(hide = true)]
    Worker(Run),
    /// Run capture files through the same pipeline, under the captures' own clock.
    Replay(Replay),
    /// Check or show a configuration.
    Config(Config),
    /// Say what events look like.
    Events(Events),
    /// List the devices that the running agent knows.
    Devices(List),
    /// List the conversations under way.
    Flows(List),
    /// List the alerts that are firing, explain, acknowledge and suppress them; test their delivery.
    Alerts(Alerts),
    /// List the commonest kinds of traffic that were not classified, without any of their payload.
    Unknown(List),
    /// Show what is learned of devices, or have it learned anew.
    Profiles(Profiles),
    /// List what is looked for: thresholds and detections, or all about one of them.
    Detections(Catalogue),
    /// Say whether the program is attached, since when, and what it has counted; needs no agent.
    Status(Status),
    /// List the interfaces, what holds their XDP hooks, and what to know before attaching.
    Ifaces(Ifaces),
    /// Attach to interfaces without an agent, which takes over what is counted later; or have the agent
    /// attach again where it took itself off.
    Attach(Attach),
    /// Take the program off its interfaces and forget its counts.
    Detach(Detach),
    /// Check kernel, privileges, interfaces, disk and configuration, and say what to do.
    Doctor(Doctor),
    /// Have the running agent read its configuration anew.
    Reload(Reload),
    /// Print the completions of a shell, to be put where it looks for them.
    Completions {
        #[arg(value_enum, value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page, or write one for each command.
    Man {
        /// Where to write them; it must exist.
        #[arg(long, value_name = "PATH")]
        directory: Option<PathBuf>,
    },
    /// Print the version, and that of the layout which the agent shares with the kernel.
    Version {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the reference of the command line, as Markdown.
    #[command(hide = true)]
    Reference,
    /// Load the program and print how many instructions the verifier went through.
    #[command(hide = true)]
    Verify(Verify),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Fish,
    Zsh,
}

#[derive(Debug, Args)]
pub struct Run {
    /// Configuration file.
    #[arg(long, short, value_name = "FILE", default_value = CONFIG)]
    pub config: PathBuf,
    /// Interface to attach to instead of the configured ones; may be repeated.
    #[arg(long, short, value_name = "NAME")]
    pub interface: Vec<String>,
    /// Address to serve metrics on instead of the configured one.
    #[arg(long = "web.listen-address", value_name = "ADDRESS")]
    pub web_listen_address: Option<SocketAddr>,
    /// Web configuration file (TLS, authentication), as Prometheus' exporter-toolkit has it.
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub web_config_file: Option<PathBuf>,
    /// Allow an address that other hosts reach without TLS and authentication.
    #[arg(long = "web.insecure-allow")]
    pub web_insecure_allow: bool,
    /// Answer `POST /-/reload`, to those who are known.
    #[arg(long = "web.enable-lifecycle")]
    pub web_enable_lifecycle: bool,
    /// Instead of working, try what a worker must not be able to do, and say what happened.
    #[arg(long, hide = true)]
    pub probe: bool,
}

#[derive(Debug, Args)]
pub struct Replay {
    /// Captures (pcap or pcapng); `-` reads standard input.
    #[arg(required = true, value_name = "CAPTURE")]
    pub captures: Vec<PathBuf>,
    /// Configuration file, for thresholds and roles.
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which packet path runs the frames; `kernel` needs root or CAP_BPF.
    #[arg(long, value_enum, default_value_t)]
    pub engine: Engine,
    /// Where to write events as JSON lines; `-` writes them to standard output.
    #[arg(long, value_name = "FILE")]
    pub events: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    pub action: ConfigAction,
}

#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Say whether a file is valid, and what it plans.
    Check {
        /// Configuration file.
        #[arg(value_name = "FILE", default_value = CONFIG)]
        file: PathBuf,
    },
    /// Print the configuration in effect, defaults included.
    Show {
        /// Configuration file.
        #[arg(value_name = "FILE", default_value = CONFIG)]
        file: PathBuf,
    },
    /// Print every key with type, bounds, default and meaning.
    Reference,
    /// Print the JSON Schema (draft 2020-12) of the file, for editors.
    Schema,
}

#[derive(Debug, Args)]
pub struct Events {
    #[command(subcommand)]
    pub action: EventsAction,
}

#[derive(Debug, Subcommand)]
pub enum EventsAction {
    /// Print the JSON Schema (draft 2020-12) of a line of the events file.
    Schema,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Output {
    #[default]
    Table,
    Json,
}

#[derive(Debug, Args)]
pub struct List {
    /// How to print.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
    /// The agent's socket.
    #[arg(long, value_name = "PATH", default_value = "/run/wardline/wardline.sock")]
    pub socket: PathBuf,
}

#[derive(Debug, Args)]
pub struct Alerts {
    #[command(subcommand)]
    pub action: Option<AlertsAction>,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t, global = true)]
    pub output: Output,
    /// The agent's socket.
    #[arg(long, value_name = "PATH", default_value = "/run/wardline/wardline.sock", global = true)]
    pub socket: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum AlertsAction {
    /// List the alerts that are firing, story by story.
    List,
    /// Show one alert, firing or over.
    Show {
        /// Number of an alert, as `wardline alerts` lists it.
        #[arg(value_name = "ID")]
        alert: u64,
    },
    /// Say why an alert fired: numbers and limits, peers and flows, what it means, what was done.
    Explain {
        /// Number of an alert, as `wardline alerts` lists it.
        #[arg(value_name = "ID")]
        alert: u64,
    },
    /// Say that somebody knows of an alert: it is not told again unless it gets worse.
    Ack {
        /// Number of an alert, as `wardline alerts` lists it.
        #[arg(value_name = "ID")]
        alert: u64,
        /// Who knows of it.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// What is known.
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Do not tell receivers of some alerts for a while.
    Suppress(Suppress),
    /// Lift a suppression.
    Unsuppress {
        /// Its number, as `wardline alerts suppressions` lists it.
        #[arg(value_name = "NUMBER")]
        suppression: u32,
    },
    /// Send a marked alert through each sink and say what happened.
    Test {
        /// Configuration file.
        #[arg(long, short, value_name = "FILE", default_value = CONFIG)]
        config: PathBuf,
        /// Only through the sinks of this name (`alertmanager`, or as configured).
        #[arg(long, value_name = "NAME")]
        sink: Option<String>,
    },
    /// List suppressions and maintenance windows in force.
    Suppressions,
}

#[derive(Debug, Args)]
pub struct Suppress {
    /// A firing alert: its rule and its device are suppressed, unless others are named.
    #[arg(value_name = "ID")]
    pub alert: Option<u64>,
    /// Id or name of a rule.
    #[arg(long, value_name = "NAME")]
    pub rule: Option<String>,
    /// MAC or IP address of a device.
    #[arg(long, value_name = "ADDRESS")]
    pub device: Option<DeviceSelector>,
    /// A role.
    #[arg(long, value_name = "NAME")]
    pub role: Option<String>,
    /// A network, such as 10.20.0.0/16.
    #[arg(long, value_name = "NETWORK")]
    pub network: Option<Network>,
    /// Who answers for it.
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// For how long, such as `4h` or `7d`.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse, required_unless_present = "until")]
    pub length: Option<Duration>,
    /// Until when (RFC 3339); at most a year.
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub struct Profiles {
    #[command(subcommand)]
    pub action: Option<ProfilesAction>,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t, global = true)]
    pub output: Output,
    /// The agent's socket.
    #[arg(long, value_name = "PATH", default_value = "/run/wardline/wardline.sock", global = true)]
    pub socket: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum ProfilesAction {
    /// List all devices: whether they are being learned or known, and since when.
    List,
    /// Show what is usual of one device.
    Show {
        /// Its number, as `wardline devices` lists it.
        #[arg(value_name = "DEVICE")]
        device: u32,
    },
    /// Forget what is usual of a device, and learn it anew: after a repair, new firmware, a new use.
    Reset {
        /// Its number, as `wardline devices` lists it.
        #[arg(value_name = "DEVICE")]
        device: u32,
        /// Why; it is kept with what is learned.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub struct Catalogue {
    /// Name of one of them, such as `smb1_in_use`.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: CatalogueOutput,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CatalogueOutput {
    #[default]
    Table,
    Json,
    Markdown,
}

#[derive(Debug, Args)]
pub struct Reload {
    /// The agent's socket.
    #[arg(long, value_name = "PATH", default_value = "/run/wardline/wardline.sock")]
    pub socket: PathBuf,
}
