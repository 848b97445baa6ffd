//! Frames on their way to the gateway, in the order of their arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::host::Host;
use super::site::GATEWAY;
use crate::frames::{Endpoints, Ipv4Header, MacAddress, ethertype, protocol, udp_datagram};

/// A frame as the gateway receives it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival {
    /// Since midnight.
    pub at: Duration,
    /// Among frames of one moment.
    order: u64,
    /// As much as is captured.
    pub octets: Vec<u8>,
    pub wire_length: u64,
}

/// Gives frames out in order of time, whatever the order in which they were put.
#[derive(Debug, Default)]
pub struct Wire {
    pending: BinaryHeap<Reverse<Arrival>>,
    order: u64,
    identification: u16,
}

impl Wire {
    pub fn put(&mut self, at: Duration, octets: Vec<u8>) {
        let wire_length = octets.len() as u64;
        self.put_captured(at, octets, wire_length);
    }

    /// A frame of which only the beginning was captured.
    pub fn put_captured(&mut self, at: Duration, octets: Vec<u8>, wire_length: u64) {
        self.order += 1;
        self.pending.push(Reverse(Arrival { at, order: self.order, octets, wire_length }));
    }

    /// When the next frame arrives.
    pub fn next_at(&self) -> Option<Duration> {
        self.pending.peek().map(|Reverse(arrival)| arrival.at)
    }

    pub fn take(&mut self) -> Option<Arrival> {
        self.pending.pop().map(|Reverse(arrival)| arrival)
    }

    /// The header of the next packet from `from`.
    pub fn header(&mut self, from: &Host, to: Ipv4Addr) -> Ipv4Header {
        self.identification = self.identification.wrapping_add(1);
        let mut header = Ipv4Header::between(from.address, to);
        header.identification = self.identification;
        header.time_to_live = from.time_to_live;
        header
    }

    /// A packet to another segment: to the gateway's station.
    pub fn route(&mut self, at: Duration, from: &Host, to: Ipv4Addr, number: u8, message: &[u8]) {
        self.packet(at, from, GATEWAY, to, number, message);
    }

    fn packet(
        &mut self,
        at: Duration,
        from: &Host,
        station: MacAddress,
        to: Ipv4Addr,
        number: u8,
        message: &[u8],
    ) {
        let packet = self.header(from, to).packet(number, message);
        self.put(at, from.header(station).frame(ethertype::IPV4, &packet));
    }

    /// A datagram to a host on another segment.
    pub fn datagram(
        &mut self,
        at: Duration,
        (from, from_port): (&Host, u16),
        (to, to_port): (&Host, u16),
        payload: &[u8],
    ) {
        let ends = ends(from, to.address);
        let message = udp_datagram(&ends, from_port, to_port, payload);
        self.route(at, from, to.address, protocol::UDP, &message);
    }

    /// A question, and its answer after `patience`.
    pub fn exchange(
        &mut self,
        at: Duration,
        (client, client_port): (&Host, u16),
        (server, server_port): (&Host, u16),
        (question, answer): (&[u8], &[u8]),
        patience: Duration,
    ) {
        self.datagram(at, (client, client_port), (server, server_port), question);
        self.datagram(at + patience, (server, server_port), (client, client_port), answer);
    }

    /// A datagram to a group, or to everyone on the segment.
    pub fn announce(
        &mut self,
        at: Duration,
        (from, from_port): (&Host, u16),
        (group, port): (Ipv4Addr, u16),
        payload: &[u8],
    ) {
        let station = match group.is_multicast() {
            true => MacAddress::ipv4_multicast(group.octets()),
            false => MacAddress::BROADCAST,
        };
        let message = udp_datagram(&ends(from, group), from_port, port, payload);
        // What stays on the segment says so (RFC 6762 section 11).
        let is_local = group.octets()[..3] == [224, 0, 0];
        let from = Host { time_to_live: if is_local { 255 } else { from.time_to_live }, ..*from };
        self.packet(at, &from, station, group, protocol::UDP, &message);
    }
}

pub fn ends(from: &Host, to: Ipv4Addr) -> Endpoints {
    Endpoints { source: IpAddr::V4(from.address), destination: IpAddr::V4(to) }
}

#[cfg(test)]
mod tests {
    use super::super::site::{Duty, Site};
    use super::*;

    #[test]
    fn frames_leave_in_order_of_time_and_then_of_arrival() {
        let mut wire = Wire::default();
        for (second, octet) in [(2, 0), (1, 1), (2, 2), (0, 3)] {
            wire.put(Duration::from_secs(second), vec![octet]);
        }
        let order: Vec<u8> =
            std::iter::from_fn(|| wire.take()).map(|each| each.octets[0]).collect();
        assert_eq!(order, [3, 1, 0, 2]);
    }

    #[test]
    fn what_is_routed_goes_to_the_gateway_tagged_with_the_senders_vlan() {
        let site = Site::of(100);
        let (poller, engine) = (site.server(Duty::Poller), site.server(Duty::InterfaceEngine));
        let mut wire = Wire::default();
        wire.datagram(Duration::ZERO, (&poller, 50_000), (&engine, 161), b"0");
        let frame = wire.take().unwrap().octets;
        assert_eq!(frame[..6], GATEWAY.0);
        assert_eq!(frame[6..12], poller.station.0);
        assert_eq!(frame[12..18], [0x81, 0, 0, 193, 8, 0]);
        assert_eq!(frame[18 + 8], 64, "the time to live was not lowered yet");
    }
}
