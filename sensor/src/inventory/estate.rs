//! Merges endpoints into devices, and keeps what is learned of each.
//!
//! A station on a segment we see is a device, whatever addresses it uses. A router (see
//! [`super::router`]) stands for itself alone: each host address behind it is a device of its own,
//! known by the address. When a station turns out to be a router, the addresses that were taken
//! for its own become devices that were first seen when their endpoints were.
//!
//! What is seen inside tunnels is of the same devices: with a station address by that, without one by
//! the address, which then belongs to whoever uses it outside.
//!
//! Nothing here reads a clock. Left out: merging a device seen directly with the same device seen
//! behind a router (a mirror of both sides shows it twice).

mod beyond;
mod claims;
mod endpoints;

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
};

use sensor_common::{
    application::{Application, Evidence},
    endpoint::{EndpointIndex, EndpointKey, FIRST_ENDPOINT, OVERFLOW},
};

use self::endpoints::Endpoints;
use super::{
    Device, DeviceId, DeviceKey,
    device::Sighting,
    leases::Leases,
    register::Register,
    router::{RouterRule, is_link_local, is_virtual_router},
};
use crate::{
    event::DeviceChange,
    observation::{EndpointSeen, FlowDelta},
    time::Moment,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventorySettings {
    /// Devices that are kept; more are not admitted.
    pub max_devices: usize,
    /// Addresses that are kept of one device, the first ones seen.
    pub max_addresses_per_device: usize,
    /// Station addresses (48 bits) of known routers.
    pub routers: Vec<u64>,
    pub router_rule: RouterRule,
}

impl Default for InventorySettings {
    fn default() -> Self {
        Self {
            max_devices: 16_384,
            max_addresses_per_device: 32,
            routers: Vec::new(),
            router_rule: RouterRule::default(),
        }
    }
}

/// The devices of the estate.
#[derive(Debug)]
pub struct Inventory {
    settings: InventorySettings,
    register: Register,
    endpoints: Endpoints,
    /// Endpoints with an address, by station and VLANs.
    stations: BTreeMap<(u64, u64), Vec<EndpointIndex>>,
    leases: Leases,
    refused: u64,
}

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Endpoint {
    key: EndpointKey,
    interface: u32,
    first_seen: Moment,
    last_seen: Moment,
    /// `None` while the register has no room.
    device: Option<DeviceId>,
}

impl Endpoint {
    fn sighting(&self) -> Sighting {
        Sighting {
            interface: self.interface,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
    }

    fn address(&self) -> Option<IpAddr> {
        self.key.has_host_address().then(|| address_of(self.key.address))
    }
}

impl Inventory {
    pub fn new(settings: InventorySettings) -> Self {
        Self {
            register: Register::new(settings.max_devices, settings.max_addresses_per_device),
            settings,
            endpoints: Endpoints::default(),
            stations: BTreeMap::new(),
            leases: Leases::default(),
            refused: 0,
        }
    }

    /// An inventory that goes on with the devices of an earlier run. `highest_id` is the highest
    /// identifier ever given, which may be that of a device since forgotten.
    pub fn restore(
        settings: InventorySettings,
        known: Vec<Device>,
        highest_id: Option<DeviceId>,
    ) -> Self {
        let mut inventory = Self::new(settings);
        inventory.register.keep_ids_through(highest_id);
        inventory.register.restore(known);
        inventory
    }

    /// Goes on with other known routers; it concerns endpoints that are seen from now on.
    pub fn set_routers(&mut self, routers: Vec<u64>) {
        self.settings.routers = routers;
    }

    /// Forgets which endpoint has which index: the kernel's tables start anew. Devices stay.
    pub fn begin_epoch(&mut self) {
        self.endpoints.clear();
        self.stations.clear();
    }

    /// Notes an endpoint. Hearing of the same one again changes nothing.
    pub fn observe_endpoint(&mut self, seen: &EndpointSeen) {
        if seen.index < FIRST_ENDPOINT {
            return;
        }
        if let Some(known) = self.endpoints.get(seen.index) {
            let is_alias = seen.key == known.key.address_only();
            if seen.key == known.key || is_alias {
                return;
            }
            self.forget_endpoint(seen.index);
        }
        self.endpoints.insert(
            seen.index,
            Endpoint {
                key: seen.key,
                interface: seen.interface,
                first_seen: seen.at,
                last_seen: seen.at,
                device: None,
            },
        );
        if seen.key.has_station() && seen.key.has_host_address() {
            let station = (seen.key.station, seen.key.tags());
            self.stations.entry(station).or_default().push(seen.index);
        }
        if self.place(seen.index).is_none() {
            self.refused += 1;
        }
        self.look_for_router(&seen.key, seen.at);
    }

    /// What is observed next: where the devices of its two ends lie is fetched meanwhile.
    pub fn expect(&self, flows: &[FlowDelta]) {
        for flow in flows {
            self.endpoints.expect(flow.source_endpoint);
            self.endpoints.expect(flow.destination_endpoint);
        }
        for flow in flows {
            if let Some(device) = self.device_of(flow.source_endpoint) {
                self.register.expect(device);
            }
        }
    }

    /// Notes that the source of a flow was seen, and which application it spoke. A port number
    /// alone is no evidence of that.
    pub fn observe_flow(&mut self, flow: &FlowDelta) {
        if flow.source_endpoint == OVERFLOW {
            return self.observe_beyond(flow);
        }
        let Some(endpoint) = self.endpoints.get_mut(flow.source_endpoint) else {
            return;
        };
        let was_idle = flow.last_seen.since(endpoint.last_seen) > self.settings.router_rule.window;
        endpoint.last_seen = endpoint.last_seen.max(flow.last_seen);
        let Endpoint { key, device, .. } = *endpoint;
        // Without a station, the device is whose address it is now.
        let device = device.filter(|_| !is_address_inside(&key) || !flow.is_new);
        // Room may have been made since the endpoint was refused.
        let Some(id) = device.or_else(|| self.place(flow.source_endpoint)) else {
            return;
        };
        let is_spoken = flow.opinion.evidence >= Evidence::Likely
            && flow.opinion.application != Application::Unknown;
        let spoken = is_spoken.then_some(flow.opinion.application);
        self.register.hear(id, flow.last_seen, spoken);
        if flow.is_new && key.has_host_address() {
            self.register.own(id, address_of(key.address));
        }
        if was_idle {
            self.look_for_router(&key, flow.last_seen);
        }
    }

    /// What has changed since the last call, by ascending identifier; a device that is new and
    /// has changed is new. That a device was seen again is no change.
    pub fn take_changes(&mut self) -> Vec<(DeviceChange, Device)> {
        self.register.take_changes()
    }

    pub fn device_of(&self, endpoint: EndpointIndex) -> Option<DeviceId> {
        self.endpoints.get(endpoint)?.device
    }

    /// The device that used an address last.
    pub fn device_of_address(&self, address: IpAddr) -> Option<DeviceId> {
        self.register.owner_of(address.to_canonical())
    }

    /// The device that is a station, whatever is behind it.
    pub fn device_of_station(&self, station: u64, vlans: u64) -> Option<DeviceId> {
        self.register.find(&DeviceKey::Station { station, vlans })
    }

    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.register.get(id)
    }

    /// All devices by ascending identifier.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &Device> {
        self.register.devices()
    }

    /// Endpoints for which there was no room, or of which no device can be told.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Strikes off the devices that were not seen since `moment`, routers apart, and returns
    /// them. One that comes back is a new device.
    pub fn forget_unseen_since(&mut self, moment: Moment) -> Vec<DeviceId> {
        let unseen: Vec<DeviceId> = self
            .register
            .devices()
            .filter(|device| device.last_seen < moment && !device.is_router)
            .map(|device| device.id)
            .collect();
        for &id in &unseen {
            self.register.remove(id);
        }
        for endpoint in self.endpoints.iter_mut() {
            if endpoint.device.is_some_and(|id| self.register.get(id).is_none()) {
                endpoint.device = None;
            }
        }
        unseen
    }

    /// Gives an endpoint its device; `None` if there is no room.
    fn place(&mut self, index: EndpointIndex) -> Option<DeviceId> {
        let endpoint = *self.endpoints.get(index)?;
        let device = self.device_for(&endpoint);
        self.endpoints.get_mut(index)?.device = device;
        device
    }

    fn device_for(&mut self, endpoint: &Endpoint) -> Option<DeviceId> {
        let (station, vlans) = (endpoint.key.station, endpoint.key.tags());
        let address = endpoint.address();
        if is_address_inside(&endpoint.key) {
            return self.host_of(address?, endpoint.sighting());
        }
        if !endpoint.key.has_station() {
            return self.admit_address(address?, endpoint.sighting());
        }
        let key = DeviceKey::Station { station, vlans };
        let id = self.register.admit(key, endpoint.sighting());
        let is_known_router =
            self.settings.routers.contains(&station) || is_virtual_router(station);
        let is_router = match id {
            Some(id) => {
                if is_known_router {
                    self.mark_router(id);
                }
                self.is_router(id)
            }
            None => is_known_router,
        };
        match address {
            Some(address) if is_router && !is_link_local(address) => {
                self.admit_address(address, endpoint.sighting())
            }
            Some(address) => {
                self.register.own(id?, address);
                id
            }
            None => id,
        }
    }

    /// The device of an address that was seen without a station, inside a tunnel: the one that uses
    /// it outside, if there is one.
    fn host_of(&mut self, address: IpAddr, sighting: Sighting) -> Option<DeviceId> {
        if let Some(owner) = self.register.owner_of(address) {
            self.register.touch(owner, sighting.last_seen);
            return Some(owner);
        }
        self.admit_address(address, sighting)
    }

    fn admit_address(&mut self, address: IpAddr, sighting: Sighting) -> Option<DeviceId> {
        let id = self.register.admit(DeviceKey::Address(address), sighting)?;
        self.register.own(id, address);
        if let Some(names) = self.leases.arrived(address) {
            self.register.rename(id, names);
        }
        Some(id)
    }

    fn is_router(&self, id: DeviceId) -> bool {
        self.register.get(id).is_some_and(|device| device.is_router)
    }

    /// A restored device may hold addresses from before its station was configured as a router.
    fn mark_router(&mut self, id: DeviceId) {
        self.register.update(id, |device| !std::mem::replace(&mut device.is_router, true));
        self.register.disown(id, is_link_local);
    }

    /// Asks the rule about a station that uses an address anew.
    fn look_for_router(&mut self, key: &EndpointKey, now: Moment) {
        let (station, vlans) = (key.station, key.tags());
        let Some(id) = self.device_of_station(station, vlans) else {
            return;
        };
        let Some(indexes) = self.stations.get(&(station, vlans)) else {
            return;
        };
        let rule = &self.settings.router_rule;
        // The newest only: a flood of forged addresses must not cost the square of their number.
        let in_use = indexes
            .iter()
            .rev()
            .take(rule.max_addresses.saturating_mul(4).max(64))
            .filter_map(|&index| self.endpoints.get(index))
            .filter(|endpoint| now.since(endpoint.last_seen) <= rule.window)
            .filter_map(Endpoint::address);
        if self.is_router(id) || !rule.recognises(in_use) {
            return;
        }
        let indexes = indexes.clone();
        self.mark_router(id);
        for index in indexes {
            if self.place(index).is_none() {
                self.refused += 1;
            }
        }
    }

    fn forget_endpoint(&mut self, index: EndpointIndex) {
        let Some(endpoint) = self.endpoints.remove(index) else {
            return;
        };
        let station = (endpoint.key.station, endpoint.key.tags());
        if let Some(indexes) = self.stations.get_mut(&station) {
            indexes.retain(|&other| other != index);
        }
    }
}

/// Whether the endpoint is an address in a tunnel that carries packets without stations.
fn is_address_inside(key: &EndpointKey) -> bool {
    key.is_encapsulated() && !key.has_station()
}

/// The address in an endpoint's words.
fn address_of([high, low]: [u64; 2]) -> IpAddr {
    let bits = u128::from(high) << 64 | u128::from(low);
    IpAddr::V6(Ipv6Addr::from_bits(bits)).to_canonical()
}

#[cfg(test)]
mod tests;
