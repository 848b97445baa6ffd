//! The flow key of IPFIX and its hashes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Encapsulation;
use crate::endpoint::address_words;

/// What a flow's addresses are. Never 0, so that an empty slot matches no key.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Network {
    /// Station addresses only (LLDP, spanning tree, ...); the type stands in the source port.
    Link = 1,
    Arp = 2,
    Ipv4 = 4,
    Ipv6 = 6,
}

impl Network {
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Link),
            2 => Some(Self::Arp),
            4 => Some(Self::Ipv4),
            6 => Some(Self::Ipv6),
            _ => None,
        }
    }
}

/// The IPFIX flow key of one direction at one observation point (RFC 7011 section 2).
///
/// `source` and `destination` hold an IPv6 address, big end first; or the station address in bits
/// 16..64 of the first word and, for IPv4 and ARP, the IPv4 address in the second.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowKey {
    pub(super) source: [u64; 2],
    pub(super) destination: [u64; 2],
    /// Source port, destination port, outer VLAN, inner VLAN, 16 bits each.
    pub(super) transport: u64,
    /// Interface index (32), protocol (8), [`Encapsulation`] (4), network (4), 16 bits left free for
    /// [`FlowSlot`].
    pub(super) place: u64,
}

/// The parts of a [`FlowKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKeyFields {
    pub network: Network,
    pub source: [u64; 2],
    pub destination: [u64; 2],
    pub source_port: u16,
    pub destination_port: u16,
    pub outer_vlan: u16,
    pub inner_vlan: u16,
    pub interface: u32,
    pub protocol: u8,
}

impl FlowKey {
    #[inline(always)]
    pub fn new(fields: &FlowKeyFields) -> Self {
        Self {
            source: fields.source,
            destination: fields.destination,
            transport: (fields.source_port as u64) << 48
                | (fields.destination_port as u64) << 32
                | (fields.outer_vlan as u64) << 16
                | fields.inner_vlan as u64,
            place: place(fields.interface, fields.protocol, fields.network),
        }
    }

    /// The key of a flow whose frames are carried in others.
    #[inline(always)]
    #[must_use]
    pub const fn inside(self, number: u8) -> Self {
        Self { place: self.place | (number as u64 & 0xf) << 20, ..self }
    }

    /// In what the flow's frames are carried; `None` for frames as they came in.
    pub const fn encapsulation(&self) -> Option<Encapsulation> {
        Encapsulation::from_number((self.place >> 20) as u8 & 0xf)
    }

    #[inline(always)]
    pub const fn is_encapsulated(&self) -> bool {
        self.place >> 20 & 0xf != 0
    }

    /// Writes the addresses of a key that is made where it stays, part by part: these, then
    /// [`Self::set_place`], [`Self::set_vlans`] and [`Self::set_ports`].
    #[inline(always)]
    pub fn set_addresses(&mut self, source: [u64; 2], destination: [u64; 2]) {
        self.source = source;
        self.destination = destination;
    }

    #[inline(always)]
    pub fn set_place(&mut self, interface: u32, protocol: u8, network: Network) {
        self.place = place(interface, protocol, network);
    }

    /// Outer VLAN in bits 16..28, inner VLAN in bits 0..12; forgets the ports.
    #[inline(always)]
    pub fn set_vlans(&mut self, vlans: u64) {
        self.transport = vlans;
    }

    /// Adds the ports to a key that has none yet.
    #[inline(always)]
    pub fn set_ports(&mut self, source: u16, destination: u16) {
        self.transport |= (source as u64) << 48 | (destination as u64) << 32;
    }

    /// The key from its words as they lie in memory.
    pub const fn from_words(words: [u64; 6]) -> Self {
        Self {
            source: [words[0], words[1]],
            destination: [words[2], words[3]],
            transport: words[4],
            place: words[5],
        }
    }

    #[inline(always)]
    pub const fn source_port(&self) -> u16 {
        (self.transport >> 48) as u16
    }

    #[inline(always)]
    pub const fn destination_port(&self) -> u16 {
        (self.transport >> 32) as u16
    }

    #[inline(always)]
    pub const fn outer_vlan(&self) -> u16 {
        (self.transport >> 16) as u16
    }

    #[inline(always)]
    pub const fn inner_vlan(&self) -> u16 {
        self.transport as u16
    }

    /// Outer VLAN in bits 16..28, inner VLAN in bits 0..12.
    #[inline(always)]
    pub const fn vlans(&self) -> u64 {
        self.transport & 0xffff_ffff
    }

    #[inline(always)]
    pub const fn interface(&self) -> u32 {
        (self.place >> 32) as u32
    }

    #[inline(always)]
    pub const fn protocol(&self) -> u8 {
        (self.place >> 24) as u8
    }

    #[inline(always)]
    pub(crate) const fn network_number(&self) -> u8 {
        (self.place >> 16) as u8 & 0xf
    }

    pub const fn network(&self) -> Option<Network> {
        Network::from_number(self.network_number())
    }

    /// The address as an endpoint's words: IPv6, mapped IPv4, or zeros.
    #[inline(always)]
    pub fn source_words(&self) -> [u64; 2] {
        address_words(self.network_number(), self.source)
    }

    #[inline(always)]
    pub fn destination_words(&self) -> [u64; 2] {
        address_words(self.network_number(), self.destination)
    }

    /// The source network address; `None` for [`Network::Link`].
    pub fn source_address(&self) -> Option<IpAddr> {
        self.address(self.source)
    }

    pub fn destination_address(&self) -> Option<IpAddr> {
        self.address(self.destination)
    }

    /// The station address, which IPv6 keys do not hold.
    pub fn source_station(&self) -> Option<u64> {
        (self.network_number() != Network::Ipv6 as u8).then_some(self.source[0] >> 16)
    }

    pub fn destination_station(&self) -> Option<u64> {
        (self.network_number() != Network::Ipv6 as u8).then_some(self.destination[0] >> 16)
    }

    fn address(&self, words: [u64; 2]) -> Option<IpAddr> {
        match self.network()? {
            Network::Link => None,
            Network::Arp | Network::Ipv4 => Some(Ipv4Addr::from_bits(words[1] as u32).into()),
            Network::Ipv6 => {
                let bits = (words[0] as u128) << 64 | words[1] as u128;
                Some(Ipv6Addr::from_bits(bits).into())
            }
        }
    }

    /// Where the flow belongs in the cache. `seed` is drawn at start, so that a sender cannot
    /// aim at one set.
    #[inline(always)]
    pub fn hash(&self, seed: u64) -> u64 {
        // Pairs of words multiplied side by side, each with a secret added: what is waited for is
        // two multiplications in a row.
        let other = !seed;
        let hosts =
            self.source[1].wrapping_add(seed).wrapping_mul(self.destination[1].wrapping_add(other));
        let before =
            self.source[0].wrapping_add(seed).wrapping_mul(self.destination[0].wrapping_add(other));
        // The ports are in the upper half, of which an even factor would lose bits.
        let place = (self.place >> 15 | 1).wrapping_add(seed << 1);
        let sum = hosts.wrapping_add(before).wrapping_add(self.transport.wrapping_mul(place));
        let hash = (sum ^ sum >> 32).wrapping_mul(MULTIPLIER);
        hash ^ hash >> 32
    }

    /// The same for both directions, both ports of a gateway, and every CPU: what a verdict about
    /// the conversation is remembered by. Addresses inside a tunnel may be those of other hosts
    /// outside, so the encapsulation is part of it.
    #[inline(always)]
    pub fn conversation(&self, seed: u64) -> u64 {
        let [s0, s1] = self.source_words();
        let [d0, d1] = self.destination_words();
        let a = mix(mix(seed ^ s0, s1), self.source_port() as u64);
        let b = mix(mix(seed ^ d0, d1), self.destination_port() as u64);
        // Added as they are, hosts that exchange their ports would often have the same sum.
        let sum = (a ^ a >> 32).wrapping_add(b ^ b >> 32);
        let hash = (sum ^ (self.place >> 20 & 0xfff)).wrapping_mul(MULTIPLIER);
        hash ^ hash >> 29
    }
}

// The network's number leaves room for that of the encapsulation.
const _: () = assert!(Network::Ipv6 as u8 <= 0xf);

#[inline(always)]
const fn place(interface: u32, protocol: u8, network: Network) -> u64 {
    (interface as u64) << 32 | (protocol as u64) << 24 | (network as u64) << 16
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
fn mix(state: u64, word: u64) -> u64 {
    let product = state.wrapping_mul(MULTIPLIER);
    ((product ^ product >> 32) ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
