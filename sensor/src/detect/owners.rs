//! Who uses which IPv4 address on a segment, told by ARP (RFC 826): the first station that used it
//! owns it for as long as it is heard, and whoever else uses it claims it.
//!
//! Not a claim: virtual stations of router redundancy (VRRP, HSRP, GLBP, and CARP, which uses VRRP's),
//! ports of one machine, members of a cluster, a probe (RFC 5227: no sender address), and an address
//! that was not used for long, which DHCP may give to another.

use std::{net::Ipv4Addr, time::Duration};

use sensor_common::flow::Network;

use super::table::Table;
use crate::{inventory::router::is_virtual_router, observation::FlowDelta, time::Moment};

/// Addresses, and stations, that are remembered, and for how long at least.
const ADDRESSES: usize = 32_768;
const MEMORY: Duration = Duration::from_secs(3600);
/// How far the station addresses of ports on one card are apart.
const PORTS_OF_A_CARD: u64 = 3;
const LOCALLY_ADMINISTERED: u64 = 1 << 41;

#[derive(Clone, Copy, Debug)]
struct Owner {
    station: u64,
    last_seen: Moment,
}

/// A second station uses an address whose owner is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    pub address: Ipv4Addr,
    pub vlans: u64,
    /// Who claims it, and whose it is.
    pub station: u64,
    pub owner: u64,
    /// When the owner was heard last.
    pub owner_seen: Moment,
    /// ARP messages that claim it.
    pub messages: u64,
    pub at: Moment,
}

#[derive(Debug)]
pub struct Owners {
    reuse_after: Duration,
    owners: Table<(u32, u64), Owner>,
    /// The first address of each station.
    first: Table<(u64, u64), Ipv4Addr>,
}

impl Owners {
    /// An address whose owner was silent for `reuse_after` is anybody's.
    pub fn new(reuse_after: Duration) -> Self {
        let memory = MEMORY.max(reuse_after);
        Self {
            reuse_after,
            owners: Table::new(ADDRESSES, memory),
            first: Table::new(ADDRESSES, memory),
        }
    }

    /// Learns from one direction of a flow; ARP alone makes owners and claims.
    pub fn observe(&mut self, delta: &FlowDelta) -> Option<Claim> {
        let key = &delta.key;
        let is_arp = key.network() == Some(Network::Arp);
        if !is_arp && key.network() != Some(Network::Ipv4) {
            return None;
        }
        let station = key.source_station()?;
        let std::net::IpAddr::V4(address) = key.source_address()? else { return None };
        if address.is_unspecified() || address.is_link_local() {
            return None;
        }
        let (vlans, at) = (key.vlans(), delta.last_seen);
        if delta.is_new && is_arp {
            self.first.touch((station, vlans), at, || address);
        }
        let place = (address.to_bits(), vlans);
        let Some(owner) = self.owners.get_mut(&place) else {
            if is_arp {
                self.owners.touch(place, at, || Owner { station, last_seen: at });
            }
            return None;
        };
        if owner.station == station {
            owner.last_seen = owner.last_seen.max(at);
            self.owners.touch(place, at, || Owner { station, last_seen: at });
            return None;
        }
        if !is_arp {
            return None;
        }
        let is_free = at.since(owner.last_seen) > self.reuse_after;
        if is_free || is_virtual_router(station) || are_one_machine(station, owner.station) {
            *owner = Owner { station, last_seen: at };
            return None;
        }
        Some(Claim {
            address,
            vlans,
            station,
            owner: owner.station,
            owner_seen: owner.last_seen,
            messages: delta.packets,
            at,
        })
    }

    /// Whose address it is.
    pub fn owner(&self, address: Ipv4Addr, vlans: u64) -> Option<u64> {
        self.owners.get(&(address.to_bits(), vlans)).map(|owner| owner.station)
    }

    /// The address that a station used first, if no other station owns it.
    pub fn own_address(&self, station: u64, vlans: u64) -> Option<Ipv4Addr> {
        let address = *self.first.get(&(station, vlans))?;
        (self.owner(address, vlans) == Some(station)).then_some(address)
    }

    pub fn overflowed(&self) -> u64 {
        self.owners.overflowed() + self.first.overflowed()
    }
}

/// Whether two stations are ports of one machine, or members of one cluster: neighbouring
/// addresses, or locally administered ones that end alike.
fn are_one_machine(one: u64, other: u64) -> bool {
    let is_local = one & other & LOCALLY_ADMINISTERED != 0;
    one.abs_diff(other) <= PORTS_OF_A_CARD || is_local && one as u32 == other as u32
}
