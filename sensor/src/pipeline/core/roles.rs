//! How many devices each role has, and how many of them are silent.

use std::{collections::BTreeMap, time::Duration};

use super::Core;
use crate::{
    detect::role::{Role, has_role},
    inventory::Device,
    snapshot::RoleDevices,
    time::Moment,
};

/// Longer than medical devices pause that are in use. For dashboards: `silent_device` knows each
/// device's own pauses.
const SILENCE: Duration = Duration::from_secs(15 * 60);

impl Core {
    /// Devices by the roles in force.
    pub fn devices_by_role(&self, now: Moment) -> BTreeMap<String, RoleDevices> {
        count(self.roles.in_force(), self.inventory.devices(), now)
    }
}

fn count<'d>(
    roles: &[Role],
    devices: impl Iterator<Item = &'d Device>,
    now: Moment,
) -> BTreeMap<String, RoleDevices> {
    let mut counts: BTreeMap<String, RoleDevices> = BTreeMap::new();
    for role in roles {
        counts.entry(role.name.clone()).or_default();
    }
    let silent_before = now - SILENCE;
    for device in devices {
        for (name, of_role) in &mut counts {
            if has_role(roles, name, device) {
                of_role.known += 1;
                of_role.silent += u64::from(device.last_seen < silent_before);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::fixture::{device, seconds};

    #[test]
    fn a_device_counts_once_for_its_role_and_is_silent_after_a_quarter_of_an_hour() {
        let vendor = device(1).vendor.unwrap();
        let part = Role { name: "pumps".into(), vendors: vec![vendor], ..Role::default() };
        let other = Role { name: "pacs".into(), ..Role::default() };
        let roles = [part.clone(), part, other];
        let mut quiet = device(2);
        let now = seconds(3600.0);
        quiet.last_seen = now - 2 * SILENCE;
        let awake = Device { last_seen: now, ..device(1) };
        let counts = count(&roles, [&awake, &quiet].into_iter(), now);
        assert_eq!(counts["pumps"], RoleDevices { known: 2, silent: 1 });
        assert_eq!(counts["pacs"], RoleDevices::default());
    }
}
