//! `[web]`: metrics, health and reload over HTTP.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{number, path};

/// `[web]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table of keys")]
pub struct Web {
    #[serde(deserialize_with = "listen_address")]
    pub listen_address: SocketAddr,
    /// TLS, who may ask, headers and more, as Prometheus' exporter-toolkit has it.
    #[serde(deserialize_with = "path::optional", skip_serializing_if = "Option::is_none")]
    pub config_file: Option<PathBuf>,
    /// Whether an address that other hosts reach is allowed, though not both TLS and authentication
    /// are there.
    pub insecure_allow: bool,
    /// Whether `/-/reload` is answered, to those who are known.
    pub enable_lifecycle: bool,
    /// Devices with series of their own; the rest are together in `overflow`.
    #[serde(deserialize_with = "series")]
    pub maximum_device_series: u32,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            listen_address: (Ipv4Addr::LOCALHOST, 9469).into(),
            config_file: None,
            insecure_allow: false,
            enable_lifecycle: false,
            maximum_device_series: 750,
        }
    }
}

fn series<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number::within(deserializer, 0..=100_000)
}

fn listen_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        de::Error::custom(format!(
            "{text:?} is no address to listen on: write address and port, as in \"127.0.0.1:9469\" or \"[::1]:9469\""
        ))
    })
}
