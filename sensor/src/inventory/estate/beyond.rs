//! Who sends flows for whose endpoints the kernel's table had no room.

use sensor_common::{endpoint::OVERFLOW, flow::FlowKey};

use super::Inventory;
use crate::{
    inventory::{DeviceId, DeviceKey, device::Sighting},
    observation::FlowDelta,
};

impl Inventory {
    /// Notes the source of a flow for whose endpoint the kernel's table had no room: a flood of forged
    /// addresses fills it, and what is seen first in the flood must be known all the same. Its station
    /// is admitted, and no address behind a router, of which the flood has any number.
    pub(super) fn observe_beyond(&mut self, flow: &FlowDelta) {
        let Some(key) = station_of(&flow.key) else { return };
        let sighting = Sighting {
            interface: flow.key.interface(),
            first_seen: flow.first_seen,
            last_seen: flow.last_seen,
        };
        let is_known = self.register.find(&key).is_some();
        match self.register.admit(key, sighting) {
            Some(id) => {
                self.register.touch(id, flow.last_seen);
                let address = flow.key.source_address().map(|address| address.to_canonical());
                let address = address.filter(|address| !address.is_unspecified());
                if let Some(address) = address
                    && !is_known
                    && self.register.owner_of(address).is_none()
                {
                    self.register.own(id, address);
                }
            }
            None => self.refused += 1,
        }
    }

    /// The device that sends a flow: of its endpoint, or where there was no room for that, of its
    /// station, and of its address if that is a router's.
    pub fn source_of(&self, flow: &FlowDelta) -> Option<DeviceId> {
        if flow.source_endpoint != OVERFLOW {
            return self.device_of(flow.source_endpoint);
        }
        let of_station = station_of(&flow.key).and_then(|key| self.register.find(&key));
        let of_address = || self.device_of_address(flow.key.source_address()?);
        of_station.filter(|&id| !self.is_router(id)).or_else(of_address)
    }
}

/// The station that sends a flow, as a device; `None` for flows whose key holds none, and for those
/// inside tunnels.
fn station_of(key: &FlowKey) -> Option<DeviceKey> {
    let station = key.source_station().filter(|&station| station != 0)?;
    let is_outside = key.encapsulation().is_none();
    is_outside.then_some(DeviceKey::Station { station, vlans: key.vlans() })
}
