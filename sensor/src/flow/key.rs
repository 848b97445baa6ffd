//! What makes two flows the two directions of one biflow.
//!
//! The interface is no part of it: a gateway's ports see one direction each. Neither are the VLANs,
//! unless asked for, as routed traffic leaves by another VLAN than it came in. So where two VLANs
//! use the same addresses for different hosts, their flows merge. What is carried in a tunnel never
//! joins what is not: both are true, and neither is the other's answer.

use std::{
    hash::{Hash, Hasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use sensor_common::flow::{Encapsulation, FlowKey, Network};

/// Addresses of both ends as in an endpoint key; of [`Network::Link`] the station addresses.
pub(super) type LongEnds = [[u64; 2]; 2];

/// The two ends in an order that does not depend on who sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BiflowKey {
    pub words: LongEnds,
    /// Of [`Network::Link`]: the type, and the IEEE 802.2 access points in order.
    pub ports: [u16; 2],
    /// Outer VLAN in bits 16..28, inner VLAN in bits 0..12; 0 unless flows are kept apart by them.
    pub vlans: u32,
    /// In what the frames of both directions are carried.
    pub encapsulation: Option<Encapsulation>,
    pub network: Network,
    pub protocol: u8,
}

/// In words, of which a hasher takes two at a time: it is asked with every reading of a flow.
impl Hash for BiflowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [[a, b], [c, d]] = self.words;
        let [low, high] = self.ports;
        let encapsulation = self.encapsulation.map_or(0, |encapsulation| encapsulation as u64);
        let kind = encapsulation << 16 | (self.network as u64) << 8 | u64::from(self.protocol);
        let ports = u64::from(low) << 48 | u64::from(high) << 32 | u64::from(self.vlans);
        for word in [a, b, c, d, ports, kind] {
            state.write_u64(word);
        }
    }
}

impl BiflowKey {
    /// The key, and which of the two ends is the source; `None` for a key of no network.
    pub fn of(flow: &FlowKey, by_vlan: bool) -> Option<(Self, usize)> {
        let network = flow.network()?;
        let (mut source, mut destination) = (
            (flow.source_words(), flow.source_port()),
            (flow.destination_words(), flow.destination_port()),
        );
        if network == Network::Link {
            source = ([flow.source_station()?, 0], 0);
            destination = ([flow.destination_station()?, 0], 0);
        }
        let from = usize::from(source > destination);
        if from == 1 {
            (source, destination) = (destination, source);
        }
        let ports = match network {
            Network::Link => {
                let points = flow.destination_port();
                [flow.source_port(), points.min(points.swap_bytes())]
            }
            _ => [source.1, destination.1],
        };
        let key = Self {
            words: [source.0, destination.0],
            ports,
            vlans: if by_vlan { flow.vlans() as u32 } else { 0 },
            encapsulation: flow.encapsulation(),
            network,
            protocol: flow.protocol(),
        };
        Some((key, from))
    }

    /// The addresses of both ends in 32 bits each, where the network has such.
    #[inline(always)]
    pub fn short_ends(&self) -> Option<[u32; 2]> {
        has_short_addresses(self.network).then(|| self.words.map(|[_, low]| low as u32))
    }

    /// The network address of one end.
    pub fn address(&self, end: usize) -> Option<IpAddr> {
        let [high, low] = self.words[end];
        match self.network {
            Network::Link => None,
            Network::Arp | Network::Ipv4 => Some(Ipv4Addr::from_bits(low as u32).into()),
            Network::Ipv6 => {
                let bits = u128::from(high) << 64 | u128::from(low);
                Some(Ipv6Addr::from_bits(bits).into())
            }
        }
    }

    /// The ports as in a flow key that is sent by `end`.
    pub fn ports_from(&self, end: usize) -> (u16, u16) {
        if self.network == Network::Link {
            return (self.ports[0], self.ports[1]);
        }
        (self.ports[end], self.ports[1 - end])
    }
}

/// Whether addresses of a network are those of IPv4.
#[inline(always)]
pub(super) const fn has_short_addresses(network: Network) -> bool {
    matches!(network, Network::Arp | Network::Ipv4)
}
