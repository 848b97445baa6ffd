//! The register of devices: keys, identifiers, owners of addresses, and what has changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use sensor_common::application::Application;

use super::{
    Device, DeviceId, DeviceKey, device::Sighting, devices::Devices, leases::ClientNames,
    vendor::vendor_of,
};
use crate::{event::DeviceChange, hash::HashMap, time::Moment};

#[derive(Debug)]
pub(super) struct Register {
    max_devices: usize,
    max_addresses_per_device: usize,
    devices: Devices,
    /// Their identifiers, ascending.
    order: BTreeSet<DeviceId>,
    by_key: BTreeMap<DeviceKey, DeviceId>,
    /// Who used an address last; only addresses that the device keeps.
    owners: HashMap<IpAddr, DeviceId>,
    changes: BTreeMap<DeviceId, DeviceChange>,
    next: u32,
}

impl Register {
    pub(super) fn new(max_devices: usize, max_addresses_per_device: usize) -> Self {
        Self {
            max_devices,
            max_addresses_per_device,
            devices: Devices::default(),
            order: BTreeSet::new(),
            by_key: BTreeMap::new(),
            owners: HashMap::default(),
            changes: BTreeMap::new(),
            next: 1,
        }
    }

    /// Takes devices of an earlier run: the most recently seen ones if there are too many, and the
    /// first of those that claim the same identifier or key.
    pub(super) fn restore(&mut self, mut known: Vec<Device>) {
        self.keep_ids_through(known.iter().map(|device| device.id).max());
        known.sort_by_key(|device| (std::cmp::Reverse(device.last_seen), device.id));
        for mut device in known {
            let is_known =
                self.devices.contains(device.id) || self.by_key.contains_key(&device.key);
            if is_known || self.devices.len() >= self.max_devices {
                continue;
            }
            describe(&mut device);
            for &address in &device.addresses {
                self.owners.entry(address).or_insert(device.id);
            }
            self.by_key.insert(device.key, device.id);
            self.order.insert(device.id);
            self.devices.insert(device);
        }
    }

    /// Gives no identifier up to `highest` to another device.
    pub(super) fn keep_ids_through(&mut self, highest: Option<DeviceId>) {
        if let Some(DeviceId(highest)) = highest {
            self.next = self.next.max(highest.saturating_add(1));
        }
    }

    pub(super) fn find(&self, key: &DeviceKey) -> Option<DeviceId> {
        self.by_key.get(key).copied()
    }

    pub(super) fn get(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(id)
    }

    pub(super) fn devices(&self) -> impl ExactSizeIterator<Item = &Device> {
        self.order.iter().map(|id| &self.devices[*id])
    }

    pub(super) fn owner_of(&self, address: IpAddr) -> Option<DeviceId> {
        self.owners.get(&address).copied()
    }

    /// The devices with this station address, on whichever VLANs.
    pub(super) fn of_station(&self, station: u64) -> impl Iterator<Item = &Device> {
        let keys = DeviceKey::Station { station, vlans: 0 }..=DeviceKey::Station {
            station,
            vlans: u64::MAX,
        };
        self.by_key.range(keys).filter_map(|(_, id)| self.devices.get(*id))
    }

    /// The device of `key`, made if there is none; `None` when the register is full.
    pub(super) fn admit(&mut self, key: DeviceKey, sighting: Sighting) -> Option<DeviceId> {
        if let Some(id) = self.find(&key) {
            self.touch(id, sighting.last_seen);
            return Some(id);
        }
        if self.devices.len() >= self.max_devices || self.next == u32::MAX {
            return None;
        }
        let id = DeviceId(self.next);
        self.next += 1;
        let mut device = Device::new(id, key, sighting);
        describe(&mut device);
        self.order.insert(id);
        self.devices.insert(device);
        self.by_key.insert(key, id);
        self.changes.insert(id, DeviceChange::New);
        if let DeviceKey::Address(address) = key {
            self.own(id, address);
        }
        Some(id)
    }

    /// Notes that a device used an address, if there is room for it.
    pub(super) fn own(&mut self, id: DeviceId, address: IpAddr) {
        if self.owners.get(&address) == Some(&id) {
            return;
        }
        let max_addresses = self.max_addresses_per_device.max(1);
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        if !device.addresses.contains(&address) {
            if device.addresses.len() >= max_addresses {
                return;
            }
            device.addresses.insert(address);
            self.note_change(id);
        }
        self.owners.insert(address, id);
    }

    /// Takes those addresses from a device that are not its own.
    pub(super) fn disown(&mut self, id: DeviceId, is_own: impl Fn(IpAddr) -> bool) {
        let Some(device) = self.devices.get_mut(id) else {
            return;
        };
        let (kept, taken) = std::mem::take(&mut device.addresses)
            .into_iter()
            .partition::<BTreeSet<_>, _>(|&address| is_own(address));
        device.addresses = kept;
        for address in taken {
            if self.owners.get(&address) == Some(&id) {
                self.owners.remove(&address);
            }
            self.note_change(id);
        }
    }

    pub(super) fn touch(&mut self, id: DeviceId, at: Moment) {
        if let Some(device) = self.devices.get_mut(id) {
            device.last_seen = device.last_seen.max(at);
        }
    }

    /// Notes that a device was seen, and what it spoke.
    pub(super) fn hear(&mut self, id: DeviceId, at: Moment, spoken: Option<Application>) {
        if self.devices.hear(id, at, spoken) {
            self.note_change(id);
        }
    }

    /// Has the processor fetch what [`Self::hear`] looks at.
    pub(super) fn expect(&self, id: DeviceId) {
        self.devices.expect(id);
    }

    /// Changes a device by `change`, which returns whether anything is different now.
    pub(super) fn update(&mut self, id: DeviceId, change: impl FnOnce(&mut Device) -> bool) {
        if self.devices.get_mut(id).is_some_and(change) {
            self.note_change(id);
        }
    }

    pub(super) fn rename(&mut self, id: DeviceId, names: ClientNames) {
        self.update(id, |device| {
            let before = (device.host_name.clone(), device.vendor_class.clone());
            device.host_name = names.host_name.or(device.host_name.take());
            device.vendor_class = names.vendor_class.or(device.vendor_class.take());
            (&device.host_name, &device.vendor_class) != (&before.0, &before.1)
        });
    }

    /// Strikes a device off. Its identifier is not given again.
    pub(super) fn remove(&mut self, id: DeviceId) {
        let Some(device) = self.devices.remove(id) else {
            return;
        };
        self.order.remove(&id);
        self.by_key.remove(&device.key);
        self.changes.remove(&id);
        for address in device.addresses {
            if self.owners.get(&address) == Some(&id) {
                self.owners.remove(&address);
            }
        }
    }

    pub(super) fn take_changes(&mut self) -> Vec<(DeviceChange, Device)> {
        std::mem::take(&mut self.changes)
            .into_iter()
            .filter_map(|(id, change)| Some((change, self.devices.get(id)?.clone())))
            .collect()
    }

    fn note_change(&mut self, id: DeviceId) {
        self.changes.entry(id).or_insert(DeviceChange::Updated);
    }
}

/// Fills in what the key alone tells.
fn describe(device: &mut Device) {
    let DeviceKey::Station { station, .. } = device.key else {
        return;
    };
    let found = vendor_of(station);
    device.vendor = found.vendor.map(str::to_owned);
    device.vendor_is_module_maker = found.is_module_maker;
    device.is_locally_administered = found.is_locally_administered;
}
