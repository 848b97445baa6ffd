//! Conversations with names in them, as plans and as frames.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::{STEM, clinical, imaging, network, office, voice};
use crate::frames::conversation::Party;
use crate::frames::pcap::capture_of;
use crate::frames::tunnels::{VXLAN_PORT, vxlan};
use crate::frames::{Conversation, MacAddress, Side};
use crate::speakers::Transport;

/// Who says what, one segment or datagram each.
pub type Turns = Vec<(Side, Vec<u8>)>;

/// Whom a conversation is about, and who has it.
pub struct Scene<'a> {
    pub name: &'a str,
    pub client: Ipv4Addr,
    pub server: Ipv4Addr,
}

/// One kind of conversation with a name in it.
pub struct Plan {
    /// The name is [`STEM`], this, and [`END`].
    pub word: &'static str,
    /// What the agent calls it.
    pub application: &'static str,
    pub transport: Transport,
    /// The registered port, or one that is in use.
    pub port: u16,
    /// A port that nobody would expect, where the payload alone tells what it is.
    pub odd_port: Option<u16>,
    pub turns: fn(&Scene<'_>) -> Turns,
    /// Whether the hosts are those of the plan before.
    pub goes_on: bool,
}

/// What all planted names end with, and no word holds: so that none is the beginning of another.
const END: char = 'X';

impl Plan {
    pub(super) fn tcp(
        word: &'static str,
        application: &'static str,
        ports: (u16, u16),
        turns: fn(&Scene<'_>) -> Turns,
    ) -> Self {
        let (port, odd_port) = ports;
        let odd_port = (odd_port != 0).then_some(odd_port);
        Self { word, application, transport: Transport::Tcp, port, odd_port, turns, goes_on: false }
    }

    pub(super) fn udp(
        word: &'static str,
        application: &'static str,
        ports: (u16, u16),
        turns: fn(&Scene<'_>) -> Turns,
    ) -> Self {
        Self { transport: Transport::Udp, ..Self::tcp(word, application, ports, turns) }
    }

    /// Between the same hosts as the plan before.
    pub(super) fn between_the_same(self) -> Self {
        Self { goes_on: true, ..self }
    }
}

/// A conversation in frames.
pub struct Planted {
    /// The whole name.
    pub name: String,
    pub application: &'static str,
    /// Addresses and the server's port, as an event has them.
    pub client: IpAddr,
    pub server: IpAddr,
    pub port: u16,
    pub is_inner: bool,
    pub frames: Vec<Vec<u8>>,
}

fn plans() -> Vec<Plan> {
    [clinical::plans(), imaging::plans(), voice::plans(), office::plans(), network::plans()]
        .into_iter()
        .flatten()
        .collect()
}

/// Every plan, on its port, on an odd one, and within VXLAN if it is about patients.
pub fn planted() -> Vec<Planted> {
    let mut planted = Vec::new();
    let mut number = 0;
    for plan in plans() {
        number += u8::from(!plan.goes_on);
        planted.push(on(&plan, "", 61, number, plan.port));
        planted.extend(plan.odd_port.map(|port| on(&plan, "ODD", 62, number, port)));
        if ["HL7", "DICOM"].contains(&plan.word) {
            planted.push(in_vxlan(on(&plan, "TUNNEL", 63, number, plan.port), number));
        }
    }
    planted
}

fn on(plan: &Plan, kind: &str, network: u8, number: u8, port: u16) -> Planted {
    let name = format!("{STEM}{}{kind}{END}", plan.word);
    let (client, server) = ([10, network, 1, number], [10, network, 2, number]);
    let turns = (plan.turns)(&Scene { name: &name, client: client.into(), server: server.into() });
    // GE's monitors send from the port that they send to.
    let is_symmetric = plan.application == "ge_unity";
    let client_port = if is_symmetric { port } else { 40_000 + u16::from(number) };
    let device = u32::from(network) << 8 | u32::from(number);
    let conversation = Conversation::between(
        Party::new(MacAddress::vendor(0x00_09fb, device), client, client_port),
        Party::new(MacAddress::vendor(0xd4_ae52, device), server, port),
    );
    let frames = match plan.transport {
        Transport::Tcp => conversation.tcp(&turns),
        Transport::Udp => conversation.udp(&turns),
    };
    let (client, server, application) = (client.into(), server.into(), plan.application);
    Planted { name, application, client, server, port, is_inner: false, frames }
}

fn in_vxlan(inner: Planted, number: u8) -> Planted {
    let outer = Conversation::between(
        Party::new(MacAddress::vendor(0x58_42e4, 1), [10, 64, 1, number], 50_000),
        Party::new(MacAddress::vendor(0x58_42e4, 2), [10, 64, 2, number], VXLAN_PORT),
    );
    let frames = inner.frames.iter().map(|frame| outer.udp_frame(Side::Client, &vxlan(42, frame)));
    Planted { is_inner: true, frames: frames.collect(), ..inner }
}

/// All frames in one capture, a millisecond apart.
pub fn capture(planted: &[Planted]) -> Vec<u8> {
    capture_of(Duration::from_secs(1_700_000_000), planted.iter().flat_map(|one| &one.frames))
}
