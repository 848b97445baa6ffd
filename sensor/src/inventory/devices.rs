//! Devices in memory: found by identifier, and the few things that every reading of a flow asks for where
//! they can be fetched before they are needed.

use std::ops::Index;

use sensor_common::application::{Application, CAPACITY};

use super::{Device, DeviceId};
use crate::{hash::HashMap, prefetch::prefetch, time::Moment};

/// Devices; places do not tell anything.
#[derive(Debug, Default)]
pub(super) struct Devices {
    places: HashMap<DeviceId, u32>,
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    /// A bit for each application that the device was seen to speak: [`Device::applications`].
    heard: u128,
    device: Device,
}

const _: () = assert!(CAPACITY <= u128::BITS);

impl Devices {
    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn contains(&self, id: DeviceId) -> bool {
        self.places.contains_key(&id)
    }

    pub fn get(&self, id: DeviceId) -> Option<&Device> {
        Some(&self.held[*self.places.get(&id)? as usize].device)
    }

    /// For anything but the identifier and the applications.
    pub fn get_mut(&mut self, id: DeviceId) -> Option<&mut Device> {
        Some(&mut self.held[*self.places.get(&id)? as usize].device)
    }

    /// Adds a device whose identifier is not there yet.
    pub fn insert(&mut self, device: Device) {
        self.places.insert(device.id, self.held.len() as u32);
        let heard =
            device.applications.iter().fold(0, |heard, application| heard | bit(*application));
        self.held.push(Held { heard, device });
    }

    pub fn remove(&mut self, id: DeviceId) -> Option<Device> {
        let place = self.places.remove(&id)?;
        let removed = self.held.swap_remove(place as usize);
        if let Some(moved) = self.held.get(place as usize) {
            self.places.insert(moved.device.id, place);
        }
        Some(removed.device)
    }

    /// Has the processor fetch what [`Self::hear`] looks at.
    pub fn expect(&self, id: DeviceId) {
        if let Some(place) = self.places.get(&id) {
            let Held { heard, device } = &self.held[*place as usize];
            prefetch(heard);
            prefetch(&device.last_seen);
        }
    }

    /// Notes that a device was seen, and what it spoke; whether it was not known to speak that.
    pub fn hear(&mut self, id: DeviceId, at: Moment, spoken: Option<Application>) -> bool {
        let Some(place) = self.places.get(&id) else { return false };
        let Held { heard, device } = &mut self.held[*place as usize];
        device.last_seen = device.last_seen.max(at);
        let Some(application) = spoken.filter(|spoken| *heard & bit(*spoken) == 0) else {
            return false;
        };
        *heard |= bit(application);
        device.applications.insert(application)
    }
}

impl Index<DeviceId> for Devices {
    type Output = Device;

    fn index(&self, id: DeviceId) -> &Device {
        &self.held[self.places[&id] as usize].device
    }
}

fn bit(application: Application) -> u128 {
    1 << application as u8
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::inventory::{DeviceKey, device::Sighting};

    fn device(id: DeviceId) -> Device {
        let now = Moment::default();
        let key = DeviceKey::Station { station: u64::from(id.0), vlans: 0 };
        Device::new(id, key, Sighting { interface: 1, first_seen: now, last_seen: now })
    }

    #[test]
    fn a_device_stays_itself_while_others_come_and_go() {
        let mut devices = Devices::default();
        let mut expected = BTreeMap::new();
        let mut random = 1_u64;
        for _ in 0..5000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let id = DeviceId((random >> 60) as u32);
            let at = Moment::from_micros(random >> 40);
            match random >> 33 & 3 {
                0 => assert_eq!(devices.remove(id), expected.remove(&id)),
                1 if !devices.contains(id) => {
                    devices.insert(device(id));
                    expected.insert(id, device(id));
                }
                _ => {
                    let application =
                        [Application::Dicom, Application::Dns][(random >> 50 & 1) as usize];
                    let is_news = devices.hear(id, at, Some(application));
                    let Some(device) = expected.get_mut(&id) else {
                        assert!(!is_news);
                        continue;
                    };
                    device.last_seen = device.last_seen.max(at);
                    assert_eq!(is_news, device.applications.insert(application));
                }
            }
            assert_eq!(devices.len(), expected.len());
            assert!(expected.iter().all(|(id, device)| devices.get(*id) == Some(device)));
        }
    }

    #[test]
    fn what_an_earlier_run_heard_is_no_news() {
        let mut devices = Devices::default();
        let mut known = device(DeviceId(7));
        known.applications.insert(Application::Hl7);
        devices.insert(known);
        assert!(!devices.hear(DeviceId(7), Moment::default(), Some(Application::Hl7)));
    }
}
