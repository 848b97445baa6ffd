//! Addresses of the site's own networks that nobody has, and who tries them: what the detections
//! `darknet_touch` and `knock_pattern` count.
//!
//! A host asks for an unused address by ARP, or sends the first packet of a conversation to one in a
//! network (of 256 addresses) where others are known. It is unused if no device has it some seconds
//! later.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use sensor_common::flow::Network;

use super::{
    Detector, Evidence, Finding, Findings, FlowSeen, Interest, estate::Estate, opening::Part,
    settings::Parameters, table::Table,
};
use crate::{
    hash::{HashMap, HashSet},
    inventory::DeviceId,
    time::Moment,
};

/// Hosts that try at a time, addresses of each, and networks that are known.
const HOSTS: usize = 4096;
const ADDRESSES: usize = 256;
const NETWORKS: usize = 8192;
/// How long an address is given to show that somebody has it.
const PATIENCE: Duration = Duration::from_secs(3);

const DHCP_SERVER: u16 = 67;

/// The unused addresses that one host tried.
#[derive(Debug, Default)]
struct Tries {
    /// Tried, and not known yet to be unused; and known to be. With the first try.
    waiting: HashMap<Ipv4Addr, Moment>,
    unused: HashMap<Ipv4Addr, Moment>,
    /// It asks whether addresses are free before it lends them.
    lends_addresses: bool,
    /// How many were told of.
    told: usize,
}

impl Tries {
    pub fn unused(&self) -> impl ExactSizeIterator<Item = Ipv4Addr> {
        self.unused.keys().copied()
    }

    pub fn since(&self) -> Option<Moment> {
        self.unused.values().min().copied()
    }
}

#[derive(Debug)]
struct Darknet {
    window: Duration,
    tries: Table<DeviceId, Tries>,
    /// The upper 24 bits of addresses that are in use.
    networks: HashSet<u32>,
    overflowed: u64,
}

impl Darknet {
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            tries: Table::new(HOSTS, window),
            networks: HashSet::default(),
            overflowed: 0,
        }
    }

    pub fn observe(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>) {
        let (delta, key) = (flow.delta, &flow.delta.key);
        if !delta.is_new {
            return;
        }
        let (Some(source), Some(IpAddr::V4(from)), Some(IpAddr::V4(to))) =
            (flow.source, key.source_address(), key.destination_address())
        else {
            return;
        };
        if key.source_port() == DHCP_SERVER
            && let Some(tries) = self.tries.touch(source, delta.last_seen, Tries::default)
        {
            tries.lends_addresses = true;
        }
        let network = from.to_bits() >> 8;
        if estate.is_internal(from.into()) && !self.networks.contains(&network) {
            if self.networks.len() < NETWORKS {
                self.networks.insert(network);
            } else {
                self.overflowed += 1;
            }
        }
        let is_of_site = estate.is_internal(to.into()) && is_host(to) && from != to;
        if flow.part != Part::Initiator || !is_of_site || from.is_unspecified() {
            return;
        }
        let is_known_network =
            key.network() == Some(Network::Arp) || self.networks.contains(&(to.to_bits() >> 8));
        let is_used =
            flow.destination.is_some() || estate.inventory.device_of_address(to.into()).is_some();
        // A router asks for whatever is sent through it.
        let is_router = key.network() == Some(Network::Arp) && estate.is_from_router(key);
        if !is_known_network || is_used || is_router {
            return;
        }
        let Some(tries) = self.tries.touch(source, delta.last_seen, Tries::default) else {
            return;
        };
        if tries.unused.contains_key(&to) {
            return;
        }
        if tries.waiting.len() + tries.unused.len() < ADDRESSES {
            tries.waiting.entry(to).or_insert(delta.last_seen);
        } else {
            self.overflowed += 1;
        }
    }

    /// The hosts and what they tried, after what was found to be in use is struck off.
    pub fn advance(
        &mut self,
        now: Moment,
        estate: &Estate<'_>,
    ) -> impl Iterator<Item = (DeviceId, &mut Tries)> {
        let window = self.window;
        self.tries.iter_mut().filter_map(move |(&device, tries)| {
            tries.unused.retain(|_, at| now.since(*at) <= window);
            tries.told = tries.told.min(tries.unused.len());
            let unused = &mut tries.unused;
            tries.waiting.retain(|&address, at| {
                if now.since(*at) < PATIENCE {
                    return true;
                }
                let is_recent = now.since(*at) <= window;
                if is_recent && estate.inventory.device_of_address(address.into()).is_none() {
                    unused.insert(address, *at);
                }
                false
            });
            (!tries.lends_addresses && !tries.unused.is_empty()).then_some((device, tries))
        })
    }

    pub fn overflowed(&self) -> u64 {
        self.tries.overflowed() + self.overflowed
    }
}

/// The detector of hosts that try `addresses` unused ones within `window`.
#[derive(Debug)]
pub struct Search {
    addresses: usize,
    window: Duration,
    darknet: Darknet,
    /// Ends the sentence.
    manner: &'static str,
}

impl Search {
    pub fn new(parameters: &Parameters, manner: &'static str) -> Self {
        let window = parameters.duration("window");
        let addresses = parameters.count("addresses");
        Self { addresses, window, darknet: Darknet::new(window), manner }
    }
}

impl Detector for Search {
    fn interest(&self) -> Interest {
        Interest::OPENINGS
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, _: &mut Findings) {
        self.darknet.observe(flow, estate);
    }

    fn advance(&mut self, now: Moment, estate: &Estate<'_>, findings: &mut Findings) {
        for (device, tries) in self.darknet.advance(now, estate) {
            let mut unused: Vec<_> = tries.unused().collect();
            if unused.len() < self.addresses || unused.len() < tries.told * 2 {
                continue;
            }
            tries.told = unused.len();
            unused.sort_unstable();
            let count = unused.len();
            let mut evidence = Evidence::default();
            evidence.add_peers(unused.into_iter().map(Into::into));
            findings.report(Finding {
                device,
                severity: None,
                metric: "unused_addresses",
                value: count as f64,
                limit: self.addresses as f64,
                window: self.window,
                sentence: format!(
                    "tries {count} addresses of the site that nobody has{}",
                    self.manner
                ),
                evidence,
                since: tries.since().unwrap_or(now),
                at: now,
            });
        }
    }

    fn overflowed(&self) -> u64 {
        self.darknet.overflowed()
    }
}

fn is_host(address: Ipv4Addr) -> bool {
    !address.is_multicast()
        && !address.is_broadcast()
        && !address.is_link_local()
        && !address.is_loopback()
        && !address.is_unspecified()
        && !matches!(address.octets()[3], 0 | 255)
}
