//! What detectors find.

use std::{net::IpAddr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::alert::Severity;
use crate::{
    inventory::{Device, DeviceId},
    time::Moment,
};

/// Findings that one step may report; more are counted.
const MOST_FINDINGS: usize = 4096;
/// Peers and numbers that the evidence of an alert keeps.
pub const MOST_EVIDENCE: usize = 8;

/// A detector's word on one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Who did it, or whom it is about.
    pub device: DeviceId,
    /// In place of the detection's own, where this finding is worse or less so.
    pub severity: Option<Severity>,
    /// What was measured, such as `distinct_names`, and how much of it is too much.
    pub metric: &'static str,
    pub value: f64,
    pub limit: f64,
    pub window: Duration,
    /// One sentence for people, without the device's name, which is put before it:
    /// "answers DHCP requests, and is not one of the DHCP servers known".
    pub sentence: String,
    pub evidence: Evidence,
    /// First moment of the evidence, and the last.
    pub since: Moment,
    pub at: Moment,
}

impl Finding {
    /// Of what is too much when it happens once.
    pub fn of_event(device: DeviceId, metric: &'static str, at: Moment, sentence: &str) -> Self {
        Self {
            device,
            severity: None,
            metric,
            value: 1.0,
            limit: 1.0,
            window: Duration::ZERO,
            sentence: sentence.to_owned(),
            evidence: Evidence::default(),
            since: at,
            at,
        }
    }
}

/// The numbers and peers behind an alert, bounded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "evidence")]
#[serde(default)]
pub struct Evidence {
    /// What was counted besides, each by its name.
    pub numbers: Vec<(String, f64)>,
    /// Addresses of the other ends.
    pub peers: Vec<IpAddr>,
    /// Community IDs of flows that show it.
    pub flows: Vec<String>,
    /// Addresses that the device uses and that are not its own: it is not to be called by them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claimed: Vec<IpAddr>,
}

impl Evidence {
    pub fn number(mut self, name: &str, value: f64) -> Self {
        if self.numbers.len() < MOST_EVIDENCE {
            self.numbers.push((name.to_owned(), value));
        }
        self
    }

    pub fn peer(mut self, peer: Option<IpAddr>) -> Self {
        self.add_peers(peer);
        self
    }

    pub fn flow(mut self, community_id: Option<String>) -> Self {
        add(&mut self.flows, community_id);
        self
    }

    pub fn add_peers(&mut self, peers: impl IntoIterator<Item = IpAddr>) {
        add(&mut self.peers, peers);
    }

    /// Notes that none of the addresses of `device` is its own but `own`. They are all kept: the
    /// inventory bounds them.
    pub fn claimed(mut self, device: Option<&Device>, own: Option<IpAddr>) -> Self {
        let addresses = device.into_iter().flat_map(|device| &device.addresses).copied();
        self.claimed = addresses.filter(|&address| Some(address) != own).collect();
        self
    }

    /// Takes over what a later finding has beside it; its numbers count.
    pub fn merge(&mut self, later: Self) {
        self.numbers = later.numbers;
        if !later.claimed.is_empty() {
            self.claimed = later.claimed;
        }
        self.add_peers(later.peers);
        add(&mut self.flows, later.flows);
    }
}

fn add<T: PartialEq>(kept: &mut Vec<T>, more: impl IntoIterator<Item = T>) {
    for each in more {
        if kept.len() < MOST_EVIDENCE && !kept.contains(&each) {
            kept.push(each);
        }
    }
}

/// Where detectors put what they find.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    overflowed: u64,
}

impl Findings {
    pub fn report(&mut self, finding: Finding) {
        if self.found.len() < MOST_FINDINGS {
            self.found.push(finding);
        } else {
            self.overflowed += 1;
        }
    }

    pub fn drain(&mut self) -> std::vec::Drain<'_, Finding> {
        self.found.drain(..)
    }

    pub fn overflowed(&self) -> u64 {
        self.overflowed
    }
}
