//! A detector on trial: an estate of ten devices, conversations to show it, and what it finds.

use std::net::IpAddr;

use sensor_common::{
    application::{Application, Evidence},
    flow::{FlowKey, FlowKeyFields, Network as Addresses},
    wire::transport::{
        protocol,
        tcp_flags::{ACK, PSH, SYN},
    },
};

use super::{
    Detector, Estate, Finding, FlowSeen,
    border::Crossing,
    detections::Detection,
    detector::Heard,
    fixture::{device, seconds},
    opening,
    testbed::Testbed,
};
use crate::{
    flow::{FlowEndReason, FlowRecord, HalfFlow, Opinion, fixture},
    interpret::Message,
    inventory::{Device, DeviceId, DeviceKey},
    observation::FlowDelta,
};

/// A detector and what it may ask.
pub struct Trial {
    pub bed: Testbed,
}

#[derive(Debug)]
struct Nothing;

impl Detector for Nothing {}

impl Trial {
    /// With `parameters` in place of their defaults. Devices are `10.20.0.1` to `10.20.0.10`.
    pub fn new(detection: &Detection, parameters: &[(&'static str, f64)]) -> Self {
        Self { bed: Testbed::new(detection, parameters) }.with_devices(10)
    }

    pub fn nothing() -> Self {
        Self { bed: Testbed::of(Box::new(Nothing)) }.with_devices(10)
    }

    /// With devices `10.20.H.N`, N from 1 to 250, up to `devices` of them.
    pub fn with_devices(mut self, devices: u32) -> Self {
        self.bed.know((1..=devices).map(device).collect());
        self
    }

    pub fn role(mut self, name: &str, address: &str) -> Self {
        self.bed.give_role(name, [address.to_owned()]);
        self
    }

    pub fn internal(mut self, network: &str) -> Self {
        self.bed.internal.push(network.parse().unwrap());
        self
    }

    /// A device of the maker that `station` belongs to, at `address`, beside the others.
    pub fn station(mut self, station: u64, address: &str) -> Self {
        let mut devices: Vec<Device> = self.bed.inventory.devices().cloned().collect();
        let id = devices.len() as u32 + 1000;
        devices.push(Device {
            id: DeviceId(id),
            key: DeviceKey::Station { station, vlans: 0 },
            addresses: [address.parse().unwrap()].into(),
            ..device(id)
        });
        self.bed.know(devices);
        self
    }

    pub fn id(&self, address: &str) -> Option<DeviceId> {
        self.bed.inventory.device_of_address(address.parse().unwrap())
    }

    pub fn estate(&self) -> Estate<'_> {
        self.bed.estate()
    }

    pub fn crossing(&self, talk: Talk) -> Option<Crossing> {
        Crossing::of(&self.described(talk.record()), &self.estate())
    }

    /// Shows what the initiator sent.
    pub fn forward(&mut self, talk: Talk) -> Vec<Finding> {
        self.flow(talk.delta(false))
    }

    /// Shows what the responder sent.
    pub fn reply(&mut self, talk: Talk) -> Vec<Finding> {
        self.flow(talk.delta(true))
    }

    pub fn flow(&mut self, delta: FlowDelta) -> Vec<Finding> {
        let owner = |address: Option<IpAddr>| self.bed.inventory.device_of_address(address?);
        let flow = FlowSeen {
            delta: &delta,
            source: owner(delta.key.source_address()),
            destination: owner(delta.key.destination_address()),
            part: opening::part(&delta),
        };
        self.bed.flow(&flow);
        self.bed.found()
    }

    pub fn record(&mut self, talk: Talk) -> Vec<Finding> {
        self.whole(talk.record())
    }

    /// As [`Self::record`], with what is added to the record first.
    pub fn changed(&mut self, talk: Talk, change: impl FnOnce(&mut FlowRecord)) -> Vec<Finding> {
        let mut record = talk.record();
        change(&mut record);
        self.whole(record)
    }

    fn whole(&mut self, record: FlowRecord) -> Vec<Finding> {
        let record = self.described(record);
        self.bed.record(&record);
        self.bed.found()
    }

    /// Shows a message of the initiator.
    pub fn message(&mut self, talk: Talk, message: &Message) -> Vec<Finding> {
        let delta = talk.delta(false);
        let owner = |address: Option<IpAddr>| self.bed.inventory.device_of_address(address?);
        let heard = Heard {
            message,
            key: &delta.key,
            station: 1,
            source: owner(delta.key.source_address()),
            destination: owner(delta.key.destination_address()),
            at: delta.last_seen,
        };
        self.bed.message(&heard);
        self.bed.found()
    }

    pub fn advance(&mut self, at: f64) -> Vec<Finding> {
        self.bed.advance(at);
        self.bed.found()
    }

    fn described(&self, record: FlowRecord) -> FlowRecord {
        let owner = |address: Option<IpAddr>| self.bed.inventory.device_of_address(address?);
        FlowRecord {
            initiator_device: owner(record.initiator),
            responder_device: owner(record.responder),
            ..record
        }
    }
}

/// A conversation to show.
#[derive(Clone, Copy, Debug)]
pub struct Talk {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    ports: (u16, u16),
    opinion: Opinion,
    start: f64,
    end: f64,
    sent: HalfFlow,
    received: HalfFlow,
    icmp_type: u8,
    end_reason: FlowEndReason,
}

/// A TCP connection to port 443 at moment 0, of some octets, recognised as nothing.
pub fn talk(from: &str, to: &str) -> Talk {
    Talk {
        from: from.parse().unwrap(),
        to: to.parse().unwrap(),
        protocol: protocol::TCP,
        ports: (40_000, 443),
        opinion: Opinion::default(),
        start: 0.0,
        end: 0.0,
        sent: HalfFlow { packets: 6, octets: 600, tcp_flags: SYN | ACK | PSH },
        received: HalfFlow { packets: 6, octets: 600, tcp_flags: SYN | ACK | PSH },
        icmp_type: 0,
        end_reason: FlowEndReason::EndOfFlow,
    }
}

impl Talk {
    pub fn tcp(self, port: u16) -> Self {
        Self { ports: (self.ports.0, port), ..self }
    }

    pub fn udp(self, source_port: u16, port: u16) -> Self {
        Self { protocol: protocol::UDP, ports: (source_port, port), ..self }
    }

    /// Echo requests and replies.
    pub fn ping(self) -> Self {
        Self { protocol: protocol::ICMP, ports: (0, 0), icmp_type: 8, ..self }
    }

    pub fn speaks(self, application: Application, evidence: Evidence) -> Self {
        Self { opinion: Opinion::of_packet_path(application, evidence), ..self }
    }

    pub fn at(self, at: f64) -> Self {
        self.between(at, at)
    }

    pub fn between(self, start: f64, end: f64) -> Self {
        Self { start, end, ..self }
    }

    pub fn octets(mut self, sent: u64, received: u64) -> Self {
        self.sent.octets = sent;
        self.received.octets = received;
        self
    }

    pub fn packets(mut self, sent: u64, received: u64) -> Self {
        self.sent.packets = sent;
        self.received.packets = received;
        self
    }

    pub fn ends(self, end_reason: FlowEndReason) -> Self {
        Self { end_reason, ..self }
    }

    /// What one end sent.
    pub fn delta(self, is_reply: bool) -> FlowDelta {
        let (IpAddr::V4(from), IpAddr::V4(to)) = (self.from, self.to) else {
            unreachable!("trials are in IPv4")
        };
        let words = |address: std::net::Ipv4Addr| [1 << 16, u64::from(address.to_bits())];
        let mut fields = FlowKeyFields {
            network: Addresses::Ipv4,
            source: words(from),
            destination: words(to),
            source_port: self.ports.0,
            destination_port: self.ports.1,
            outer_vlan: 0,
            inner_vlan: 0,
            interface: 2,
            protocol: self.protocol,
        };
        let half = if is_reply { self.received } else { self.sent };
        if is_reply {
            std::mem::swap(&mut fields.source, &mut fields.destination);
            std::mem::swap(&mut fields.source_port, &mut fields.destination_port);
        }
        let first = if is_reply { SYN | ACK } else { SYN };
        let is_tcp = self.protocol == protocol::TCP;
        FlowDelta {
            key: FlowKey::new(&fields),
            source_endpoint: 0,
            destination_endpoint: 0,
            packets: half.packets,
            octets: half.octets,
            tcp_flags: if is_tcp { half.tcp_flags } else { 0 },
            first_tcp_flags: if is_tcp { first } else { 0 },
            icmp_type_code: if is_reply { 0 } else { u16::from(self.icmp_type) << 8 },
            opinion: self.opinion,
            earlier: Default::default(),
            change: Default::default(),
            digest: 0,
            first_seen: seconds(self.start),
            last_seen: seconds(self.end),
            is_new: true,
        }
    }

    fn record(self) -> FlowRecord {
        FlowRecord {
            protocol: self.protocol,
            initiator: Some(self.from),
            responder: Some(self.to),
            initiator_port: self.ports.0,
            responder_port: self.ports.1,
            icmp_type_code: u16::from(self.icmp_type) << 8,
            opinion: self.opinion,
            forward: self.sent,
            reverse: self.received,
            start: seconds(self.start),
            end: seconds(self.end),
            end_reason: self.end_reason,
            ..fixture::record()
        }
    }
}
