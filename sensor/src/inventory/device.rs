//! A device and how it is told from others.

use std::{collections::BTreeSet, net::IpAddr};

use sensor_common::application::Application;
use serde::Serialize;

use crate::time::Moment;

/// A small number that stays with a device for as long as it is known, across restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct DeviceId(pub u32);

/// What makes a device the same device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeviceKey {
    /// A station on a segment we see: its MAC address (48 bits) and VLANs as in
    /// [`sensor_common::endpoint::EndpointKey::vlans`].
    Station { station: u64, vlans: u64 },
    /// A host behind a router: its address alone.
    Address(IpAddr),
}

/// Where and when a device was seen for the first time, and last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting {
    /// Kernel interface index.
    pub interface: u32,
    pub first_seen: Moment,
    pub last_seen: Moment,
}

/// What is known of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub id: DeviceId,
    pub key: DeviceKey,
    /// From the IEEE registries; `None` for locally administered and unlisted addresses.
    pub vendor: Option<String>,
    /// The listed vendor makes network modules for others' devices, so the device's own maker is
    /// not known.
    pub vendor_is_module_maker: bool,
    /// The station address is locally administered (randomised, virtual).
    pub is_locally_administered: bool,
    /// Claimed by the device in DHCP option 12. Never exported in metrics.
    pub host_name: Option<String>,
    /// DHCP option 60.
    pub vendor_class: Option<String>,
    /// Bounded; the first ones seen.
    pub addresses: BTreeSet<IpAddr>,
    /// Applications it was seen to speak.
    pub applications: BTreeSet<Application>,
    /// Kernel index of the interface on which it was first seen.
    pub interface: u32,
    pub is_router: bool,
    pub first_seen: Moment,
    pub last_seen: Moment,
}

impl Device {
    /// One of which no more is known than what it is told by, and when it was seen.
    pub(super) fn new(id: DeviceId, key: DeviceKey, sighting: Sighting) -> Self {
        Self {
            id,
            key,
            vendor: None,
            vendor_is_module_maker: false,
            is_locally_administered: false,
            host_name: None,
            vendor_class: None,
            addresses: BTreeSet::new(),
            applications: BTreeSet::new(),
            interface: sighting.interface,
            is_router: false,
            first_seen: sighting.first_seen,
            last_seen: sighting.last_seen,
        }
    }

    /// The address by which people know it: IPv4 before IPv6, and none that is link-local while
    /// there is another. Never one of `claimed`, which it takes from others.
    pub fn main_address(&self, claimed: &[IpAddr]) -> Option<IpAddr> {
        if let DeviceKey::Address(address) = self.key {
            return Some(address);
        }
        let is_link_local = |address: &IpAddr| match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        let addresses = self.addresses.iter().filter(|address| !claimed.contains(address));
        addresses.min_by_key(|address| (is_link_local(address), address.is_ipv6())).copied()
    }
}
