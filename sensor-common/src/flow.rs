//! Flow keys, flow slots and the set-associative flow cache.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{
    application::Verdict,
    endpoint::{EndpointIndex, address_words},
};

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
    source: [u64; 2],
    destination: [u64; 2],
    /// Source port, destination port, outer VLAN, inner VLAN, 16 bits each.
    transport: u64,
    /// Interface index (32), protocol (8), network (8), 16 bits left free for [`FlowSlot`].
    place: u64,
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
            place: (fields.interface as u64) << 32
                | (fields.protocol as u64) << 24
                | (fields.network as u64) << 16,
        }
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
        (self.place >> 16) as u8
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
        // Two independent chains, so that their multiplications overlap.
        let a = mix(mix(seed ^ self.source[0], self.source[1]), self.transport);
        let b = mix(
            mix(seed.rotate_left(32) ^ self.destination[0], self.destination[1]),
            self.place >> 16,
        );
        let hash = (a ^ b.rotate_left(29)).wrapping_mul(MULTIPLIER);
        hash ^ hash >> 32
    }

    /// The same for both directions, both ports of a gateway, and every CPU: what a verdict about
    /// the conversation is remembered by.
    #[inline(always)]
    pub fn conversation(&self, seed: u64) -> u64 {
        let [s0, s1] = self.source_words();
        let [d0, d1] = self.destination_words();
        let a = mix(mix(seed ^ s0, s1), self.source_port() as u64);
        let b = mix(mix(seed ^ d0, d1), self.destination_port() as u64);
        let hash = (a.wrapping_add(b) ^ self.protocol() as u64).wrapping_mul(MULTIPLIER);
        hash ^ hash >> 29
    }
}

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline(always)]
fn mix(state: u64, word: u64) -> u64 {
    let product = state.wrapping_mul(MULTIPLIER);
    ((product ^ product >> 32) ^ word).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// Slots in a set.
pub const WAYS: usize = 4;

/// 64-bit words of a slot.
pub const SLOT_WORDS: usize = 16;
/// Which of a slot's words holds the generation, in its low half.
pub const GENERATION_WORD: usize = 12;

// Words are put together as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "slot words are read as little-endian");

/// One flow in the table: the first 64 octets are all that a packet of a known flow touches.
///
/// Counters restart when a part of them is folded into the totals of the flow's endpoints;
/// `folded_*` keep that part.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowSlot {
    source: [u64; 2],
    destination: [u64; 2],
    transport: u64,
    /// As in [`FlowKey`], with TCP control bits in bits 8..16 and the [`Verdict`] in bits 0..8.
    place: u64,
    unfolded_octets: u64,
    unfolded_packets: u32,
    /// Low half of the tick of the last packet.
    last_seen: u32,

    folded_packets: u64,
    folded_octets: u64,
    /// Tick of the first packet.
    pub first_seen: u64,
    pub source_endpoint: EndpointIndex,
    pub destination_endpoint: EndpointIndex,
    /// Odd while the slot changes hands; grows by two with every flow.
    pub generation: u32,
    /// How the verdict was reached: [`crate::application::Evidence`] as a number.
    pub evidence: u8,
    /// Payload packets inspected so far.
    pub inspected: u8,
    /// ICMP type and code of the first packet.
    pub icmp_type_code: u16,
    /// TCP control bits of the first packet.
    pub first_tcp_flags: u8,
    _reserved: [u8; 23],
}

/// What a slot keeps of a flow's first packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstPacket {
    pub icmp_type_code: u16,
    pub tcp_flags: u8,
}

/// One set of the cache.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowSet {
    pub slots: [FlowSlot; WAYS],
}

impl FlowSet {
    /// The way that holds `key`.
    #[inline(always)]
    pub fn find(&self, key: &FlowKey) -> Option<usize> {
        if self.slots[0].holds(key) {
            return Some(0);
        }
        if self.slots[1].holds(key) {
            return Some(1);
        }
        if self.slots[2].holds(key) {
            return Some(2);
        }
        if self.slots[3].holds(key) {
            return Some(3);
        }
        None
    }

    /// A way for a new flow: an empty one, else that of the flow which has been quiet for longest.
    #[inline(always)]
    pub fn vacancy(&self, now: u64) -> usize {
        let mut vacancy = 0;
        let mut longest = 0;
        for way in 0..WAYS {
            let slot = &self.slots[way];
            // An empty slot has been quiet for ever.
            let quiet = (now as u32).wrapping_sub(slot.last_seen) as u64;
            let quiet = if slot.is_empty() { u64::MAX } else { quiet };
            if quiet > longest {
                longest = quiet;
                vacancy = way;
            }
        }
        vacancy
    }
}

impl FlowSlot {
    #[inline(always)]
    pub fn holds(&self, key: &FlowKey) -> bool {
        self.source[1] == key.source[1]
            && self.destination[1] == key.destination[1]
            && self.transport == key.transport
            && (self.place ^ key.place) >> 16 == 0
            && self.source[0] == key.source[0]
            && self.destination[0] == key.destination[0]
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.place == 0
    }

    pub fn key(&self) -> FlowKey {
        FlowKey {
            source: self.source,
            destination: self.destination,
            transport: self.transport,
            place: self.place & !0xffff,
        }
    }

    #[inline(always)]
    pub fn verdict(&self) -> Verdict {
        Verdict::from_bits(self.place as u8)
    }

    #[inline(always)]
    pub fn set_verdict(&mut self, verdict: Verdict) {
        self.place = self.place & !0xff | verdict.bits() as u64;
    }

    /// Every TCP control bit seen, IPFIX `tcpControlBits`.
    #[inline(always)]
    pub fn tcp_flags(&self) -> u8 {
        (self.place >> 8) as u8
    }

    /// Packets of the flow since it was opened.
    #[inline(always)]
    pub fn packets(&self) -> u64 {
        self.folded_packets + self.unfolded_packets as u64
    }

    /// Octets of the flow since it was opened, from destination address to end of payload.
    #[inline(always)]
    pub fn octets(&self) -> u64 {
        self.folded_octets + self.unfolded_octets
    }

    /// Packets and octets not yet in the totals of the flow's endpoints.
    #[inline(always)]
    pub fn unfolded(&self) -> (u64, u64) {
        (self.unfolded_packets as u64, self.unfolded_octets)
    }

    /// The tick of the last packet, given a tick that is not earlier and less than 2^32 later.
    pub fn last_seen(&self, now: u64) -> u64 {
        now - (now as u32).wrapping_sub(self.last_seen) as u64
    }

    #[inline(always)]
    pub fn count(&mut self, octets: u64, tcp_flags: u8, now: u64) {
        self.unfolded_packets = self.unfolded_packets.wrapping_add(1);
        self.unfolded_octets += octets;
        self.last_seen = now as u32;
        self.place |= (tcp_flags as u64) << 8;
    }

    /// Moves what is unfolded to the folded part and returns it.
    #[inline(always)]
    pub fn fold(&mut self) -> (u64, u64) {
        let (packets, octets) = self.unfolded();
        self.folded_packets += packets;
        self.folded_octets += octets;
        self.unfolded_packets = 0;
        self.unfolded_octets = 0;
        (packets, octets)
    }

    /// Whether the narrow packet counter must be folded before it wraps.
    #[inline(always)]
    pub fn must_fold(&self) -> bool {
        self.unfolded_packets >= 1 << 31
    }

    /// Whether this is one of the packets, every 64th, at which the slot is looked after.
    #[inline(always)]
    pub fn is_due(&self) -> bool {
        self.unfolded_packets & 0x3f == 0x3f
    }

    /// The slot as it lies in memory, word by word.
    #[inline(always)]
    pub(crate) fn to_words(self) -> [u64; SLOT_WORDS] {
        [
            self.source[0],
            self.source[1],
            self.destination[0],
            self.destination[1],
            self.transport,
            self.place,
            self.unfolded_octets,
            self.unfolded_packets as u64 | (self.last_seen as u64) << 32,
            self.folded_packets,
            self.folded_octets,
            self.first_seen,
            self.source_endpoint as u64 | (self.destination_endpoint as u64) << 32,
            self.generation as u64
                | (self.evidence as u64) << 32
                | (self.inspected as u64) << 40
                | (self.icmp_type_code as u64) << 48,
            self.first_tcp_flags as u64,
            0,
            0,
        ]
    }

    /// The slot from the words that a reader copied out of the table.
    pub fn from_words(words: &[u64; SLOT_WORDS]) -> Self {
        Self {
            source: [words[0], words[1]],
            destination: [words[2], words[3]],
            transport: words[4],
            place: words[5],
            unfolded_octets: words[6],
            unfolded_packets: words[7] as u32,
            last_seen: (words[7] >> 32) as u32,
            folded_packets: words[8],
            folded_octets: words[9],
            first_seen: words[10],
            source_endpoint: words[11] as u32,
            destination_endpoint: (words[11] >> 32) as u32,
            generation: words[12] as u32,
            evidence: (words[12] >> 32) as u8,
            inspected: (words[12] >> 40) as u8,
            icmp_type_code: (words[12] >> 48) as u16,
            first_tcp_flags: words[13] as u8,
            _reserved: [0; 23],
        }
    }

    /// Gives the slot to a new flow. The generation is odd in between, so that a reader on
    /// another CPU can tell a slot that changed hands under it.
    #[inline(always)]
    pub fn open(
        &mut self,
        key: &FlowKey,
        first_seen: u64,
        endpoints: (EndpointIndex, EndpointIndex),
        first: FirstPacket,
    ) {
        self.generation = self.generation.wrapping_add(1);
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        self.source = key.source;
        self.destination = key.destination;
        self.transport = key.transport;
        self.place = key.place;
        self.unfolded_octets = 0;
        self.unfolded_packets = 0;
        self.last_seen = first_seen as u32;
        self.folded_packets = 0;
        self.folded_octets = 0;
        self.first_seen = first_seen;
        self.source_endpoint = endpoints.0;
        self.destination_endpoint = endpoints.1;
        self.evidence = 0;
        self.inspected = 0;
        self.icmp_type_code = first.icmp_type_code;
        self.first_tcp_flags = first.tcp_flags;
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        self.generation = self.generation.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(port: u16) -> FlowKey {
        FlowKey::new(&FlowKeyFields {
            network: Network::Ipv4,
            source: [0x0013_dd01_0203 << 16, 0x0a14_0005],
            destination: [0x0013_dd01_0204 << 16, 0x0a1e_0007],
            source_port: port,
            destination_port: 104,
            outer_vlan: 20,
            inner_vlan: 0,
            interface: 3,
            protocol: 6,
        })
    }

    #[test]
    fn a_slot_survives_the_way_through_its_words() {
        let mut slot = FlowSlot::default();
        slot.open(
            &key(40_000),
            0x1_2345_6789,
            (7, 9),
            FirstPacket { icmp_type_code: 0x0800, tcp_flags: 2 },
        );
        slot.count(1514, 0x18, 0x1_2345_6800);
        slot.set_verdict(Verdict::settled(crate::application::Application::Dicom));
        slot.evidence = 3;
        slot.inspected = 2;
        assert_eq!(FlowSlot::from_words(&slot.to_words()), slot);
        assert_eq!(slot.key(), key(40_000));
        assert_eq!(slot.tcp_flags(), 0x18);
        assert_eq!(slot.last_seen(0x1_2345_7000), 0x1_2345_6800);
        assert_eq!(slot.last_seen(0x2_0000_0000), 0x1_2345_6800);
    }

    #[test]
    fn flags_and_verdict_do_not_change_what_a_slot_holds() {
        let mut slot = FlowSlot::default();
        slot.open(&key(1), 1, (0, 0), FirstPacket::default());
        slot.count(60, 0xff, 1);
        slot.set_verdict(Verdict::from_bits(0xff));
        assert!(slot.holds(&key(1)));
        assert!(!slot.holds(&key(2)));
    }

    #[test]
    fn both_directions_are_one_conversation_and_two_flows() {
        let forward = key(40_000);
        let reverse = FlowKey::new(&FlowKeyFields {
            network: Network::Ipv4,
            source: [0x0013_dd01_0299 << 16, 0x0a1e_0007],
            destination: [0x0013_dd01_0203 << 16, 0x0a14_0005],
            source_port: 104,
            destination_port: 40_000,
            outer_vlan: 30,
            inner_vlan: 0,
            interface: 4,
            protocol: 6,
        });
        assert_eq!(forward.conversation(99), reverse.conversation(99));
        assert_ne!(forward.hash(99), reverse.hash(99));
        assert_ne!(forward.conversation(99), key(40_001).conversation(99));
    }

    #[test]
    fn the_quietest_flow_of_a_full_set_is_the_victim() {
        let mut set = FlowSet::default();
        for (way, seen) in [5u64, 3, 9, 4].into_iter().enumerate() {
            set.slots[way].open(&key(way as u16 + 1), seen, (0, 0), FirstPacket::default());
        }
        assert_eq!(set.find(&key(3)), Some(2));
        assert_eq!(set.find(&key(77)), None);
        assert_eq!(set.vacancy(10), 1);
        set.slots[3] = FlowSlot::default();
        assert_eq!(set.vacancy(10), 3);
    }
}
