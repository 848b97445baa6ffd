//! The sections of the file that need no more than bounds.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{duration, number, path};
use crate::{
    baseline::BaselineSettings,
    confinement::Sandbox,
    detect::{
        Indicators, Severity,
        desk::RUNBOOKS,
        selector::{MacAddress, Network},
    },
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// `[flow]`: when biflows end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Flow {
    #[serde(serialize_with = "duration::serialize", deserialize_with = "timeout")]
    pub idle_timeout: Duration,
    #[serde(serialize_with = "duration::serialize", deserialize_with = "timeout")]
    pub active_timeout: Duration,
    /// Biflows kept at once.
    #[serde(deserialize_with = "flows")]
    pub maximum: usize,
}

impl Default for Flow {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(60),
            active_timeout: Duration::from_secs(30 * 60),
            maximum: 262_144,
        }
    }
}

/// `[inventory]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Inventory {
    #[serde(deserialize_with = "devices")]
    pub maximum_devices: usize,
    /// Stations known to be routers, besides those that are found out.
    pub routers: Vec<MacAddress>,
    /// Networks of the site besides the private ones (RFC 1918, RFC 4193): all others are external.
    pub internal: Vec<Network>,
    /// A device that was not seen for so long is forgotten; one that comes back is new.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "retention")]
    pub forget_after: Duration,
}

impl Default for Inventory {
    fn default() -> Self {
        Self {
            maximum_devices: 16_384,
            routers: Vec::new(),
            internal: Vec::new(),
            forget_after: Duration::from_secs(90 * 86_400),
        }
    }
}

/// Which messages are logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// `[agent]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Agent {
    #[serde(deserialize_with = "path::absolute")]
    pub state_directory: PathBuf,
    #[serde(deserialize_with = "path::absolute")]
    pub socket: PathBuf,
    pub log: LogLevel,
    /// What the worker may do besides its work.
    pub sandbox: Sandbox,
    /// Whose rights the agent has when root starts it; without it those of
    /// [`crate::confinement::account::USUAL`], if there is such a user.
    #[serde(deserialize_with = "user", skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            state_directory: PathBuf::from("/var/lib/wardline"),
            socket: PathBuf::from("/run/wardline/wardline.sock"),
            log: LogLevel::default(),
            sandbox: Sandbox::default(),
            user: None,
        }
    }
}

/// `[events]`: the file of JSON lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Events {
    /// No events are written without it.
    #[serde(deserialize_with = "path::optional", skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    pub flows: bool,
    pub devices: bool,
    pub alerts: bool,
    #[serde(serialize_with = "duration::serialize", deserialize_with = "interval")]
    pub stats_interval: Duration,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            path: None,
            flows: true,
            devices: true,
            alerts: true,
            stats_interval: Duration::from_secs(60),
        }
    }
}

/// `[alertmanager]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Alertmanager {
    /// Every one gets every alert; none switches it off.
    #[serde(deserialize_with = "urls")]
    pub urls: Vec<String>,
    /// Of one request.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "request_timeout")]
    pub timeout: Duration,
    #[serde(serialize_with = "duration::serialize", deserialize_with = "interval")]
    pub resend_interval: Duration,
    /// Alerts below are not sent.
    pub minimum_severity: Severity,
}

impl Default for Alertmanager {
    fn default() -> Self {
        Self {
            urls: Vec::new(),
            timeout: Duration::from_secs(5),
            resend_interval: Duration::from_secs(60),
            minimum_severity: Severity::Info,
        }
    }
}

/// `[intelligence]`: indicators of compromise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Intelligence {
    /// Tables (CSV) and STIX 2.1 bundles, read at the start.
    #[serde(deserialize_with = "path::several")]
    pub files: Vec<PathBuf>,
    /// What the files held, once they were read ([`crate::intelligence`]).
    #[serde(skip)]
    pub indicators: Option<Arc<Indicators>>,
}

/// `[alerts]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Alerts {
    /// New alerts that are handed out one by one; further ones are in a digest.
    #[serde(deserialize_with = "alerts")]
    pub per_minute: u32,
    /// Where runbooks are, `{name}` standing for the alert's name; empty: nowhere.
    #[serde(deserialize_with = "runbook_url")]
    pub runbook_url: String,
}

impl Default for Alerts {
    fn default() -> Self {
        Self { per_minute: 60, runbook_url: RUNBOOKS.to_owned() }
    }
}

/// `[baseline]`: what is learned of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Baseline {
    /// How long a device is watched before what it does is held against what it did.
    #[serde(serialize_with = "duration::serialize", deserialize_with = "learning")]
    pub learning: Duration,
}

impl Default for Baseline {
    fn default() -> Self {
        Self { learning: BaselineSettings::default().learning }
    }
}

impl Baseline {
    pub fn settings(&self) -> BaselineSettings {
        BaselineSettings { learning: self.learning, ..BaselineSettings::default() }
    }
}

fn learning<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration::between(deserializer, Duration::from_secs(3600), 90 * DAY)
}

/// `[defaults]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Defaults {
    /// Whether the built-in thresholds apply.
    pub thresholds: bool,
    /// Whether detections apply that the file does not name.
    pub detections: bool,
}

impl Default for Defaults {
    fn default() -> Self {
        Self { thresholds: true, detections: true }
    }
}

/// Whether there is one is asked when the agent starts, on the host where it does.
fn user<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let is_name = (1..=32).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet));
    if is_name {
        return Ok(Some(name));
    }
    Err(de::Error::custom(format!(
        "{name:?} is no name of a user: 1 to 32 letters, digits, `-`, `_`, `.`, not beginning with `-`"
    )))
}

fn timeout<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration::between(deserializer, SECOND, DAY)
}

fn retention<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration::between(deserializer, Duration::from_secs(3600), 365 * DAY)
}

fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration::between(deserializer, SECOND, Duration::from_secs(3600))
}

pub(super) fn request_timeout<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    duration::between(deserializer, SECOND / 10, Duration::from_secs(60))
}

fn flows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    number::within(deserializer, 1024..=1 << 24).map(|flows| flows as usize)
}

fn devices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    number::within(deserializer, 16..=1 << 20).map(|devices| devices as usize)
}

fn alerts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number::within(deserializer, 1..=10_000)
}

fn runbook_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_address = text.len() <= 512
        && text.contains("{name}")
        && text.contains(":/")
        && text.bytes().all(|octet| octet.is_ascii_graphic());
    if text.is_empty() || is_address {
        return Ok(text);
    }
    Err(de::Error::custom(format!(
        "{text:?} is no address of runbooks: write one with {{name}} for the alert's name, as in \"https://wiki.example/wardline/{{name}}\", or nothing"
    )))
}

fn urls<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let urls = Vec::<String>::deserialize(deserializer)?;
    if urls.len() > 8 {
        return Err(de::Error::custom("`urls` holds at most 8"));
    }
    let is_base = |url: &&String| {
        url.parse::<ureq::http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && uri.query().is_none()
                // No secrets in the file.
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        })
    };
    match urls.iter().find(|url| !is_base(url)) {
        Some(url) => Err(de::Error::custom(format!(
            "{url:?} is no base of an Alertmanager: write http or https, host and port, without a password, as in \"http://127.0.0.1:9093\""
        ))),
        None => Ok(urls),
    }
}
