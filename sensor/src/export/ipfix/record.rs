//! One biflow as a data record.

use std::{net::IpAddr, sync::Arc};

use sensor_common::{
    flow::{Encapsulation, Network},
    wire::transport::protocol,
};

use super::{
    element::{self as e, Element, VARIABLE},
    template::{IPV4, IPV6, LINK, Template},
};
use crate::{
    flow::{FlowEndReason, FlowRecord, HalfFlow},
    time::{Moment, WallClock},
};

/// The type of ARP (IANA, "IEEE 802 Numbers").
const ARP: u16 = 0x0806;
/// Addresses and type; a tag has four octets more.
const ETHERNET_HEADER: u64 = 14;
const TAG: u64 = 4;

/// A data record, and the template that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRecord {
    pub template: u16,
    pub octets: Arc<[u8]>,
}

pub fn encode(flow: &FlowRecord, wall: WallClock) -> DataRecord {
    let template = template_of(flow);
    let mut octets = Vec::with_capacity(192);
    for element in template.elements {
        put(&mut octets, *element, flow, wall);
    }
    DataRecord { template: template.id, octets: octets.into() }
}

fn template_of(flow: &FlowRecord) -> Template {
    match (flow.network, flow.initiator, flow.responder) {
        (Network::Ipv4, Some(IpAddr::V4(_)), Some(IpAddr::V4(_))) => IPV4,
        (Network::Ipv6, Some(IpAddr::V6(_)), Some(IpAddr::V6(_))) => IPV6,
        _ => LINK,
    }
}

fn put(octets: &mut Vec<u8>, element: Element, flow: &FlowRecord, wall: WallClock) {
    let half = if element.is_reverse { &flow.reverse } else { &flow.forward };
    let forward = Element { is_reverse: false, ..element };
    let value: u64 = match forward {
        e::FLOW_START_MILLISECONDS => milliseconds(flow.start, wall),
        e::FLOW_END_MILLISECONDS => milliseconds(flow.end, wall),
        e::OCTET_DELTA_COUNT => packet_octets(flow, half),
        e::LAYER2_OCTET_DELTA_COUNT => half.octets,
        e::PACKET_DELTA_COUNT => half.packets,
        e::TCP_CONTROL_BITS => half.tcp_flags.into(),
        e::INGRESS_INTERFACE => flow.interface.into(),
        e::SOURCE_MAC_ADDRESS => flow.initiator_station.unwrap_or(0),
        e::DESTINATION_MAC_ADDRESS => flow.responder_station.unwrap_or(0),
        e::VLAN_ID => flow.outer_vlan.into(),
        e::DOT1Q_CUSTOMER_VLAN_ID => flow.inner_vlan.into(),
        e::FLOW_END_REASON => reason(flow.end_reason).into(),
        e::BIFLOW_DIRECTION => 1,
        e::FLOW_ID => flow.id,
        e::SOURCE_TRANSPORT_PORT => ports(flow).0.into(),
        e::DESTINATION_TRANSPORT_PORT => ports(flow).1.into(),
        e::PROTOCOL_IDENTIFIER => flow.protocol.into(),
        e::ICMP_TYPE_CODE_IPV4 | e::ICMP_TYPE_CODE_IPV6 => flow.icmp_type_code.into(),
        e::ETHERNET_TYPE => match flow.network {
            Network::Arp => ARP.into(),
            _ => flow.initiator_port.into(),
        },
        e::SOURCE_IPV4_ADDRESS | e::SOURCE_IPV6_ADDRESS => {
            return put_address(octets, flow.initiator);
        }
        e::DESTINATION_IPV4_ADDRESS | e::DESTINATION_IPV6_ADDRESS => {
            return put_address(octets, flow.responder);
        }
        _ => return put_text(octets, element, flow.opinion.application.name()),
    };
    let length = usize::from(element.length);
    octets.extend_from_slice(&value.to_be_bytes()[8 - length..]);
}

fn put_address(octets: &mut Vec<u8>, address: Option<IpAddr>) {
    match address {
        Some(IpAddr::V4(address)) => octets.extend_from_slice(&address.octets()),
        Some(IpAddr::V6(address)) => octets.extend_from_slice(&address.octets()),
        // The template was chosen by its presence.
        None => {}
    }
}

/// RFC 7011, section 7: the length in one octet; names are short.
fn put_text(octets: &mut Vec<u8>, element: Element, text: &str) {
    debug_assert_eq!(element.length, VARIABLE, "{element:?} has no value");
    let text = &text.as_bytes()[..text.len().min(254)];
    octets.push(text.len() as u8);
    octets.extend_from_slice(text);
}

fn milliseconds(moment: Moment, wall: WallClock) -> u64 {
    u64::try_from(wall.at(moment).as_micros() / 1000).unwrap_or(0)
}

/// Of the packets, without the headers of the frames around them; short frames have padding, which
/// is not told from payload here.
fn packet_octets(flow: &FlowRecord, half: &HalfFlow) -> u64 {
    let has_header = match flow.encapsulation {
        None | Some(Encapsulation::Vxlan) => true,
        Some(Encapsulation::ErspanI | Encapsulation::ErspanII | Encapsulation::ErspanIII) => true,
        Some(Encapsulation::Gre) => flow.initiator_station.is_some(),
        Some(_) => false,
    };
    let tags = [flow.outer_vlan, flow.inner_vlan].into_iter().filter(|&tag| tag != 0).count();
    let header = if has_header { ETHERNET_HEADER + TAG * tags as u64 } else { 0 };
    half.octets.saturating_sub(half.packets.saturating_mul(header))
}

/// Of protocols that have some; others hold other things in their place.
fn ports(flow: &FlowRecord) -> (u16, u16) {
    match flow.protocol {
        protocol::TCP | protocol::UDP | protocol::SCTP => {
            (flow.initiator_port, flow.responder_port)
        }
        _ => (0, 0),
    }
}

const fn reason(reason: FlowEndReason) -> u8 {
    match reason {
        FlowEndReason::IdleTimeout => 1,
        FlowEndReason::ActiveTimeout => 2,
        FlowEndReason::EndOfFlow => 3,
        FlowEndReason::ForcedEnd => 4,
        FlowEndReason::LackOfResources => 5,
    }
}

#[cfg(test)]
mod tests;
