//! Which alerts a suppression or a maintenance window is about.

use crate::{
    detect::{
        Alert,
        role::{self, Role},
        selector::{DeviceSelector, Network},
    },
    inventory::{Device, DeviceKey},
};

/// Whether `name` is the rule's id or its name.
pub fn is_of_rule(alert: &Alert, name: &str) -> bool {
    alert.rule == name || alert.name == name
}

/// What of the device is asked for; all of it must be so. Nothing is true of a device that is not
/// known, unless nothing is asked.
pub fn selects(
    device: Option<&Device>,
    selector: Option<&DeviceSelector>,
    role: Option<&str>,
    network: Option<&Network>,
    roles: &[Role],
) -> bool {
    if selector.is_none() && role.is_none() && network.is_none() {
        return true;
    }
    device.is_some_and(|device| {
        selector.is_none_or(|selector| selector.selects(device))
            && role.is_none_or(|name| role::has_role(roles, name, device))
            && network.is_none_or(|network| is_within(network, device))
    })
}

fn is_within(network: &Network, device: &Device) -> bool {
    let of_key = match device.key {
        DeviceKey::Address(address) => network.contains(address),
        DeviceKey::Station { .. } => false,
    };
    of_key || device.addresses.iter().any(|&address| network.contains(address))
}
