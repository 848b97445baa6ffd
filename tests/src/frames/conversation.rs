//! Whole conversations as frames: a TCP flow from handshake to close, or a UDP
//! exchange, between two parties. For replay and flow tests, where the frames
//! of both directions and their order are known in advance.

use std::net::IpAddr;

use super::checksum::Endpoints;
use super::ethernet::{EthernetHeader, MacAddress, Tag, ethertype};
use super::ipv4::{Ipv4Header, protocol};
use super::ipv6::Ipv6Header;
use super::transport::{TcpHeader, USUAL_SYN_OPTIONS, tcp_flags, udp_datagram};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

/// One end of a conversation.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    pub hardware: MacAddress,
    pub address: IpAddr,
    pub port: u16,
}

impl Party {
    pub fn new(hardware: MacAddress, address: impl Into<IpAddr>, port: u16) -> Self {
        Self { hardware, address: address.into(), port }
    }
}

#[derive(Clone, Debug)]
pub struct Conversation {
    pub client: Party,
    pub server: Party,
    /// VLAN tags of every frame, outermost first.
    pub tags: Vec<Tag>,
    pub largest_segment: usize,
}

impl Conversation {
    pub fn between(client: Party, server: Party) -> Self {
        Self { client, server, tags: Vec::new(), largest_segment: 1400 }
    }

    pub fn tagged(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }

    fn parties(&self, speaker: Side) -> (Party, Party) {
        match speaker {
            Side::Client => (self.client, self.server),
            Side::Server => (self.server, self.client),
        }
    }

    fn frame(
        &self,
        speaker: Side,
        protocol: u8,
        message: impl Fn(&Endpoints) -> Vec<u8>,
    ) -> Vec<u8> {
        let (from, to) = self.parties(speaker);
        let ends = Endpoints { source: from.address, destination: to.address };
        let mut ethernet = EthernetHeader::between(from.hardware, to.hardware);
        ethernet.tags.clone_from(&self.tags);
        let message = message(&ends);
        match (from.address, to.address) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => ethernet.frame(
                ethertype::IPV4,
                &Ipv4Header::between(source, destination).packet(protocol, &message),
            ),
            (IpAddr::V6(source), IpAddr::V6(destination)) => ethernet.frame(
                ethertype::IPV6,
                &Ipv6Header::between(source, destination).packet(protocol, &message),
            ),
            (source, destination) => panic!("mixed address families: {source} to {destination}"),
        }
    }

    /// One TCP frame; the header's ports are those of the parties.
    pub fn tcp_frame(
        &self,
        speaker: Side,
        flags: u8,
        sequence: u32,
        acknowledgement: u32,
        payload: &[u8],
    ) -> Vec<u8> {
        let (from, to) = self.parties(speaker);
        let mut header = TcpHeader::with_flags(from.port, to.port, flags);
        header.sequence = sequence;
        header.acknowledgement = acknowledgement;
        if flags & tcp_flags::SYN != 0 {
            header.options = USUAL_SYN_OPTIONS.to_vec();
        }
        self.frame(speaker, protocol::TCP, |ends| header.segment(ends, payload))
    }

    pub fn udp_frame(&self, speaker: Side, payload: &[u8]) -> Vec<u8> {
        let (from, to) = self.parties(speaker);
        self.frame(speaker, protocol::UDP, |ends| udp_datagram(ends, from.port, to.port, payload))
    }

    /// One UDP frame for each turn.
    pub fn udp(&self, turns: &[(Side, Vec<u8>)]) -> Vec<Vec<u8>> {
        turns.iter().map(|(speaker, payload)| self.udp_frame(*speaker, payload)).collect()
    }

    /// A TCP flow: handshake, each turn in segments acknowledged by the other
    /// side, and an orderly close by the client.
    pub fn tcp(&self, turns: &[(Side, Vec<u8>)]) -> Vec<Vec<u8>> {
        use tcp_flags::{ACK, FIN, PSH, SYN};
        let (mut client, mut server) = (1_000_u32, 9_000_u32);
        let mut frames = vec![
            self.tcp_frame(Side::Client, SYN, client, 0, b""),
            self.tcp_frame(Side::Server, SYN | ACK, server, client + 1, b""),
            self.tcp_frame(Side::Client, ACK, client + 1, server + 1, b""),
        ];
        client += 1;
        server += 1;
        for (speaker, payload) in turns {
            for piece in payload.chunks(self.largest_segment) {
                match speaker {
                    Side::Client => {
                        frames.push(self.tcp_frame(Side::Client, PSH | ACK, client, server, piece));
                        client += piece.len() as u32;
                        frames.push(self.tcp_frame(Side::Server, ACK, server, client, b""));
                    }
                    Side::Server => {
                        frames.push(self.tcp_frame(Side::Server, PSH | ACK, server, client, piece));
                        server += piece.len() as u32;
                        frames.push(self.tcp_frame(Side::Client, ACK, client, server, b""));
                    }
                }
            }
        }
        frames.push(self.tcp_frame(Side::Client, FIN | ACK, client, server, b""));
        frames.push(self.tcp_frame(Side::Server, FIN | ACK, server, client + 1, b""));
        frames.push(self.tcp_frame(Side::Client, ACK, client + 1, server + 1, b""));
        frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tcp_flow_acknowledges_every_segment_and_closes() {
        let conversation = Conversation::between(
            Party::new(MacAddress::vendor(0x20e791, 1), [10, 20, 0, 21], 49_152),
            Party::new(MacAddress::vendor(0xd4ae52, 1), [10, 30, 0, 10], 104),
        );
        let frames =
            conversation.tcp(&[(Side::Client, vec![7; 3000]), (Side::Server, vec![8; 10])]);
        assert_eq!(frames.len(), 3 + 2 * 3 + 2 + 3);
        let flags: Vec<u8> = frames.iter().map(|frame| frame[14 + 20 + 13]).collect();
        assert_eq!(flags[..3], [0x02, 0x12, 0x10]);
        assert_eq!(flags[flags.len() - 3..], [0x11, 0x11, 0x10]);
    }
}
