//! The event `flow`: one biflow; source is the initiator.

use std::{borrow::Cow, net::IpAddr};

use schemars::JsonSchema;
use sensor_common::{flow::Network, wire::transport::protocol};
use serde::Serialize;

use super::{EventContext, detail::Detail, schema};
use crate::{
    export::text::{Hexadecimal, Station},
    flow::{FlowEndReason, FlowRecord, community::community_id},
    time::Timestamp,
};

const ARP: u32 = 0x0806;

/// One conversation, both directions. The source is the initiator, the destination the responder. A
/// long conversation has several records under one `flow_id`, which add up to its whole.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "flow")]
pub(super) struct Event<'a> {
    /// The same in all records of a conversation; unique while the agent runs.
    flow_id: u64,
    /// The interface where the first packet came in. Not in a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_iface: Option<&'a str>,
    /// VLAN tags of the first packet, the outer one first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2))]
    vlan: Vec<u16>,
    /// Where the key of the flow has MAC addresses, which is not so of IPv6; so for `dest_mac`.
    #[serde(skip_serializing_if = "Option::is_none")]
    src_mac: Option<Station>,
    /// As `src_mac`.
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_mac: Option<Station>,
    /// Of link-layer flows: four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    ethertype: Option<Hexadecimal<2>>,
    /// Of IEEE 802.2 frames, which have no ethertype: both service access points.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_points: Option<Hexadecimal<2>>,
    /// Of IP flows, and of ARP.
    #[serde(skip_serializing_if = "Option::is_none")]
    src_ip: Option<IpAddr>,
    /// Of TCP, UDP, UDP-Lite and SCTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    src_port: Option<u16>,
    /// Of IP flows, and of ARP.
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_ip: Option<IpAddr>,
    /// As `src_port`.
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_port: Option<u16>,
    /// `TCP`, `UDP`, `ICMP`, `IPv6-ICMP`, `IGMP`, `SCTP`, `GRE`, `ESP`, `AH`, `ARP`, `LINK` (neither IP
    /// nor ARP), or the number of the IP protocol.
    proto: Cow<'static, str>,
    /// Of flows whose frames were carried in others.
    #[serde(skip_serializing_if = "Option::is_none")]
    tunnel: Option<Tunnel>,
    /// Of ICMP, of the packet that began the flow; so for `icmp_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_type: Option<u8>,
    /// As `icmp_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    icmp_code: Option<u8>,
    /// The application; `unknown` if none was found.
    #[schemars(with = "schema::Label")]
    app_proto: &'static str,
    /// `port`: the registered port only; `likely`: a marker; `confirmed`: a marker and a second
    /// condition.
    #[schemars(extend("enum" = schema::EVIDENCE))]
    app_evidence: &'static str,
    /// Where the verdict comes from. `control`: another conversation announced this one, or its two
    /// ends agreed on it.
    #[schemars(extend("enum" = schema::METHODS))]
    app_method: &'static str,
    /// The last verdict that gave way to a better one.
    #[serde(skip_serializing_if = "Option::is_none")]
    app_change: Option<Change>,
    /// Community ID, version 1, seed 0. Of IP flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    community_id: Option<String>,
    /// How the program is attached; in generic mode packet counts are approximate.
    #[schemars(extend("enum" = schema::ATTACH_MODES))]
    attach_mode: &'a str,
    /// The number of the source's device, as `wardline devices` lists it.
    #[serde(skip_serializing_if = "Option::is_none")]
    src_device: Option<u32>,
    /// The number of the destination's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    dest_device: Option<u32>,
    flow: Counts,
    /// Of TCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    tcp: Option<Tcp>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    detail: Option<Detail<'a>>,
}

/// The verdict that was given up for the present one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "app_change")]
struct Change {
    /// The application that was given up.
    #[schemars(with = "schema::Label")]
    from: &'static str,
    #[schemars(extend("enum" = schema::EVIDENCE))]
    from_evidence: &'static str,
    /// The same as `from` where only the evidence is better.
    #[schemars(with = "schema::Label")]
    to: &'static str,
    #[schemars(extend("enum" = schema::EVIDENCE))]
    to_evidence: &'static str,
    #[schemars(extend("enum" = schema::CHANGE_REASONS))]
    reason: &'static str,
}

/// How the flow was carried; deeper levels are not opened.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "tunnel")]
struct Tunnel {
    #[schemars(extend("enum" = schema::tunnels()))]
    kind: &'static str,
    /// Always 1.
    depth: u8,
}

/// Counts since the flow's record before this one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "counts")]
struct Counts {
    /// Packets from the initiator to the responder.
    pkts_toserver: u64,
    /// Packets from the responder to the initiator.
    pkts_toclient: u64,
    /// Octets of those frames, from the destination address to the end of the payload.
    bytes_toserver: u64,
    bytes_toclient: u64,
    start: Timestamp,
    end: Timestamp,
    /// Whole seconds from `start` to `end`.
    age: u64,
    /// Of TCP. `new`: seen in one direction only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = schema::STATES))]
    state: Option<&'static str>,
    /// Why the record was made, after IPFIX `flowEndReason`.
    #[schemars(extend("enum" = schema::END_REASONS))]
    reason: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "tcp")]
struct Tcp {
    /// All TCP flags that were seen, both directions, as hexadecimal digits.
    tcp_flags: Hexadecimal<1>,
    /// Of those to the server.
    tcp_flags_ts: Hexadecimal<1>,
    /// Of those to the client.
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
