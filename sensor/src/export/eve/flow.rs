//! The event `flow`: one biflow; source is the initiator.

use std::{borrow::Cow, net::IpAddr};

use sensor_common::{flow::Network, wire::transport::protocol};
use serde::Serialize;

use super::{EventContext, detail::Detail};
use crate::{
    export::text::{Hexadecimal, Station},
    flow::{FlowEndReason, FlowRecord, community::community_id},
    time::Timestamp,
};

const ARP: u32 = 0x0806;

#[derive(Serialize)]
pub(super) struct Event<'a> {
    flow_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_iface: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    vlan: Vec<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_mac: Option<Station>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_mac: Option<Station>,
    /// Of link-layer flows: four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    ethertype: Option<Hexadecimal<2>>,
    /// Of IEEE 802.2 frames, which have no ethertype: both service access points.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_points: Option<Hexadecimal<2>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_port: Option<u16>,
    proto: Cow<'static, str>,
    /// Of flows whose frames were carried in others.
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel: Option<Tunnel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_code: Option<u8>,
    app_proto: &'static str,
    app_evidence: &'static str,
    app_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_change: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    community_id: Option<String>,
    attach_mode: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    src_device: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_device: Option<u32>,
    flow: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<Tcp>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    detail: Option<Detail<'a>>,
}

/// The verdict that was given up for the present one.
#[derive(Serialize)]
struct Change {
    from: &'static str,
    from_evidence: &'static str,
    to: &'static str,
    to_evidence: &'static str,
    reason: &'static str,
}

/// How the flow was carried; deeper levels are not opened.
#[derive(Serialize)]
struct Tunnel {
    kind: &'static str,
    depth: u8,
}

/// Counts since the flow's record before this one; `age` in seconds since its start.
#[derive(Serialize)]
struct Counts {
    pkts_toserver: u64,
    pkts_toclient: u64,
    bytes_toserver: u64,
    bytes_toclient: u64,
    start: Timestamp,
    end: Timestamp,
    age: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    reason: &'static str,
}

#[derive(Serialize)]
struct Tcp {
    tcp_flags: Hexadecimal<1>,
    tcp_flags_ts: Hexadecimal<1>,
    tcp_flags_tc: Hexadecimal<1>,
}

impl<'a> Event<'a> {
    pub fn of<'c: 'a>(record: &'a FlowRecord, context: &EventContext<'c>) -> Self {
        let is_ip = matches!(record.network, Network::Ipv4 | Network::Ipv6);
        let ports = (is_ip && has_ports(record.protocol))
            .then_some((record.initiator_port, record.responder_port));
        let is_icmp = is_ip && matches!(record.protocol, protocol::ICMP | protocol::ICMPV6);
        let icmp = is_icmp.then(|| record.icmp_type_code.to_be_bytes());
        let (ethertype, access_points) = match record.network {
            Network::Link if record.initiator_port == 0 => {
                (None, Some(u32::from(record.responder_port)))
            }
            Network::Link => (Some(u32::from(record.initiator_port)), None),
            Network::Arp => (Some(ARP), None),
            _ => (None, None),
        };
        let tags = [record.outer_vlan, record.inner_vlan];
        Self {
            flow_id: record.id,
            in_iface: (context.interface_name)(record.interface),
            vlan: tags.into_iter().filter(|&tag| tag != 0).collect(),
            src_mac: record.initiator_station.map(Station),
            dest_mac: record.responder_station.map(Station),
            ethertype: ethertype.map(Hexadecimal),
            access_points: access_points.map(Hexadecimal),
            src_ip: record.initiator,
            src_port: ports.map(|(source, _)| source),
            dest_ip: record.responder,
            dest_port: ports.map(|(_, destination)| destination),
            proto: protocol_name(record),
            tunnel: record.encapsulation.map(|kind| Tunnel { kind: kind.name(), depth: 1 }),
            icmp_type: icmp.map(|[kind, _]| kind),
            icmp_code: icmp.map(|[_, code]| code),
            app_proto: record.opinion.application.name(),
            app_evidence: record.opinion.evidence.name(),
            app_method: record.opinion.method.name(),
            app_change: record.change.as_ref().map(|change| Change {
                from: change.from.0.name(),
                from_evidence: change.from.1.name(),
                to: change.to.0.name(),
                to_evidence: change.to.1.name(),
                reason: change.reason.name(),
            }),
            community_id: community_id(record),
            attach_mode: context.attach_mode,
            src_device: record.initiator_device.map(|device| device.0),
            dest_device: record.responder_device.map(|device| device.0),
            flow: Counts {
                pkts_toserver: record.forward.packets,
                pkts_toclient: record.reverse.packets,
                bytes_toserver: record.forward.octets,
                bytes_toclient: record.reverse.octets,
                start: context.wall.at(record.start),
                end: context.wall.at(record.end),
                age: record.end.since(record.start).as_secs(),
                state: tcp_state(record),
                reason: record.end_reason.name(),
            },
            tcp: is_tcp(record).then(|| Tcp {
                tcp_flags: Hexadecimal(
                    (record.forward.tcp_flags | record.reverse.tcp_flags).into(),
                ),
                tcp_flags_ts: Hexadecimal(record.forward.tcp_flags.into()),
                tcp_flags_tc: Hexadecimal(record.reverse.tcp_flags.into()),
            }),
            detail: record.detail.as_deref().map(Detail::of),
        }
    }
}

fn is_tcp(record: &FlowRecord) -> bool {
    matches!(record.network, Network::Ipv4 | Network::Ipv6) && record.protocol == protocol::TCP
}

/// Suricata's states, as far as control bits tell.
fn tcp_state(record: &FlowRecord) -> Option<&'static str> {
    if !is_tcp(record) {
        return None;
    }
    Some(match record.end_reason {
        FlowEndReason::EndOfFlow => "closed",
        _ if record.forward.tcp_flags != 0 && record.reverse.tcp_flags != 0 => "established",
        _ => "new",
    })
}

fn has_ports(number: u8) -> bool {
    matches!(number, protocol::TCP | protocol::UDP | protocol::SCTP | protocol::UDP_LITE)
}

/// Suricata's name, else the number.
fn protocol_name(record: &FlowRecord) -> Cow<'static, str> {
    match record.network {
        Network::Arp => return "ARP".into(),
        Network::Link => return "LINK".into(),
        Network::Ipv4 | Network::Ipv6 => {}
    }
    match record.protocol {
        protocol::ICMP => "ICMP".into(),
        2 => "IGMP".into(),
        protocol::TCP => "TCP".into(),
        protocol::UDP => "UDP".into(),
        protocol::GRE => "GRE".into(),
        50 => "ESP".into(),
        51 => "AH".into(),
        protocol::ICMPV6 => "IPv6-ICMP".into(),
        protocol::SCTP => "SCTP".into(),
        number => number.to_string().into(),
    }
}
