//! What the devices of one role have in common, by which a new device of the role can be judged
//! before it is known itself.

use std::collections::HashMap;

use super::{habit::Service, profile::Profile};

/// Devices that must be known before anything is said of their role.
const FEWEST_DEVICES: u32 = 3;
/// Services that are kept of one role.
const MOST_SERVICES: usize = 2048;

#[derive(Debug, Default)]
pub struct RoleProfile {
    devices: u32,
    /// How many of them have the service, of whichever peer.
    services: HashMap<Service, u32>,
    is_unbounded: bool,
}

impl RoleProfile {
    /// Adds a device whose ways are known.
    pub fn add(&mut self, profile: &Profile) {
        self.devices += 1;
        self.is_unbounded |= profile.is_unbounded();
        let mut services: Vec<Service> =
            profile.usual().map(|(service, _)| service.of_any_peer()).collect();
        services.sort_unstable();
        services.dedup();
        for service in services {
            let is_known = self.services.contains_key(&service);
            if is_known || self.services.len() < MOST_SERVICES {
                *self.services.entry(service).or_default() += 1;
            } else {
                self.is_unbounded = true;
            }
        }
    }

    /// Whether any device of the role is seen with the service; `None` while too few are known, or
    /// they do more than is kept.
    pub fn is_usual(&self, service: &Service) -> Option<bool> {
        let is_found = self.services.contains_key(&service.of_any_peer());
        let is_told = self.devices >= FEWEST_DEVICES && (is_found || !self.is_unbounded);
        is_told.then_some(is_found)
    }
}
