//! A record for tests.

use std::net::IpAddr;

use sensor_common::{
    application::{Application, Evidence},
    flow::Network,
};

use super::{FlowEndReason, FlowRecord, HalfFlow, Opinion};
use crate::{inventory::DeviceId, time::Moment};

/// The flow of the first published vector of Community ID.
pub(crate) fn record() -> FlowRecord {
    FlowRecord {
        id: 7,
        network: Network::Ipv4,
        encapsulation: None,
        protocol: 6,
        initiator: Some(IpAddr::from([128, 232, 110, 120])),
        responder: Some(IpAddr::from([66, 35, 250, 204])),
        initiator_port: 34855,
        responder_port: 80,
        initiator_station: Some(0x0200_0000_0001),
        responder_station: None,
        initiator_device: Some(DeviceId(4)),
        responder_device: None,
        outer_vlan: 10,
        inner_vlan: 0,
        interface: 3,
        icmp_type_code: 0,
        opinion: Opinion::of_packet_path(Application::Http, Evidence::Confirmed),
        change: None,
        detail: None,
        digest: 0,
        forward: HalfFlow { packets: 3, octets: 300, tcp_flags: 0x1b },
        reverse: HalfFlow { packets: 2, octets: 900, tcp_flags: 0x02 },
        start: Moment::from_micros(0),
        end: Moment::from_micros(2_500_000),
        end_reason: FlowEndReason::EndOfFlow,
    }
}
