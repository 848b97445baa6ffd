//! What is learned of devices, hour by hour.

use super::Core;
use crate::{
    baseline::Hour,
    detect::{Severity, device_matches},
    inventory::DeviceId,
    time::Timestamp,
};

impl Core {
    /// Tells the time of day, before a step. Returns the profiles that were learned because an hour
    /// is over, to be kept.
    pub fn tell_time(&mut self, timestamp: Timestamp) -> Vec<(DeviceId, String)> {
        const MICROS: i64 = 3_600_000_000;
        let hour = Hour::try_from(timestamp.as_micros() / MICROS).unwrap_or_default();
        if self.baselines.is_over(hour) {
            let firing = self.raised().filter(|alert| alert.severity >= Severity::Medium);
            let tainted: Vec<DeviceId> = firing.map(|alert| alert.device).collect();
            for device in tainted {
                self.baselines.taint(device);
            }
        }
        let (inventory, roles) = (&self.inventory, &self.roles);
        let roles_of = |id| {
            let device = inventory.device(id);
            let matching = roles
                .numbered()
                .filter(|(_, role)| device.is_some_and(|device| device_matches(role, device)));
            matching.map(|(number, _)| number).collect()
        };
        let changed = self.baselines.advance(hour, roles_of);
        self.profiles(&changed)
    }

    /// What was learned of an hour that is not over, to be kept: the agent ends.
    pub fn finish_learning(&mut self) -> Vec<(DeviceId, String)> {
        let changed = self.baselines.finish();
        self.profiles(&changed)
    }

    fn profiles(&self, devices: &[DeviceId]) -> Vec<(DeviceId, String)> {
        let profiles = devices.iter();
        let profiles = profiles.filter_map(|&id| Some((id, self.baselines.profile(id)?.save())));
        profiles.collect()
    }
}
