//! One rule: what is measured, for whom, over which window, and how much is too much.

use std::{str::FromStr, time::Duration};

use sensor_common::{
    application::Application,
    flow::{FlowKey, Network},
    wire::transport::protocol,
};
use serde::{Deserialize, Serialize};

use super::{alert::Severity, selector::DeviceSelector};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Packets per second.
    PacketRate,
    /// Octets per second.
    OctetRate,
    /// Flows opened, per second.
    NewFlowRate,
    /// TCP SYN segments per second.
    SynRate,
    /// TCP flows that began with a segment no honest stack sends.
    InvalidOpenings,
    /// Addresses to which flows were opened.
    DistinctPeers,
    DistinctDestinationPorts,
    /// Ports from which flows were opened: attempts, since each takes a new one.
    DistinctSourcePorts,
    /// TCP connections without an answer, per second.
    HalfOpenRate,
    /// Their share in all connections, 0 to 1.
    HalfOpenShare,
    /// Seconds since the last frame.
    Silence,
}

impl Metric {
    pub const fn name(self) -> &'static str {
        match self {
            Self::PacketRate => "packet_rate",
            Self::OctetRate => "octet_rate",
            Self::NewFlowRate => "new_flow_rate",
            Self::SynRate => "syn_rate",
            Self::InvalidOpenings => "invalid_openings",
            Self::DistinctPeers => "distinct_peers",
            Self::DistinctDestinationPorts => "distinct_destination_ports",
            Self::DistinctSourcePorts => "distinct_source_ports",
            Self::HalfOpenRate => "half_open_rate",
            Self::HalfOpenShare => "half_open_share",
            Self::Silence => "silence",
        }
    }

    pub const fn is_distinct_count(self) -> bool {
        matches!(
            self,
            Self::DistinctPeers | Self::DistinctDestinationPorts | Self::DistinctSourcePorts
        )
    }

    /// Whether it is measured on flows, so that filters and groups have a meaning.
    pub const fn is_of_flows(self) -> bool {
        !matches!(self, Self::HalfOpenRate | Self::HalfOpenShare | Self::Silence)
    }
}

/// The devices that a rule watches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    #[default]
    All,
    Role(String),
    Device(DeviceSelector),
}

/// Whether the watched device sends or receives what is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    #[default]
    Sent,
    Received,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Tcp,
    Udp,
    /// Version 4 and version 6.
    Icmp,
    Sctp,
    Arp,
}

impl Protocol {
    pub const ALL: [Self; 5] = [Self::Tcp, Self::Udp, Self::Icmp, Self::Sctp, Self::Arp];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Icmp => "icmp",
            Self::Sctp => "sctp",
            Self::Arp => "arp",
        }
    }

    /// Of a flow; `None` if it is none of these.
    pub fn of(key: &FlowKey) -> Option<Self> {
        match (key.network()?, key.protocol()) {
            (Network::Arp, _) => Some(Self::Arp),
            (Network::Link, _) => None,
            (_, protocol::TCP) => Some(Self::Tcp),
            (_, protocol::UDP) => Some(Self::Udp),
            (_, protocol::ICMP | protocol::ICMPV6) => Some(Self::Icmp),
            (_, protocol::SCTP) => Some(Self::Sctp),
            _ => None,
        }
    }
}

/// Which flows are measured: those that pass every part that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    pub destination_ports: Vec<u16>,
    #[serde(with = "application_names")]
    pub applications: Vec<Application>,
    /// Whether flows count that answer others.
    pub replies: bool,
}

impl Filter {
    /// Whether a flow of a protocol that it lets pass also passes all else.
    pub fn passes(&self, key: &FlowKey, application: Application) -> bool {
        (self.destination_ports.is_empty()
            || self.destination_ports.contains(&key.destination_port()))
            && (self.applications.is_empty() || self.applications.contains(&application))
    }
}

/// One rule; it fires when the measure reaches the limit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Threshold {
    /// Such as `WL-002`. Several rules may share one; `id` and `name` together are unique.
    pub id: String,
    /// Such as `smb_fan_out`.
    pub name: String,
    pub enabled: bool,
    pub severity: Severity,
    pub scope: Scope,
    pub except_roles: Vec<String>,
    pub metric: Metric,
    pub limit: f64,
    #[serde(serialize_with = "crate::config::duration::serialize")]
    pub window: Duration,
    /// How long the measure must stay at the limit before the rule fires.
    #[serde(rename = "for", serialize_with = "crate::config::duration::serialize")]
    pub hold: Duration,
    /// The alert is resolved below this fraction of the limit.
    pub clear_below: f64,
    /// Connections below which a share is not formed.
    pub minimum: u64,
    /// Measure towards each peer address alone; the highest counts.
    pub per_peer: bool,
    /// Measure towards each destination port alone; the highest counts.
    pub per_port: bool,
    /// Count only attempts that the initiator never acknowledged: refused or unanswered.
    pub failed: bool,
    pub direction: Direction,
    #[serde(flatten)]
    pub filter: Filter,
}

/// Distinct values are counted exactly up to here; a window that holds as many says "at least".
pub const MAXIMUM_DISTINCT: usize = 1024;
pub const SHORTEST_WINDOW: Duration = Duration::from_secs(1);
pub const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 3600);

impl Threshold {
    /// A rule over everything that all devices send: no filter, no hold, cleared below 0.8.
    pub fn new(id: &str, name: &str, metric: Metric, limit: f64) -> Self {
        Self {
            id: id.to_owned(),
            name: name.to_owned(),
            enabled: true,
            severity: Severity::Medium,
            scope: Scope::All,
            except_roles: Vec::new(),
            metric,
            limit,
            window: Duration::from_secs(60),
            hold: Duration::ZERO,
            clear_below: 0.8,
            minimum: 100,
            per_peer: false,
            per_port: false,
            failed: false,
            direction: Direction::Sent,
            filter: Filter { replies: true, ..Filter::default() },
        }
    }

    /// Refuses what could never fire, or what would be ignored.
    ///
    /// # Errors
    ///
    /// A sentence that names the keys and what is allowed.
    pub fn check(&self) -> Result<(), String> {
        let is_label = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let metric = self.metric.name();
        let highest = match self.metric {
            Metric::HalfOpenShare => 1.0,
            metric if metric.is_distinct_count() => MAXIMUM_DISTINCT as f64,
            _ => 1e15,
        };
        let has_filter = self.filter.protocol.is_some()
            || !self.filter.destination_ports.is_empty()
            || !self.filter.applications.is_empty();
        let wrong = if !is_label(&self.id) || !is_label(&self.name) {
            "`id` and `name` are 1 to 64 letters, digits, `-` and `_`".to_owned()
        } else if !(self.limit > 0.0 && self.limit <= highest) {
            format!("`limit` of {metric} is above 0 and at most {highest}")
        } else if !(self.clear_below > 0.0 && self.clear_below <= 1.0) {
            "`clear_below` is a fraction of the limit, above 0 and at most 1".to_owned()
        } else if !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&self.window) {
            "`window` is from 1s to 24h".to_owned()
        } else if self.hold > LONGEST_WINDOW {
            "`for` is from 0s to 24h".to_owned()
        } else if self.minimum > 1_000_000_000 {
            "`minimum` is at most 1000000000".to_owned()
        } else if self.failed
            && !(self.metric.is_distinct_count() && self.filter.protocol == Some(Protocol::Tcp))
        {
            "`failed` needs `protocol = \"tcp\"` and a metric that counts distinct values"
                .to_owned()
        } else if !self.metric.is_of_flows() && (has_filter || self.per_peer || self.per_port) {
            format!("{metric} takes no filter, no `per_peer` and no `per_port`")
        } else if !self.metric.is_of_flows() && self.direction == Direction::Received {
            format!("{metric} is measured at the sender: `direction` is \"sent\"")
        } else if self.metric == Metric::Silence && self.scope == Scope::All {
            "silence needs a `scope` of one role or one device".to_owned()
        } else {
            return Ok(());
        };
        Err(wrong)
    }
}

/// Applications written by their labels.
pub mod application_names {
    use serde::{Deserializer, Serializer, de};

    use super::*;

    /// A label that names an application.
    struct Label(Application);

    static LABELS: std::sync::LazyLock<Vec<&'static str>> =
        std::sync::LazyLock::new(|| Application::ALL.iter().map(|each| each.name()).collect());

    impl FromStr for Label {
        type Err = ();

        fn from_str(text: &str) -> Result<Self, ()> {
            let mut all = Application::ALL.iter();
            all.find(|each| each.name() == text).map(|&each| Self(each)).ok_or(())
        }
    }

    impl<'de> Deserialize<'de> for Label {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(|()| de::Error::unknown_variant(&text, LABELS.as_slice()))
        }
    }

    pub fn serialize<S: Serializer>(
        applications: &[Application],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(applications.iter().map(|each| each.name()))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Application>, D::Error> {
        let labels = Vec::<Label>::deserialize(deserializer)?;
        Ok(labels.into_iter().map(|label| label.0).collect())
    }
}
