//! What detectors may ask of the estate.

use std::net::IpAddr;

use sensor_common::flow::FlowKey;

use super::{
    role::{self, Role},
    selector::Network,
};
use crate::{
    baseline::Baselines,
    inventory::{Device, DeviceId, Inventory},
};

/// The devices, their roles, and which addresses are the site's own.
#[derive(Clone, Copy, Debug)]
pub struct Estate<'a> {
    pub inventory: &'a Inventory,
    pub roles: &'a [Role],
    /// Networks of the site besides the private ones.
    pub internal: &'a [Network],
    /// What is usual of each device.
    pub baselines: &'a Baselines,
}

impl Estate<'_> {
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.inventory.device(id)
    }

    /// Whether the device has the role called `name`.
    pub fn has_role(&self, id: DeviceId, name: &str) -> bool {
        self.device(id).is_some_and(|device| role::has_role(self.roles, name, device))
    }

    /// Whether the device has one of the roles.
    pub fn has_any_role(&self, id: DeviceId, names: &[String]) -> bool {
        !names.is_empty()
            && self.device(id).is_some_and(|device| {
                names.iter().any(|name| role::has_role(self.roles, name, device))
            })
    }

    /// Whether a router sent the flow, for itself or for others. IPv6 keys do not tell.
    pub fn is_from_router(&self, key: &FlowKey) -> bool {
        let station = key.source_station();
        let device = station.and_then(|it| self.inventory.device_of_station(it, key.vlans()));
        device.is_some_and(|id| self.has_role(id, role::ROUTER))
    }

    /// Whether an address is of the site: private (RFC 1918, RFC 4193), link-local, loopback, shared
    /// (RFC 6598), a group, or in a network that is configured as the site's.
    pub fn is_internal(&self, address: IpAddr) -> bool {
        let is_special = match address.to_canonical() {
            IpAddr::V4(address) => {
                let is_shared = address.to_bits() >> 22 == 0x6440_0000 >> 22;
                address.is_private()
                    || address.is_link_local()
                    || address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
                    || address.is_broadcast()
                    || is_shared
            }
            IpAddr::V6(address) => {
                address.is_unique_local()
                    || address.is_unicast_link_local()
                    || address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
            }
        };
        is_special || self.internal.iter().any(|network| network.contains(address))
    }
}
