//! The configuration: one TOML file, validated as a whole before anything is loaded.
//!
//! An empty file is a usable configuration; only `run` needs interfaces. Secrets have no place in
//! it. Reloading is told in [`crate::reload`].

pub mod capture;
pub mod detection;
mod difference;
mod document;
pub mod duration;
pub mod error;
pub mod ipfix;
mod number;
pub mod overrides;
mod path;
pub mod receiver;
pub mod reference;
pub mod section;
pub mod size;
pub mod sizes;
mod threshold;
mod web;
pub mod zone;

use std::path::Path;

use serde::Serialize;

pub use capture::{Capture, Mode};
pub use detection::Detections;
pub use error::{ConfigError, Problem};
pub use ipfix::{Ipfix, IpfixTransport};
pub use overrides::Overrides;
pub use receiver::{Facility, Outbox, Syslog, SyslogFormat, SyslogTransport, Webhook};
pub use section::{
    Agent, Alertmanager, Alerts, Baseline, Defaults, Events, Flow, Intelligence, Inventory,
    LogLevel,
};
pub use web::Web;

use crate::{
    detect::{
        Role, Threshold, builtin,
        desk::{Maintenance, Suppression},
    },
    time::Timestamp,
    web::{file::WebFile, gate::exposure},
};

/// Longest file that is read, in octets.
const MAXIMUM_LENGTH: u64 = 1 << 20;

/// Everything that can be set, with defaults for what is not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Config {
    pub capture: Capture,
    pub flow: Flow,
    pub inventory: Inventory,
    pub agent: Agent,
    pub web: Web,
    pub events: Events,
    pub alertmanager: Alertmanager,
    pub intelligence: Intelligence,
    pub outbox: Outbox,
    pub alerts: Alerts,
    pub defaults: Defaults,
    #[serde(rename = "syslog")]
    pub syslogs: Vec<Syslog>,
    #[serde(rename = "webhook")]
    pub webhooks: Vec<Webhook>,
    #[serde(rename = "ipfix")]
    pub collectors: Vec<Ipfix>,
    #[serde(rename = "role")]
    pub roles: Vec<Role>,
    #[serde(rename = "suppression")]
    pub suppressions: Vec<Suppression>,
    pub maintenance: Vec<Maintenance>,
    /// Built-in ones and those of the file, also the disabled ones; in the order of id and name.
    #[serde(rename = "threshold")]
    pub thresholds: Vec<Threshold>,
    #[serde(rename = "detection")]
    pub detections: Detections,
    pub baseline: Baseline,
}

impl Default for Config {
    /// What an empty file gives.
    fn default() -> Self {
        let mut thresholds = threshold::Rules::new(builtin::thresholds()).into_sorted();
        thresholds.shrink_to_fit();
        Self {
            capture: Capture::default(),
            flow: Flow::default(),
            inventory: Inventory::default(),
            agent: Agent::default(),
            web: Web::default(),
            events: Events::default(),
            alertmanager: Alertmanager::default(),
            intelligence: Intelligence::default(),
            outbox: Outbox::default(),
            alerts: Alerts::default(),
            defaults: Defaults::default(),
            syslogs: Vec::new(),
            webhooks: Vec::new(),
            collectors: Vec::new(),
            roles: Vec::new(),
            suppressions: Vec::new(),
            maintenance: Vec::new(),
            thresholds,
            detections: Detections::default(),
            baseline: Baseline::default(),
        }
    }
}

impl Config {
    /// Reads and validates the file at `path`.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Unreadable`], or [`ConfigError::Wrong`] with everything that is wrong.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::load_with(path, &Overrides::default())
    }

    /// As [`Config::load`], with what the command line says in place of what the file says.
    ///
    /// # Errors
    ///
    /// As [`Config::load`], and [`ConfigError::Override`].
    pub fn load_with(path: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        Self::parse(path, &text_of(path)?, overrides)
    }

    /// Validates `text`; `file` is how errors call it.
    ///
    /// # Errors
    ///
    /// As [`Config::load_with`], but for [`ConfigError::Unreadable`].
    pub fn parse(file: &Path, text: &str, overrides: &Overrides) -> Result<Self, ConfigError> {
        let wrong = |problems| ConfigError::Wrong { file: file.to_owned(), problems };
        let mut config = document::read(text, now()).map_err(wrong)?;
        overrides.apply(&mut config).map_err(ConfigError::Override)?;
        // What a web configuration file protects is known when that is read, by who listens.
        if config.web.config_file.is_none()
            && let Some(message) = exposure(&config.web, &WebFile::default())
        {
            return Err(match overrides.listen_address {
                Some(_) => ConfigError::Override(message),
                None => wrong(vec![Problem::new(text, offset_of(text), &message)]),
            });
        }
        Ok(config)
    }

    /// What is wrong with the value of a key of a section in the file at `path`, which was read before:
    /// for what can be known only where the agent runs.
    pub fn wrong_at(path: &Path, section: &str, key: &str, message: &str) -> ConfigError {
        // What was changed meanwhile is told at its beginning.
        let text = text_of(path).unwrap_or_default();
        let offset = document::place(&text, section, key).unwrap_or(0);
        let problems = vec![Problem::new(&text, offset, message)];
        ConfigError::Wrong { file: path.to_owned(), problems }
    }

    /// The file that gives this configuration, with every default written out.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration holds tables, lists, texts and numbers only")
    }
}

/// The time of day, against which ends are checked.
fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

fn text_of(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { file: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > MAXIMUM_LENGTH {
        let message = format!("{length} octets are too many for a configuration");
        return Err(unreadable(std::io::Error::other(message)));
    }
    let octets = std::fs::read(path).map_err(unreadable)?;
    String::from_utf8(octets).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let valid = String::from_utf8_lossy(&error.as_bytes()[..offset]).into_owned();
        let message = "this is not UTF-8, as TOML must be";
        ConfigError::Wrong {
            file: path.to_owned(),
            problems: vec![Problem::new(&valid, offset, message)],
        }
    })
}

/// Where the address that is listened on is written.
fn offset_of(text: &str) -> usize {
    text.lines()
        .find(|line| line.trim_start().starts_with("listen_address"))
        .map_or(0, |line| line.as_ptr().addr() - text.as_ptr().addr())
}

#[cfg(test)]
mod tests;
