//! What DHCP clients say of themselves, and which device that is.

use std::net::IpAddr;

use super::Inventory;
use crate::{
    inventory::{
        DeviceId, DeviceKey,
        device::Sighting,
        dhcp::{self, DhcpFacts},
        leases::ClientNames,
    },
    observation::PayloadSample,
};

impl Inventory {
    /// Reads what a payload says of a device.
    pub fn observe_sample(&mut self, sample: &PayloadSample) {
        let Some(facts) = dhcp::read(sample) else {
            return;
        };
        if let Some(address) = facts.assigned_address {
            self.observe_grant(&facts, address.into(), sample.key.vlans());
        } else {
            self.observe_claim(facts, sample);
        }
    }

    /// A client says something of itself.
    fn observe_claim(&mut self, facts: DhcpFacts, sample: &PayloadSample) {
        let names = ClientNames { host_name: facts.host_name, vendor_class: facts.vendor_class };
        if facts.client == sample.station {
            let key = DeviceKey::Station { station: facts.client, vlans: sample.key.vlans() };
            let sighting = Sighting {
                interface: sample.key.interface(),
                first_seen: sample.at,
                last_seen: sample.at,
            };
            if let Some(id) = self.register.admit(key, sighting) {
                self.register.rename(id, names);
            }
        } else if let Some(id) = self.latest_of_station(facts.client) {
            self.register.rename(id, names);
        } else if let Some(address) = facts.client_address {
            self.name_host(address.into(), names);
        } else {
            self.leases.ask(facts.client, names);
        }
    }

    /// A server gives a client an address.
    fn observe_grant(&mut self, facts: &DhcpFacts, address: IpAddr, vlans: u64) {
        let neighbour = self
            .device_of_station(facts.client, vlans)
            .or_else(|| self.latest_of_station(facts.client));
        if let Some(id) = neighbour {
            if !self.is_router(id) {
                self.register.own(id, address);
            }
        } else if let Some(names) = self.leases.granted(facts.client) {
            self.name_host(address, names);
        }
    }

    /// Names the host behind a router, now or when it is seen.
    fn name_host(&mut self, address: IpAddr, names: ClientNames) {
        match self.register.find(&DeviceKey::Address(address)) {
            Some(id) => self.register.rename(id, names),
            None => self.leases.lease(address, names),
        }
    }

    fn latest_of_station(&self, station: u64) -> Option<DeviceId> {
        self.register
            .of_station(station)
            .max_by_key(|device| device.last_seen)
            .map(|device| device.id)
    }
}
