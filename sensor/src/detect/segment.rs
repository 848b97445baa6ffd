//! A segment with its stations, and one detector that watches it: for tests of detections.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use sensor_common::{
    application::{Application, Evidence},
    endpoint::{EndpointIndex, EndpointKey, FIRST_ENDPOINT, mapped_ipv4},
    flow::{FlowKey, FlowKeyFields, Network},
    wire::transport::{
        protocol,
        tcp_flags::{ACK, SYN},
    },
};

use super::{Finding, FlowSeen, Heard, detections, fixture::seconds, opening, testbed::Testbed};
use crate::{
    flow::Opinion,
    interpret::Message,
    inventory::{DeviceId, Inventory, InventorySettings},
    observation::{EndpointSeen, FlowDelta},
};

/// A station and its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host(pub u64, pub IpAddr);

pub const EVERYONE: u64 = 0xffff_ffff_ffff;

/// The station `number` with the address `10.20.x.y` of the same number.
pub fn host(number: u32) -> Host {
    // Far enough from each other not to be taken for ports of one machine.
    Host(0x0013_dd00_0000 | u64::from(number) << 4, address(number))
}

pub fn address(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a14_0000 + number).into()
}

/// The same station with another address.
pub fn posing_as(host: Host, other: Host) -> Host {
    Host(host.0, other.1)
}

/// One direction of a flow, as a reading tells it.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    from: Host,
    to: Host,
    network: Network,
    protocol: u8,
    ports: (u16, u16),
    vlan: u16,
    icmp_kind: u8,
    flags: (u8, u8),
    packets: u64,
    application: Application,
    is_new: bool,
}

impl Frame {
    fn new(from: Host, to: Host, network: Network, protocol: u8, ports: (u16, u16)) -> Self {
        Self {
            from,
            to,
            network,
            protocol,
            ports,
            vlan: 0,
            icmp_kind: 0,
            flags: (0, 0),
            packets: 1,
            application: Application::Unknown,
            is_new: true,
        }
    }

    pub fn arp_request(from: Host, target: IpAddr) -> Self {
        Self::new(from, Host(EVERYONE, target), Network::Arp, 0, (0, 0))
    }

    /// Gratuitous (RFC 5227 section 2.3).
    pub fn announcement(from: Host) -> Self {
        Self::arp_request(from, from.1)
    }

    pub fn arp_reply(from: Host, to: Host) -> Self {
        Self::new(from, to, Network::Arp, 0, (0, 0))
    }

    /// A SYN.
    pub fn tcp(from: Host, to: Host, port: u16) -> Self {
        let frame = Self::new(from, to, Network::Ipv4, protocol::TCP, (40_000, port));
        Self { flags: (SYN, SYN), ..frame }
    }

    pub fn udp(from: Host, to: Host, ports: (u16, u16)) -> Self {
        Self::new(from, to, Network::Ipv4, protocol::UDP, ports)
    }

    pub fn icmp6(from: Host, to: Host, kind: u8) -> Self {
        let frame = Self::new(from, to, Network::Ipv6, protocol::ICMPV6, (0, 0));
        Self { icmp_kind: kind, ..frame }
    }

    /// The initiator has acknowledged something.
    pub fn answered(self) -> Self {
        Self { flags: (self.flags.0, self.flags.1 | ACK), is_new: false, ..self }
    }

    pub fn again(self) -> Self {
        Self { is_new: false, ..self }
    }

    pub fn packets(self, packets: u64) -> Self {
        Self { packets, ..self }
    }

    pub fn vlan(self, vlan: u16) -> Self {
        Self { vlan, ..self }
    }

    pub fn speaking(self, application: Application) -> Self {
        Self { application, ..self }
    }

    fn words(&self, host: Host) -> [u64; 2] {
        match host.1 {
            IpAddr::V4(address) => [host.0 << 16, address.to_bits().into()],
            IpAddr::V6(address) => [(address.to_bits() >> 64) as u64, address.to_bits() as u64],
        }
    }

    fn key(&self) -> FlowKey {
        FlowKey::new(&FlowKeyFields {
            network: self.network,
            source: self.words(self.from),
            destination: self.words(self.to),
            source_port: self.ports.0,
            destination_port: self.ports.1,
            outer_vlan: self.vlan,
            inner_vlan: 0,
            interface: 2,
            protocol: self.protocol,
        })
    }
}

/// The detector under test, and the endpoints that were seen.
pub struct Segment {
    pub bed: Testbed,
    endpoints: HashMap<EndpointKey, EndpointIndex>,
}

impl Segment {
    /// Watched by the detection called `name` with its defaults.
    pub fn watched_by(name: &str) -> Self {
        Self::set(name, &[])
    }

    /// Watched by a detection some of whose parameters are set.
    pub fn set(name: &str, values: &[(&'static str, f64)]) -> Self {
        let mut of_name = detections::ALL.iter();
        let detection = of_name.find(|each| each.description.name == name).unwrap();
        let mut bed = Testbed::new(detection, values);
        bed.inventory = Inventory::new(InventorySettings {
            routers: vec![ROUTER.0],
            ..InventorySettings::default()
        });
        Self { bed, endpoints: HashMap::new() }
    }

    /// Gives the devices with these addresses a role.
    pub fn give_role(&mut self, name: &str, hosts: &[Host]) {
        self.bed.give_role(name, hosts.iter().map(|host| host.1.to_string()));
    }

    pub fn device(&self, host: Host) -> DeviceId {
        self.bed.inventory.device_of_station(host.0, 0).unwrap()
    }

    pub fn feed(&mut self, frame: Frame, at: f64) {
        let key = frame.key();
        let source_endpoint = self.endpoint(frame.from, frame.vlan, at);
        let destination_endpoint = if frame.to.0 >> 40 & 1 == 0 {
            let known = EndpointKey { vlans: key.vlans(), ..endpoint_key(frame.to) };
            self.endpoints.get(&known).copied().unwrap_or(0)
        } else {
            0
        };
        let delta = FlowDelta {
            key,
            source_endpoint,
            destination_endpoint,
            packets: frame.packets,
            octets: frame.packets * 60,
            tcp_flags: frame.flags.1,
            first_tcp_flags: frame.flags.0,
            icmp_type_code: u16::from(frame.icmp_kind) << 8,
            opinion: Opinion::of_packet_path(frame.application, Evidence::Confirmed),
            earlier: Default::default(),
            change: Default::default(),
            digest: 0,
            first_seen: seconds(at),
            last_seen: seconds(at),
            is_new: frame.is_new,
        };
        self.bed.inventory.observe_flow(&delta);
        let of_address = |address: Option<IpAddr>| self.bed.inventory.device_of_address(address?);
        let seen = FlowSeen {
            delta: &delta,
            source: self.bed.inventory.device_of(source_endpoint),
            destination: self
                .bed
                .inventory
                .device_of(destination_endpoint)
                .or_else(|| of_address(key.destination_address())),
            part: opening::part(&delta),
        };
        let changes = self.bed.inventory.take_changes();
        self.bed.flow(&seen);
        for (change, device) in changes {
            self.bed.device(change, &device);
        }
    }

    /// A message that was sampled.
    pub fn hear(&mut self, frame: Frame, message: &Message, at: f64) {
        let key = frame.key();
        let endpoint = self.endpoint(frame.from, frame.vlan, at);
        let heard = Heard {
            message,
            key: &key,
            station: frame.from.0,
            source: self.bed.inventory.device_of(endpoint),
            destination: None,
            at: seconds(at),
        };
        self.bed.message(&heard);
    }

    /// Lets time pass; what was found since the last time.
    pub fn advance(&mut self, at: f64) -> Vec<Finding> {
        self.bed.advance(at);
        self.bed.found()
    }

    pub fn overflowed(&self) -> u64 {
        self.bed.overflowed()
    }

    fn endpoint(&mut self, host: Host, vlan: u16, at: f64) -> EndpointIndex {
        let key = EndpointKey { vlans: u64::from(vlan) << 16, ..endpoint_key(host) };
        if let Some(&index) = self.endpoints.get(&key) {
            return index;
        }
        let index = FIRST_ENDPOINT + self.endpoints.len() as EndpointIndex;
        self.endpoints.insert(key, index);
        let seen = EndpointSeen { index, key, interface: 2, at: seconds(at) };
        self.bed.inventory.observe_endpoint(&seen);
        index
    }
}

/// The station that is configured as a router, with an address of its own.
pub const ROUTER: Host = Host(0x0000_0c31_0001, IpAddr::V4(Ipv4Addr::new(10, 20, 255, 254)));

/// The link-local address of a station.
pub fn link_local(host: Host) -> Host {
    Host(host.0, Ipv6Addr::from_bits(0xfe80_u128 << 112 | u128::from(host.0)).into())
}

fn endpoint_key(host: Host) -> EndpointKey {
    let address = match host.1 {
        IpAddr::V4(address) => mapped_ipv4(address.to_bits()),
        IpAddr::V6(address) => [(address.to_bits() >> 64) as u64, address.to_bits() as u64],
    };
    EndpointKey { address, station: host.0, vlans: 0 }
}
