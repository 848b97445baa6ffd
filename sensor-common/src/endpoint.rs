//! Endpoints: a station and one address it used, the unit in which totals are kept.
//!
//! The kernel counts per endpoint because a device cannot be told from one frame: behind a router
//! many devices share one station address. User space merges endpoints into devices, at any time
//! and without losing a count.

use core::hash::{Hash, Hasher};

use crate::{
    flow::{FlowKey, Network},
    zero::zero,
};

/// Station (MAC) address, VLAN and network address, or parts of them.
///
/// With `station` 0 the key is the alias by which a destination behind a router is found; with
/// `address` 0 it stands for the station whatever its addresses.
///
/// What is seen inside tunnels has endpoints of its own, so that nothing in there, true or forged,
/// decides to whom plain traffic belongs.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EndpointKey {
    /// IPv6, or IPv4 as `::ffff:a.b.c.d`; big end first.
    pub address: [u64; 2],
    /// 48 bits of MAC address.
    pub station: u64,
    /// Outer VLAN in bits 16..28, inner VLAN in bits 0..12; bit 32 if seen inside a tunnel.
    pub vlans: u64,
}

/// Word by word, which hashers take faster than octets.
impl Hash for EndpointKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for word in [self.address[0], self.address[1], self.station, self.vlans] {
            state.write_u64(word);
        }
    }
}

/// Bit of [`EndpointKey::vlans`].
const ENCAPSULATED: u64 = 1 << 32;

/// Odd, so that a word multiplied by it spreads over the upper bits and loses none.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Index of an endpoint's totals.
pub type EndpointIndex = u32;

/// Totals of everything that belongs to no known endpoint.
pub const ELSEWHERE: EndpointIndex = 0;
/// Totals of endpoints that found the table full.
pub const OVERFLOW: EndpointIndex = 1;
/// The first index given to an endpoint.
pub const FIRST_ENDPOINT: EndpointIndex = 2;

const MAPPED_IPV4: u64 = 0x0000_ffff_0000_0000;
/// The group bit of a station address: multicast and broadcast.
const GROUP: u64 = 1 << 40;

impl EndpointKey {
    /// The key of whoever sent the frames of `flow` from `station`.
    #[inline(always)]
    pub fn of_source(flow: &FlowKey, station: u64) -> Self {
        Self { address: flow.source_words(), station, vlans: place(flow) }
    }

    /// The key of the neighbour that the frames of `flow` were sent to.
    #[inline(always)]
    pub fn of_destination(flow: &FlowKey, station: u64) -> Self {
        Self { address: flow.destination_words(), station, vlans: place(flow) }
    }

    /// The same station whatever its address.
    #[inline(always)]
    pub fn station_only(&self) -> Self {
        Self { address: [zero(), zero()], ..*self }
    }

    /// The same address wherever it is, but inside a tunnel or outside.
    #[inline(always)]
    pub fn address_only(&self) -> Self {
        Self { address: self.address, station: zero(), vlans: self.vlans & ENCAPSULATED }
    }

    /// The same address outside of tunnels.
    #[inline(always)]
    pub fn outside(&self) -> Self {
        Self { address: self.address, station: zero(), vlans: zero() }
    }

    #[inline(always)]
    pub fn is_encapsulated(&self) -> bool {
        self.vlans & ENCAPSULATED != 0
    }

    /// The VLANs alone.
    #[inline(always)]
    pub fn tags(&self) -> u64 {
        self.vlans & !ENCAPSULATED
    }

    /// Whether the address can be that of one host (not unspecified, multicast or broadcast).
    #[inline(always)]
    pub fn has_host_address(&self) -> bool {
        let [high, low] = self.address;
        if high == 0 && low >> 32 == MAPPED_IPV4 >> 32 {
            let address = low as u32;
            return address != 0 && address < 0xe000_0000;
        }
        // IPv6: not `::`, not `ff00::/8`. Link flows carry no address.
        (high | low) != 0 && high >> 56 != 0xff
    }

    /// The same key, seen inside a tunnel.
    #[must_use]
    pub fn inside(self) -> Self {
        Self { vlans: self.vlans | ENCAPSULATED, ..self }
    }

    /// Of the address alone; `seed` keeps senders from choosing addresses with one hash.
    #[inline(always)]
    pub fn address_hash(&self, seed: u64) -> u64 {
        let [high, low] = self.address;
        let hash =
            (low ^ seed).wrapping_add(high.wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
        hash ^ hash >> 32
    }

    /// Of the whole key, given that of its address.
    #[inline(always)]
    pub fn hash_after(&self, address_hash: u64) -> u32 {
        let hash = (address_hash ^ self.station ^ self.vlans << 20).wrapping_mul(MULTIPLIER);
        (hash >> 40) as u32
    }

    /// Whether the station address is that of one station.
    #[inline(always)]
    pub fn has_station(&self) -> bool {
        self.station != 0 && self.station & GROUP == 0
    }
}

#[inline(always)]
fn place(flow: &FlowKey) -> u64 {
    flow.vlans() | if flow.is_encapsulated() { ENCAPSULATED } else { 0 }
}

/// Packs an IPv4 address as the low word of an IPv4-mapped IPv6 address.
#[inline(always)]
pub const fn mapped_ipv4(address: u32) -> [u64; 2] {
    [0, MAPPED_IPV4 | address as u64]
}

/// The words of an endpoint address for flow addresses of `network`.
#[inline(always)]
pub(crate) fn address_words(network: u8, words: [u64; 2]) -> [u64; 2] {
    if network == Network::Ipv6 as u8 {
        words
    } else if network == Network::Link as u8 {
        [zero(), zero()]
    } else {
        mapped_ipv4(words[1] as u32)
    }
}

/// What a CPU was answered when it looked for the endpoint of a key, as a sender's or a
/// destination's.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    key: EndpointKey,
    /// Version of the table of endpoints that gave it; 0 is none, since every table has endpoints
    /// before anybody can be found.
    version: u64,
    /// [`NOBODY`] if none has the key.
    pub index: EndpointIndex,
    _reserved: u32,
}

/// Answers that each CPU keeps; a power of two.
pub const ANSWERS: u32 = 4096;
/// The index of no endpoint.
pub const NOBODY: EndpointIndex = u32::MAX;

impl Answer {
    #[inline(always)]
    pub fn is_to(&self, key: &EndpointKey, version: u64) -> bool {
        self.key.address[1] == key.address[1]
            && self.key.address[0] == key.address[0]
            && self.key.station == key.station
            && self.key.vlans == key.vlans
            && self.version == version
            && version != 0
    }

    #[inline(always)]
    pub fn set(&mut self, key: &EndpointKey, index: EndpointIndex, version: u64) {
        self.key.address = key.address;
        self.key.station = key.station;
        self.key.vlans = key.vlans;
        self.version = version;
        self.index = index;
    }
}

/// Of the table of endpoints as a whole.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointsState {
    /// Keys that were added so far.
    pub version: u64,
    /// 1 once no index was left.
    pub is_full: u64,
}

/// Addresses that are told apart in one value of the map of known addresses.
pub const KNOWN_ADDRESSES_IN_BLOCK: usize = 64;

/// The value of the map of known addresses that tells of addresses with this hash, and its octet.
#[inline(always)]
pub const fn known_address(address_hash: u64, mask: u32) -> (u32, usize) {
    ((address_hash >> 32) as u32 & mask, address_hash as usize % KNOWN_ADDRESSES_IN_BLOCK)
}

/// Octets of the map of known addresses for each endpoint, so that one in sixteen unknown addresses
/// is looked up in vain.
pub const KNOWN_ADDRESSES_OF_ENDPOINT: u32 = 16;

/// Values of the map of known addresses; a power of two.
pub const fn known_address_blocks(endpoints: u32) -> u32 {
    (endpoints * KNOWN_ADDRESSES_OF_ENDPOINT / KNOWN_ADDRESSES_IN_BLOCK as u32).next_power_of_two()
}

/// Which side of a flow an endpoint was on.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    Sent = 0,
    Received = 1,
}

/// Totals of one endpoint, application and direction; they only grow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub packets: u64,
    pub octets: u64,
}

/// Where the totals of an endpoint, application and direction stand in the array of totals.
#[inline(always)]
pub const fn totals_index(endpoint: EndpointIndex, application: u8, direction: Direction) -> u32 {
    (endpoint * crate::application::CAPACITY + application as u32) * 2 + direction as u32
}

/// Whose totals stand at this place of the array: [`totals_index`] backwards.
pub const fn totals_owner(index: u32) -> (EndpointIndex, u8, Direction) {
    let direction = if index & 1 == 0 { Direction::Sent } else { Direction::Received };
    let pair = index / 2;
    let (endpoint, application) =
        (pair / crate::application::CAPACITY, pair % crate::application::CAPACITY);
    (endpoint, application as u8, direction)
}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn multicast_and_unspecified_addresses_are_no_hosts() {
        let key = |address| EndpointKey { address, ..EndpointKey::default() };
        assert!(key(mapped_ipv4(0x0a14_0005)).has_host_address());
        assert!(!key(mapped_ipv4(0)).has_host_address());
        assert!(!key(mapped_ipv4(0xe000_00fb)).has_host_address());
        assert!(!key(mapped_ipv4(0xffff_ffff)).has_host_address());
        assert!(!key([0xff02 << 48, 1]).has_host_address());
        assert!(key([0xfe80 << 48, 1]).has_host_address());
        assert!(!key([0; 2]).has_host_address());
    }

    #[test]
    fn an_answer_holds_for_its_key_and_its_version() {
        let key = EndpointKey { address: mapped_ipv4(0x0a14_0005), station: 7, vlans: 20 << 16 };
        let mut answer = Answer::default();
        assert!(!answer.is_to(&EndpointKey::default(), 0), "nothing was asked yet");
        answer.set(&key, 9, 3);
        assert!(answer.is_to(&key, 3) && answer.index == 9);
        assert!(!answer.is_to(&key, 4));
        for other in [key.station_only(), key.address_only(), key.inside()] {
            assert!(!answer.is_to(&other, 3), "{other:?}");
        }
    }

    #[test]
    fn hosts_of_one_network_have_answers_and_octets_of_their_own() {
        let key = |host: u32| EndpointKey {
            address: mapped_ipv4(0x0a14_0000 + host),
            station: 7,
            vlans: 0,
        };
        for seed in [0, 1, 0x1234_5678_9abc_def0, u64::MAX] {
            let mut places = [false; ANSWERS as usize];
            let blocks = known_address_blocks(1024);
            let octet = |key: &EndpointKey| {
                let (block, octet) = known_address(key.address_hash(seed), blocks - 1);
                block as usize * KNOWN_ADDRESSES_IN_BLOCK + octet
            };
            let mut known = vec![false; blocks as usize * KNOWN_ADDRESSES_IN_BLOCK];
            for host in 0..1024 {
                let hash = key(host).hash_after(key(host).address_hash(seed));
                places[(hash % ANSWERS) as usize] = true;
                known[octet(&key(host))] = true;
            }
            // By chance 906 of 1024 have one that no other has, or share it.
            let places = places.iter().filter(|is_taken| **is_taken).count();
            assert!(places > 850, "{seed:x}: {places}");
            let mistaken = (0x10_0000..0x11_0000).filter(|host| known[octet(&key(*host))]).count();
            assert!(mistaken < 0x1_0000 / 10, "{seed:x}: {mistaken}");
        }
    }

    #[test]
    fn totals_of_neighbours_do_not_overlap() {
        let last = totals_index(7, crate::application::CAPACITY as u8 - 1, Direction::Received);
        assert_eq!(last + 1, totals_index(8, 0, Direction::Sent));
    }

    #[test]
    fn the_owner_of_totals_is_who_they_were_counted_for() {
        for direction in [Direction::Sent, Direction::Received] {
            for application in [0, 1, crate::application::CAPACITY as u8 - 1] {
                let owner = (7, application, direction);
                assert_eq!(totals_owner(totals_index(7, application, direction)), owner);
            }
        }
    }
}
