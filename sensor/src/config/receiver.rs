//! `[[syslog]]`, `[[webhook]]` and `[outbox]`: who is told of alerts besides Alertmanager, and how
//! much may wait for them.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{duration, number, path, section::request_timeout};
use crate::detect::Severity;

/// Names of sinks that are taken.
const TAKEN: [&str; 3] = ["alertmanager", "events", "store"];
/// Each of them has a thread.
pub const MAXIMUM_RECEIVERS: usize = 16;

/// `[outbox]`: what waits for receivers that are away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Outbox {
    /// For each receiver; the least severe go first.
    #[serde(deserialize_with = "entries")]
    pub maximum_entries: u32,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { maximum_entries: 20_000 }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogTransport {
    Udp,
    #[default]
    Tcp,
    Tls,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SyslogFormat {
    #[default]
    Rfc5424,
    Cef,
}

/// RFC 5424, table 1, those that may be of use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facility {
    User,
    Daemon,
    Auth,
    Authpriv,
    #[default]
    Local0,
    Local1,
    Local2,
    Local3,
    Local4,
    Local5,
    Local6,
    Local7,
}

impl Facility {
    pub const fn code(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Daemon => 3,
            Self::Auth => 4,
            Self::Authpriv => 10,
            Self::Local0 => 16,
            Self::Local1 => 17,
            Self::Local2 => 18,
            Self::Local3 => 19,
            Self::Local4 => 20,
            Self::Local5 => 21,
            Self::Local6 => 22,
            Self::Local7 => 23,
        }
    }
}

/// `[[syslog]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of keys")]
pub struct Syslog {
    pub name: String,
    /// Host and port.
    #[serde(deserialize_with = "host_and_port")]
    pub address: String,
    #[serde(default)]
    pub transport: SyslogTransport,
    #[serde(default)]
    pub format: SyslogFormat,
    #[serde(default)]
    pub facility: Facility,
    /// Alerts below are not sent.
    #[serde(default = "lowest")]
    pub minimum_severity: Severity,
    /// Of connecting, and of sending.
    #[serde(
        default = "five_seconds",
        serialize_with = "duration::serialize",
        deserialize_with = "request_timeout"
    )]
    pub timeout: Duration,
    /// Authorities that may have signed the receiver's certificate.
    #[serde(default, deserialize_with = "path::optional", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Our certificate and its key, for receivers that ask for one.
    #[serde(default, deserialize_with = "path::optional", skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "path::optional", skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// In the receiver's certificate, if that is not the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

impl Syslog {
    /// A sentence on what does not go together.
    pub fn problem(&self) -> Option<String> {
        let of_tls = [
            ("ca_file", self.ca_file.is_some()),
            ("certificate_file", self.certificate_file.is_some()),
            ("key_file", self.key_file.is_some()),
            ("server_name", self.server_name.is_some()),
        ];
        if let Some((key, _)) = of_tls.iter().find(|(_, is_there)| *is_there)
            && self.transport != SyslogTransport::Tls
        {
            return Some(format!("`{key}` needs `transport = \"tls\"`"));
        }
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) => Some("`certificate_file` needs `key_file`".to_owned()),
            (None, Some(_)) => Some("`key_file` needs `certificate_file`".to_owned()),
            _ => None,
        }
    }
}

/// `[[webhook]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of keys")]
pub struct Webhook {
    pub name: String,
    #[serde(deserialize_with = "url")]
    pub url: String,
    /// Holds what receivers check signatures with.
    #[serde(deserialize_with = "path::absolute")]
    pub secret_file: PathBuf,
    /// Alerts below are not sent.
    #[serde(default = "lowest")]
    pub minimum_severity: Severity,
    /// Of one request.
    #[serde(
        default = "five_seconds",
        serialize_with = "duration::serialize",
        deserialize_with = "request_timeout"
    )]
    pub timeout: Duration,
    /// Authorities that may have signed the receiver's certificate.
    #[serde(default, deserialize_with = "path::optional", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// A sentence on a name that a sink may not have, beside those that have names.
pub fn problem_of_name<'n>(
    name: &str,
    mut others: impl Iterator<Item = &'n str>,
) -> Option<String> {
    let is_allowed =
        |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    if !(1..=64).contains(&name.len()) || !name.chars().all(is_allowed) {
        Some("`name` has 1 to 64 letters, digits, `-`, `_`".to_owned())
    } else if TAKEN.contains(&name) {
        Some(format!("`name` may not be `{name}`, which is a sink already"))
    } else if others.any(|other| other == name) {
        Some(format!("there are two sinks of the `name` `{name}`"))
    } else {
        None
    }
}

const fn lowest() -> Severity {
    Severity::Info
}

const fn five_seconds() -> Duration {
    Duration::from_secs(5)
}

fn entries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number::within(deserializer, 100..=1_000_000)
}

pub(super) fn host_and_port<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_right = text.rsplit_once(':').is_some_and(|(host, port)| {
        let is_v6 = host.starts_with('[') && host.ends_with(']');
        let is_name = !host.is_empty() && !host.contains([':', '/', '@', ' ']);
        (is_v6 || is_name) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if is_right {
        return Ok(text);
    }
    Err(de::Error::custom(format!(
        "{text:?} is no receiver: write host and port, as in \"10.1.2.3:514\" or \"siem.example:6514\""
    )))
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let is_right = text.parse::<ureq::http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.host().is_some_and(|host| !host.is_empty())
            // No secrets in the file.
            && uri.query().is_none()
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
    });
    if is_right {
        return Ok(text);
    }
    // What is wrong with it may be that it has a secret: it is not repeated.
    Err(de::Error::custom(
        "this is no address of a web hook: write http or https, host and path, without a password \
         and without `?`, as in \"https://siem.example/wardline\"",
    ))
}
