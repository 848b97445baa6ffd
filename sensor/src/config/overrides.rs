//! What the command line says in place of the file.

use std::{net::SocketAddr, path::PathBuf};

use super::{Config, LogLevel, Mode, capture};

/// Options that were given; the others leave the file's value alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    pub interfaces: Option<Vec<String>>,
    pub mode: Option<Mode>,
    pub persist: Option<bool>,
    pub pin_directory: Option<PathBuf>,
    pub state_directory: Option<PathBuf>,
    pub socket: Option<PathBuf>,
    pub log: Option<LogLevel>,
    pub listen_address: Option<SocketAddr>,
    pub web_config_file: Option<PathBuf>,
    pub insecure_allow: Option<bool>,
    pub enable_lifecycle: Option<bool>,
    pub events_path: Option<PathBuf>,
}

impl Overrides {
    pub(super) fn apply(&self, config: &mut Config) -> Result<(), String> {
        let given = self.clone();
        let paths = [
            &given.pin_directory,
            &given.state_directory,
            &given.socket,
            &given.events_path,
            &given.web_config_file,
        ];
        if let Some(path) = paths.into_iter().flatten().find(|path| path.to_str().is_none()) {
            return Err(format!("{} is not UTF-8", path.display()));
        }
        set(&mut config.capture.interfaces, given.interfaces);
        set(&mut config.capture.mode, given.mode);
        set(&mut config.capture.persist, given.persist);
        set(&mut config.capture.pin_directory, given.pin_directory);
        set(&mut config.agent.state_directory, given.state_directory);
        set(&mut config.agent.socket, given.socket);
        set(&mut config.agent.log, given.log);
        set(&mut config.web.listen_address, given.listen_address);
        set(&mut config.web.insecure_allow, given.insecure_allow);
        set(&mut config.web.enable_lifecycle, given.enable_lifecycle);
        if given.web_config_file.is_some() {
            config.web.config_file = given.web_config_file;
        }
        if given.events_path.is_some() {
            config.events.path = given.events_path;
        }
        capture::check_interfaces(&config.capture.interfaces)
    }
}

fn set<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}
