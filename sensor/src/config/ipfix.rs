//! `[[ipfix]]`: collectors of flow records.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::{duration, receiver::host_and_port};

/// Each of them has a thread.
pub const MAXIMUM_COLLECTORS: usize = 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IpfixTransport {
    #[default]
    Udp,
    Tcp,
}

/// `[[ipfix]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of keys")]
pub struct Ipfix {
    pub name: String,
    /// Host and port; 4739 is IPFIX's.
    #[serde(deserialize_with = "host_and_port")]
    pub address: String,
    #[serde(default)]
    pub transport: IpfixTransport,
    /// Over UDP, how often templates are sent again.
    #[serde(
        default = "minute",
        serialize_with = "duration::serialize",
        deserialize_with = "template_interval"
    )]
    pub template_interval: Duration,
    /// By which a collector tells sensors apart that share an address.
    #[serde(default = "one")]
    pub observation_domain: u32,
}

const fn minute() -> Duration {
    Duration::from_secs(60)
}

const fn one() -> u32 {
    1
}

fn template_interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration::between(deserializer, Duration::from_secs(1), Duration::from_secs(3600))
}
