//! What is usual: for each device the services that it uses, serves and speaks, and how much it
//! sends and receives in which hour of the week; for each role what its devices have in common.
//!
//! A device is learned for a set time from when it was first seen, then its ways are known. What it
//! does in an hour is added when the hour is over, and only if no alert was raised for the device
//! in it, so what a detector calls bad is never learned. What is new once the ways are known becomes
//! one of them when it was seen on three days without an alert.
//!
//! Nothing here reads a clock: hours are counted since 1970 by whoever calls, and outlive a restart.

pub mod habit;
pub mod profile;
pub mod rates;
pub mod role;
mod saved;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

pub use habit::Service;
pub use profile::{Profile, State};
use role::RoleProfile;

use crate::{flow::FlowRecord, hash::HashMap, inventory::DeviceId};

/// Hours since 1970-01-01T00:00:00Z.
pub type Hour = u32;

/// Services that are noted of one device in one hour.
const MOST_STAGED: usize = 256;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaselineSettings {
    /// How long a device is watched before its ways are thought to be known.
    pub learning: Duration,
    /// Devices of which a profile is kept.
    pub maximum_devices: usize,
}

impl Default for BaselineSettings {
    fn default() -> Self {
        Self { learning: Duration::from_secs(14 * 24 * 3600), maximum_devices: 16_384 }
    }
}

/// What is thought of a service that a device was seen with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is one of the device's ways.
    Usual,
    /// The device is still being learned; whether others of its role do so, if there are any who are
    /// known well enough.
    Learning { is_usual_of_role: Option<bool> },
    /// The device has more ways than are kept: nothing can be told.
    Unbounded,
    /// It is not, though the device is known; whether others of its role do so.
    Unusual { is_usual_of_role: Option<bool> },
}

/// What a device did in the hour that is not over.
#[derive(Debug, Default)]
struct Staged {
    services: BTreeSet<Service>,
    sent: u64,
    received: u64,
    /// An alert was raised: the hour is not learned.
    is_tainted: bool,
}

/// The profiles of all devices and roles.
#[derive(Debug, Default)]
pub struct Baselines {
    settings: BaselineSettings,
    profiles: HashMap<DeviceId, Profile>,
    staged: HashMap<DeviceId, Staged>,
    roles: Vec<RoleProfile>,
    roles_of: HashMap<DeviceId, Vec<usize>>,
    hour: Option<Hour>,
    refused: u64,
    tainted: u64,
}

impl Baselines {
    pub fn new(settings: BaselineSettings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Goes on with another time of learning.
    pub fn set_learning(&mut self, learning: Duration) {
        self.settings.learning = learning;
    }

    /// Adds a biflow to the hour of both its ends. Only what was answered is a service.
    pub fn observe_record(&mut self, record: &FlowRecord) {
        let is_answered = record.forward.packets > 0 && record.reverse.packets > 0;
        let ends = [
            (record.initiator_device, record.forward.octets, record.reverse.octets),
            (record.responder_device, record.reverse.octets, record.forward.octets),
        ];
        for (is_responder, (device, sent, received)) in [false, true].into_iter().zip(ends) {
            let Some(device) = device else { continue };
            let Some(staged) = self.stage(device) else { continue };
            staged.sent = staged.sent.saturating_add(sent);
            staged.received = staged.received.saturating_add(received);
            if is_answered {
                for service in Service::of(record, is_responder) {
                    if staged.services.len() < MOST_STAGED {
                        staged.services.insert(service);
                    }
                }
            }
        }
    }

    fn stage(&mut self, device: DeviceId) -> Option<&mut Staged> {
        let is_known = self.staged.contains_key(&device);
        if !is_known && self.staged.len() >= self.settings.maximum_devices {
            self.refused += 1;
            return None;
        }
        Some(self.staged.entry(device).or_default())
    }

    /// An alert was raised for `device`: nothing of this hour is learned of it.
    pub fn taint(&mut self, device: DeviceId) {
        if let Some(staged) = self.stage(device)
            && !std::mem::replace(&mut staged.is_tainted, true)
        {
            self.tainted += 1;
        }
    }

    /// Whether the hour that is being watched is over at `hour`.
    pub fn is_over(&self, hour: Hour) -> bool {
        self.hour.is_some_and(|now| hour > now)
    }

    /// Lets time pass to `hour`. When an hour is over, it is learned; returns the devices whose
    /// profiles have changed. `roles_of` tells the roles of a device by number.
    pub fn advance(
        &mut self,
        hour: Hour,
        roles_of: impl Fn(DeviceId) -> Vec<usize>,
    ) -> Vec<DeviceId> {
        match self.hour {
            None => {
                self.hour = Some(hour);
                self.assign_roles(hour, roles_of);
                Vec::new()
            }
            // The clock was set back, or stands: the hour goes on.
            Some(now) if hour <= now => Vec::new(),
            Some(over) => {
                self.hour = Some(hour);
                let changed = self.learn(over, true);
                self.assign_roles(hour, roles_of);
                changed
            }
        }
    }

    /// Learns what there is of the hour that is not over: the agent ends.
    pub fn finish(&mut self) -> Vec<DeviceId> {
        self.hour.map(|hour| self.learn(hour, false)).unwrap_or_default()
    }

    fn learn(&mut self, hour: Hour, is_whole: bool) -> Vec<DeviceId> {
        let mut staged = std::mem::take(&mut self.staged);
        let mut changed = Vec::new();
        // A device that was silent for an hour has a rate of nothing in it.
        for (&device, profile) in &mut self.profiles {
            match staged.remove(&device) {
                Some(staged) if staged.is_tainted => {}
                Some(staged) => {
                    learn(profile, &staged, hour, is_whole, self.settings.learning);
                    changed.push(device);
                }
                None if is_whole => profile.add_rates(hour, 0, 0),
                None => {}
            }
        }
        for (device, staged) in staged {
            if self.profiles.len() >= self.settings.maximum_devices {
                self.refused += 1;
                continue;
            }
            let profile = self.profiles.entry(device).or_insert_with(|| Profile::new(hour));
            if !staged.is_tainted {
                learn(profile, &staged, hour, is_whole, self.settings.learning);
                changed.push(device);
            }
        }
        changed.sort_unstable();
        changed
    }

    fn assign_roles(&mut self, hour: Hour, roles_of: impl Fn(DeviceId) -> Vec<usize>) {
        self.roles.clear();
        self.roles_of.clear();
        for (&device, profile) in &self.profiles {
            let roles = roles_of(device);
            for &role in &roles {
                if self.roles.len() <= role {
                    self.roles.resize_with(role + 1, RoleProfile::default);
                }
                if profile.state(hour, self.settings.learning).is_active() {
                    self.roles[role].add(profile);
                }
            }
            if !roles.is_empty() {
                self.roles_of.insert(device, roles);
            }
        }
    }

    /// What is thought of `device` being seen with `service` now.
    pub fn judge(&self, device: DeviceId, service: &Service) -> Judgement {
        let hour = self.hour.unwrap_or_default();
        let is_usual_of_role = self.is_usual_of_role(device, service);
        let Some(profile) = self.profiles.get(&device) else {
            return Judgement::Learning { is_usual_of_role };
        };
        if profile.is_usual(service) {
            Judgement::Usual
        } else if profile.is_unbounded() {
            Judgement::Unbounded
        } else if profile.state(hour, self.settings.learning).is_active() {
            Judgement::Unusual { is_usual_of_role }
        } else {
            Judgement::Learning { is_usual_of_role }
        }
    }

    fn is_usual_of_role(&self, device: DeviceId, service: &Service) -> Option<bool> {
        let roles = self.roles_of.get(&device)?.iter();
        let told = roles.filter_map(|&role| self.roles.get(role)?.is_usual(service));
        told.reduce(|one, other| one || other)
    }

    /// Octets that the device sent in this hour, and how many would be unusual, if that is known.
    pub fn sent_in_hour(&self, device: DeviceId) -> (u64, Option<u64>) {
        let sent = self.staged.get(&device).map_or(0, |staged| staged.sent);
        let limit = self.profiles.get(&device).and_then(|profile| {
            let hour = self.hour?;
            let is_active = profile.state(hour, self.settings.learning).is_active();
            profile.sent().limit(hour).filter(|_| is_active)
        });
        (sent, limit)
    }

    pub fn profile(&self, device: DeviceId) -> Option<&Profile> {
        self.profiles.get(&device)
    }

    /// Learning or active, and until or since when.
    pub fn state(&self, device: DeviceId) -> Option<State> {
        let hour = self.hour?;
        Some(self.profiles.get(&device)?.state(hour, self.settings.learning))
    }

    /// Forgets what is known of a device, which is learned anew from now on. `reason` is kept.
    /// `false` if nothing was known.
    pub fn reset(&mut self, device: DeviceId, reason: &str) -> bool {
        self.staged.remove(&device);
        let hour = self.hour.unwrap_or_default();
        match self.profiles.get_mut(&device) {
            Some(profile) => {
                *profile = Profile::reset(hour, reason);
                true
            }
            None => false,
        }
    }

    /// Forgets devices that were struck off.
    pub fn forget(&mut self, devices: &[DeviceId]) {
        for device in devices {
            self.profiles.remove(device);
            self.staged.remove(device);
            self.roles_of.remove(device);
        }
    }

    /// Devices by state: learning, active.
    pub fn counts(&self) -> [(&'static str, u64); 2] {
        let hour = self.hour.unwrap_or_default();
        let is_active =
            |profile: &&Profile| profile.state(hour, self.settings.learning).is_active();
        let active = self.profiles.values().filter(is_active).count() as u64;
        [("learning", self.profiles.len() as u64 - active), ("active", active)]
    }

    /// Devices for which there was no room.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Hours of devices that were not learned because an alert was raised.
    pub fn tainted(&self) -> u64 {
        self.tainted
    }
}

fn learn(profile: &mut Profile, staged: &Staged, hour: Hour, is_whole: bool, learning: Duration) {
    let is_active = profile.state(hour, learning).is_active();
    for service in &staged.services {
        profile.add_service(*service, hour, is_active);
    }
    // Of a part of an hour the rate is not known.
    if is_whole {
        profile.add_rates(hour, staged.sent, staged.received);
    }
}
