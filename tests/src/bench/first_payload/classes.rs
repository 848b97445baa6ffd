//! First payloads of real protocols, each with the packet that opens its flow.

use sensor::capture::Datapath as _;
use sensor::capture::host::{HostDatapath, TableSizes};
use sensor_common::application::{Application, Identification};

use crate::bench::headers::link;
use crate::frames::{
    Endpoints, Ipv4Header, SeededRandom, Side, TcpHeader, ethertype, protocol, tcp_flags,
    udp_datagram,
};
use crate::speakers::Transport;
use crate::speakers::dialogues::dialogues;

/// What one kind of flow sends, from the network header on.
pub struct Class {
    pub name: &'static str,
    /// Without payload: a first segment, or an empty datagram.
    pub opening: Vec<u8>,
    pub speaking: Vec<u8>,
    /// Without payload, later.
    pub bare: Vec<u8>,
    /// What the classifier says of it on the host, where the same code runs.
    pub identification: Identification,
    /// Whether it is part of the mix.
    pub is_protocol: bool,
}

const ADDRESS: [u8; 4] = [10, 20, 0, 0];
const SOURCE_PORT: u16 = 0x8000;
/// As much as one packet carries.
const LARGEST_PAYLOAD: usize = 1400;

impl Class {
    fn new(name: &'static str, transport: Transport, port: u16, payload: &[u8]) -> Self {
        let payload = &payload[..payload.len().min(LARGEST_PAYLOAD)];
        let ends = Endpoints::v4(ADDRESS, ADDRESS);
        let packet = |protocol, message: Vec<u8>| {
            Ipv4Header::between(ADDRESS, ADDRESS).packet(protocol, &message)
        };
        let segment = |flags, payload: &[u8]| {
            let header = TcpHeader::with_flags(SOURCE_PORT, port, flags);
            packet(protocol::TCP, header.segment(&ends, payload))
        };
        let datagram =
            |payload: &[u8]| packet(protocol::UDP, udp_datagram(&ends, SOURCE_PORT, port, payload));
        let (opening, speaking, bare) = match transport {
            Transport::Tcp => (
                segment(tcp_flags::SYN, b""),
                segment(tcp_flags::PSH | tcp_flags::ACK, payload),
                segment(tcp_flags::ACK, b""),
            ),
            Transport::Udp => (datagram(b""), datagram(payload), datagram(b"")),
        };
        let identification = identification([&opening, &speaking]);
        Self { name, opening, speaking, bare, identification, is_protocol: true }
    }

    fn apart_from_the_mix(mut self) -> Self {
        self.is_protocol = false;
        self
    }

    /// Application and evidence in words.
    pub fn verdict(&self) -> String {
        match self.identification {
            Identification { application: Application::Unknown, .. } => "none".to_owned(),
            found => format!("{}, {}", found.application.name(), found.evidence.name()),
        }
    }
}

fn identification(packets: [&[u8]; 2]) -> Identification {
    let mut host = HostDatapath::new(&TableSizes { sets: 16, endpoints: 64, verdicts: 64 });
    for packet in packets {
        let frame = link().frame(ethertype::IPV4, packet);
        host.receive(&frame, frame.len() as u64, 1, 1);
    }
    (0..host.slots())
        .filter_map(|position| host.slot(position))
        .find(|slot| slot.packets() > 0)
        .map_or(Identification::default(), |slot| slot.identification())
}

/// The first payload of the client of each dialogue, and payloads of no protocol.
pub fn classes() -> Vec<Class> {
    let mut classes: Vec<Class> = dialogues()
        .iter()
        .filter_map(|dialogue| {
            let (_, payload) = dialogue.turns.iter().find(|(side, _)| *side == Side::Client)?;
            Some(Class::new(dialogue.protocol, dialogue.transport, dialogue.port, payload))
        })
        .collect();
    let noise = SeededRandom::new(9).octets(200);
    for (name, transport) in
        [("noise over tcp", Transport::Tcp), ("noise over udp", Transport::Udp)]
    {
        classes.push(Class::new(name, transport, 40_000, &noise).apart_from_the_mix());
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_payload_of_every_protocol_with_a_label_is_recognised() {
        for class in classes() {
            // Neither has a label of its own to be confirmed by.
            let is_known = class.verdict() != "none";
            assert_eq!(is_known, class.is_protocol, "{}: {}", class.name, class.verdict());
        }
    }
}
