//! Where the agent that is asked about keeps its things: as its configuration says.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, config::load};
use crate::{config::Config, control, question::Subject};

const USUAL: &str = "/etc/wardline/wardline.toml";

#[derive(Debug, Args)]
pub struct Place {
    /// Configuration of the agent [default: /etc/wardline/wardline.toml, if it is there].
    #[arg(long, short, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the program is pinned, instead of what the configuration says.
    #[arg(long, value_name = "PATH")]
    pub pin_directory: Option<PathBuf>,
    /// The agent's socket, instead of what the configuration says.
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
}

impl Place {
    /// The configuration, or the defaults where there is none.
    pub fn settings(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(file) => load(file)?,
            None if Path::new(USUAL).exists() => load(Path::new(USUAL))?,
            None => Config::default(),
        };
        if let Some(path) = &self.pin_directory {
            config.capture.pin_directory.clone_from(path);
        }
        if let Some(path) = &self.socket {
            config.agent.socket.clone_from(path);
        }
        Ok(config)
    }

    /// The file that is read, if it is there.
    pub fn file(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| PathBuf::from(USUAL))
    }

    /// Whether the agent to which these pins belong answers. Of pins at a place of their own nobody
    /// knows which agent's they are, unless its socket is named too.
    pub fn is_in_use(&self, config: &Config) -> bool {
        let is_of_nobody =
            self.pin_directory.is_some() && self.socket.is_none() && self.config.is_none();
        !is_of_nobody && is_agent_alive(config)
    }
}

/// Whether an agent answers at its socket.
pub fn is_agent_alive(config: &Config) -> bool {
    // One that says no is alive.
    !matches!(
        control::ask(&config.agent.socket, Subject::Status),
        Err(control::ControlError::NotRunning { .. })
    )
}
