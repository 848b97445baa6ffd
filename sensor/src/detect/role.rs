//! Roles: groups of devices that an operator names, and that thresholds apply to or leave out.

use sensor_common::application::Application;
use serde::{Deserialize, Serialize};

use super::{
    selector::{DeviceSelector, MacPrefix, Network},
    threshold::application_names,
};
use crate::{
    inventory::{Device, DeviceKey},
    time::Timestamp,
};

/// The role that every router has without being listed.
pub const ROUTER: &str = "router";

/// Roles that detections excuse or look for, which an operator gives devices by defining them.
pub const STANDARD: [&str; 15] = [
    "backup_server",
    "building_engineering",
    "dhcp_server",
    "dns_server",
    "domain_controller",
    "guest",
    "imaging_router",
    "interface_engine",
    "life_critical",
    "management_server",
    "medical",
    "monitoring",
    "ntp_server",
    "remote_support",
    "scanner",
];

/// A device has the role if any one of the lists names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub name: String,
    #[serde(default)]
    pub mac_prefixes: Vec<MacPrefix>,
    #[serde(default)]
    pub addresses: Vec<Network>,
    /// Parts of the vendor's registered name; upper and lower case are the same.
    #[serde(default)]
    pub vendors: Vec<String>,
    #[serde(default, with = "application_names")]
    pub applications: Vec<Application>,
    #[serde(default)]
    pub devices: Vec<DeviceSelector>,
    /// Afterwards nobody has the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Role {
    /// Whether the role names nothing at all.
    pub fn is_empty(&self) -> bool {
        self.mac_prefixes.is_empty()
            && self.addresses.is_empty()
            && self.vendors.is_empty()
            && self.applications.is_empty()
            && self.devices.is_empty()
    }
}

/// All roles, and those of them that have not ended.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    configured: Vec<Role>,
    /// Not ended yet, and their places among the configured ones.
    in_force: Vec<Role>,
    places: Vec<usize>,
    /// Ended, and not told yet.
    news: Vec<String>,
}

impl Roles {
    pub fn new(configured: Vec<Role>) -> Self {
        let (in_force, places) = (configured.clone(), (0..configured.len()).collect());
        Self { configured, in_force, places, news: Vec::new() }
    }

    /// All of them, also those that have ended.
    pub fn configured(&self) -> &Vec<Role> {
        &self.configured
    }

    pub fn in_force(&self) -> &[Role] {
        &self.in_force
    }

    /// Those in force, each with a number that it keeps when others end.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &Role)> {
        self.places.iter().copied().zip(&self.in_force)
    }

    /// Lets roles end whose time has passed. Returns whether there were any.
    pub fn renew(&mut self, now: Timestamp) -> bool {
        let has_ended = |role: &Role| role.until.is_some_and(|until| until <= now);
        if !self.in_force.iter().any(has_ended) {
            return false;
        }
        let ended = self.in_force.iter().filter(|role| has_ended(role));
        self.news.extend(ended.map(|role| role.name.clone()));
        let configured = self.configured.iter().enumerate();
        let left = configured.filter(|(_, role)| !has_ended(role));
        (self.places, self.in_force) = left.map(|(place, role)| (place, role.clone())).unzip();
        true
    }

    /// The names of those that have ended since this was asked last.
    pub fn take_expired(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    /// How many have ended.
    pub fn expired(&self) -> usize {
        self.configured.len() - self.in_force.len()
    }
}

pub fn device_matches(role: &Role, device: &Device) -> bool {
    let by_key = match device.key {
        DeviceKey::Station { station, .. } => {
            role.mac_prefixes.iter().any(|prefix| prefix.contains(station))
        }
        DeviceKey::Address(address) => {
            role.addresses.iter().any(|network| network.contains(address))
        }
    };
    by_key
        || role
            .addresses
            .iter()
            .any(|network| device.addresses.iter().any(|&address| network.contains(address)))
        || device.vendor.as_ref().is_some_and(|vendor| {
            let vendor = vendor.to_lowercase();
            role.vendors.iter().any(|part| vendor.contains(&part.to_lowercase()))
        })
        || role.applications.iter().any(|application| device.applications.contains(application))
        || role.devices.iter().any(|selector| selector.selects(device))
}

/// Whether `device` has the role called `name`.
pub fn has_role(roles: &[Role], name: &str, device: &Device) -> bool {
    name == ROUTER && device.is_router
        || roles.iter().any(|role| role.name == name && device_matches(role, device))
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::device, *};

    #[test]
    fn any_one_list_gives_the_role() {
        let device = device(7);
        let empty = Role::default();
        assert!(empty.is_empty());
        assert!(!device_matches(&empty, &device));
        let roles = [
            r#"name = "a"
               mac_prefixes = ["00:13:dd"]"#,
            r#"name = "a"
               addresses = ["10.20.0.0/16"]"#,
            r#"name = "a"
               vendors = ["philips"]"#,
            r#"name = "a"
               applications = ["dicom"]"#,
            r#"name = "a"
               devices = ["10.20.0.7"]"#,
        ];
        for text in roles {
            let role: Role = toml::from_str(text).unwrap();
            assert!(device_matches(&role, &device), "{text}");
            assert!(has_role(std::slice::from_ref(&role), "a", &device));
            assert!(!has_role(&[role], "b", &device));
        }
    }

    #[test]
    fn every_list_may_miss() {
        let role: Role = toml::from_str(
            r#"name = "a"
               mac_prefixes = ["00:13:de"]
               addresses = ["10.21.0.0/16"]
               vendors = ["dräger"]
               applications = ["hl7"]
               devices = ["10.20.0.8"]"#,
        )
        .unwrap();
        assert!(!device_matches(&role, &device(7)));
    }

    #[test]
    fn a_role_that_has_ended_is_nobodys_and_is_told_once() {
        let role = |name: &str, until| Role {
            name: name.to_owned(),
            devices: vec!["10.20.0.7".parse().unwrap()],
            until,
            ..Role::default()
        };
        let end = Timestamp::from_micros(10);
        let mut roles = Roles::new(vec![role("scanner", Some(end)), role("pumps", None)]);
        let has = |roles: &Roles| has_role(roles.in_force(), "scanner", &device(7));
        assert!(!roles.renew(Timestamp::from_micros(9)));
        assert!(has(&roles));
        assert!(roles.renew(end));
        assert!(!has(&roles));
        assert_eq!((roles.take_expired(), roles.expired()), (vec!["scanner".to_owned()], 1));
        assert!(!roles.renew(end) && roles.take_expired().is_empty());
        assert!(has_role(roles.in_force(), "pumps", &device(7)));
        let numbers: Vec<usize> = roles.numbered().map(|(number, _)| number).collect();
        assert_eq!(numbers, [1], "it keeps its number");
    }

    #[test]
    fn a_router_has_its_role_unlisted() {
        let mut router = device(7);
        assert!(!has_role(&[], ROUTER, &router));
        router.is_router = true;
        assert!(has_role(&[], ROUTER, &router));
    }
}
