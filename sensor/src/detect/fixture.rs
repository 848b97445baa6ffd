//! Devices and flow deltas for this module's tests.

use std::{collections::BTreeSet, net::Ipv4Addr};

use sensor_common::{
    application::Application,
    flow::{FlowKey, FlowKeyFields, Network},
    wire::transport::{protocol, tcp_flags::SYN},
};

use crate::flow::Opinion;
use crate::{
    inventory::{Device, DeviceId, DeviceKey},
    observation::FlowDelta,
    time::Moment,
};

const BROADCAST: u64 = 0xffff_ffff_ffff;

pub fn seconds(seconds: f64) -> Moment {
    Moment::from_micros((seconds * 1e6) as u64)
}

fn station(host: u32) -> u64 {
    0x0013_dd00_0000 | u64::from(host)
}

fn address(host: u32) -> u32 {
    0x0a14_0000 + host
}

/// A Philips station `10.20.x.y` that speaks DICOM.
pub fn device(host: u32) -> Device {
    Device {
        id: DeviceId(host),
        key: DeviceKey::Station { station: station(host), vlans: 0 },
        vendor: Some("Philips Patient Monitoring".to_owned()),
        vendor_is_module_maker: false,
        is_locally_administered: false,
        host_name: Some("\u{1b}[31mward-7".to_owned()),
        vendor_class: None,
        addresses: BTreeSet::from([Ipv4Addr::from_bits(address(host)).into()]),
        applications: BTreeSet::from([Application::Dicom]),
        interface: 2,
        is_router: false,
        first_seen: Moment::default(),
        last_seen: Moment::default(),
    }
}

/// A delta under construction: a new flow of one packet at moment 0.
#[derive(Clone, Copy, Debug)]
pub struct Draft {
    pub delta: FlowDelta,
}

impl Draft {
    fn new(network: Network, protocol: u8, from: u32, to: u32, ports: (u16, u16)) -> Self {
        Self::to_station(network, protocol, (from, to), ports, station(to))
    }

    fn to_station(
        network: Network,
        protocol: u8,
        (from, to): (u32, u32),
        (source_port, destination_port): (u16, u16),
        destination_station: u64,
    ) -> Self {
        let key = FlowKey::new(&FlowKeyFields {
            network,
            source: [station(from) << 16, u64::from(address(from))],
            destination: [destination_station << 16, u64::from(address(to))],
            source_port,
            destination_port,
            outer_vlan: 0,
            inner_vlan: 0,
            interface: 2,
            protocol,
        });
        Self {
            delta: FlowDelta {
                key,
                source_endpoint: 0,
                destination_endpoint: 0,
                packets: 1,
                octets: 60,
                tcp_flags: 0,
                first_tcp_flags: 0,
                icmp_type_code: 0,
                opinion: Opinion::default(),
                earlier: Default::default(),
                change: Default::default(),
                digest: 0,
                first_seen: Moment::default(),
                last_seen: Moment::default(),
                is_new: true,
            },
        }
    }

    pub fn flags(mut self, first: u8, all: u8) -> Self {
        self.delta.first_tcp_flags = first;
        self.delta.tcp_flags = all;
        self
    }

    pub fn packets(mut self, packets: u64) -> Self {
        self.delta.packets = packets;
        self
    }

    pub fn octets(mut self, octets: u64) -> Self {
        self.delta.octets = octets;
        self
    }

    pub fn at(mut self, at: f64) -> Self {
        self.delta.first_seen = seconds(at);
        self.delta.last_seen = seconds(at);
        self
    }

    pub fn again(mut self) -> Self {
        self.delta.is_new = false;
        self
    }
}

/// A SYN.
pub fn tcp(from: u32, to: u32, source_port: u16, destination_port: u16) -> Draft {
    let ports = (source_port, destination_port);
    Draft::new(Network::Ipv4, protocol::TCP, from, to, ports).flags(SYN, SYN)
}

pub fn udp(from: u32, to: u32, source_port: u16, destination_port: u16) -> Draft {
    let ports = (source_port, destination_port);
    Draft::new(Network::Ipv4, protocol::UDP, from, to, ports)
}

pub fn icmp(from: u32, to: u32, kind: u8) -> Draft {
    let mut draft = Draft::new(Network::Ipv4, protocol::ICMP, from, to, (0, 0));
    draft.delta.icmp_type_code = u16::from(kind) << 8;
    draft
}

pub fn arp(from: u32, to: u32, is_request: bool) -> Draft {
    let target = if is_request { BROADCAST } else { station(to) };
    Draft::to_station(Network::Arp, 0, (from, to), (0, 0), target)
}
