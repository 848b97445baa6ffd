//! The event `device`: what is known of one device.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::{EventContext, schema};
use crate::{
    event::DeviceChange,
    export::text::{Station, harmless},
    inventory::{Device, DeviceKey},
    time::Timestamp,
};

/// A device was seen for the first time, or something about it became known.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "device")]
pub(super) struct Event<'a> {
    /// The interface where it was seen first. Not in a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_iface: Option<&'a str>,
    /// How the program is attached.
    #[schemars(extend("enum" = schema::ATTACH_MODES))]
    attach_mode: &'a str,
    device: Description,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "device_description")]
struct Description {
    /// Ours, and lasting: the store keeps it.
    id: u32,
    #[schemars(extend("enum" = ["new", "updated"]))]
    change: &'static str,
    /// Of a station on a segment we see.
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Station>,
    /// VLAN tags of its segment, the outer one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    vlan: Vec<u16>,
    /// Of a host behind a router.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    /// Of the network card, by the IEEE registries.
    vendor: Option<String>,
    /// The vendor makes network modules that others build into their devices.
    vendor_is_module_maker: bool,
    /// The MAC address is made up, by the device or its administrator.
    is_locally_administered: bool,
    /// What the device calls itself in DHCP: a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    host_name: Option<String>,
    /// DHCP option 60: a claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_class: Option<String>,
    /// All that it was seen to use.
    addresses: Vec<IpAddr>,
    /// Likely and confirmed ones.
    #[schemars(with = "Vec<schema::Label>")]
    applications: Vec<&'static str>,
    is_router: bool,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

impl<'a> Event<'a> {
    pub fn of(change: DeviceChange, device: &Device, context: &EventContext<'a>) -> Self {
        let (mac, vlans, address) = match device.key {
            DeviceKey::Station { station, vlans } => (Some(Station(station)), vlans, None),
            DeviceKey::Address(address) => (None, 0, Some(address)),
        };
        let tags = [(vlans >> 16) as u16, vlans as u16];
        let text = |text: &Option<String>| text.as_deref().map(harmless);
        Self {
            in_iface: (context.interface_name)(device.interface),
            attach_mode: context.attach_mode,
            device: Description {
                id: device.id.0,
                change: match change {
                    DeviceChange::New => "new",
                    DeviceChange::Updated => "updated",
                },
                mac,
                vlan: tags.into_iter().filter(|&tag| tag != 0).collect(),
                address,
                vendor: text(&device.vendor),
                vendor_is_module_maker: device.vendor_is_module_maker,
                is_locally_administered: device.is_locally_administered,
                host_name: text(&device.host_name),
                vendor_class: text(&device.vendor_class),
                addresses: device.addresses.iter().copied().collect(),
                applications: device.applications.iter().map(|a| a.name()).collect(),
                is_router: device.is_router,
                first_seen: context.wall.at(device.first_seen),
                last_seen: context.wall.at(device.last_seen),
            },
        }
    }
}
