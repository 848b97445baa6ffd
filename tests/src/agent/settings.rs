//! The configuration of an agent under test.

use std::path::{Path, PathBuf};

use super::WEB_PORT;

/// What a test varies; the rest is as `deploy/wardline.toml` has it.
#[derive(Clone, Debug)]
pub struct Settings {
    pub interfaces: Vec<String>,
    pub mode: &'static str,
    /// With pins of its own, which go when the agent under test is dropped.
    pub persist: bool,
    pub flows: u32,
    pub ring: &'static str,
    pub endpoints: u32,
    /// The log's level.
    pub log: &'static str,
    /// On loopback, of the namespace that the agent runs in.
    pub web_port: u16,
    /// Whose rights it has: root's, so that tests are the same on a host with a user for it.
    pub user: &'static str,
    /// Another build of the agent than the usual one.
    pub executable: Option<PathBuf>,
    /// Another place for the events file than the agent's directory.
    pub events: Option<PathBuf>,
    /// More keys of `[capture]`, as written in the file.
    pub capture: String,
    /// More keys of `[web]`, as written in the file.
    pub web: String,
    /// Whole tables, as written in the file.
    pub more: String,
}

impl Settings {
    pub fn on(interfaces: &[&str]) -> Self {
        Self {
            interfaces: interfaces.iter().map(|&name| name.to_owned()).collect(),
            mode: "native",
            persist: false,
            flows: 524_288,
            ring: "8MiB",
            endpoints: 8192,
            log: "info",
            web_port: WEB_PORT,
            user: "root",
            executable: None,
            events: None,
            capture: String::new(),
            web: String::new(),
            more: String::new(),
        }
    }

    pub(super) fn file(&self, directory: &Path, pins: &Path) -> String {
        let quoted = |name: &str| format!("{:?}", directory.join(name).display().to_string());
        let events = self.events.as_ref();
        let events = events.map(|path| format!("{:?}", path.display().to_string()));
        format!(
            "[capture]\ninterfaces = {:?}\nmode = {:?}\npersist = {}\npin_directory = {:?}\n\
             flows = {}\nring = {:?}\nendpoints = {}\n{}\n\n\
             [agent]\nstate_directory = {}\nsocket = {}\nlog = {:?}\nuser = {:?}\n\n\
             [web]\nlisten_address = \"127.0.0.1:{}\"\n{}\n\n\
             [events]\npath = {}\nstats_interval = \"1s\"\n\n{}",
            self.interfaces,
            self.mode,
            self.persist,
            pins.display().to_string(),
            self.flows,
            self.ring,
            self.endpoints,
            self.capture,
            quoted("state"),
            quoted("wardline.sock"),
            self.log,
            self.user,
            self.web_port,
            self.web,
            events.unwrap_or_else(|| quoted("events.jsonl")),
            self.more,
        )
    }
}
