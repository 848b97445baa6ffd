//! The words of the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::pipeline::replay::Engine;

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
    /// Run capture files through the same pipeline, under the captures' own clock.
    Replay(Replay),
    /// Check or show a configuration.
    Config(Config),
    /// List the devices that the running agent knows.
    Devices(List),
    /// List the conversations under way.
    Flows(List),
    /// List the alerts that are firing, or see whether those who are told of them can be reached.
    Alerts(Alerts),
    /// List the commonest kinds of traffic that were not classified, without any of their payload.
    Unknown(List),
    /// List what is looked for: thresholds and detections, or all about one of them.
    Detections(Catalogue),
    /// Take the program off its interfaces and forget its counts.
    Detach(Detach),
    /// Load the program and print how many instructions the verifier went through.
    #[command(hide = true)]
    Verify,
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
        #[arg(value_name = "FILE", default_value = CONFIG)]
        file: PathBuf,
    },
    /// Print the configuration in effect, defaults included.
    Show {
        #[arg(value_name = "FILE", default_value = CONFIG)]
        file: PathBuf,
    },
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
#[command(args_conflicts_with_subcommands = true)]
pub struct Alerts {
    #[command(flatten)]
    pub list: List,
    #[command(subcommand)]
    pub action: Option<AlertsAction>,
}

#[derive(Debug, Subcommand)]
pub enum AlertsAction {
    /// Send a marked alert through each sink and say what happened.
    Test {
        /// Configuration file.
        #[arg(long, short, value_name = "FILE", default_value = CONFIG)]
        config: PathBuf,
        /// Only through the sinks of this name (`alertmanager`, or as configured).
        #[arg(long, value_name = "NAME")]
        sink: Option<String>,
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
pub struct Detach {
    /// Where the program is pinned.
    #[arg(long, value_name = "PATH", default_value = "/sys/fs/bpf/wardline")]
    pub pin_directory: PathBuf,
}
