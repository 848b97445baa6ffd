//! One flow in the table.

use super::key::FlowKey;
use crate::{
    application::{Application, Evidence, Identification, Verdict},
    endpoint::EndpointIndex,
    wire::transport::tcp_flags,
    zero::zero,
};

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
    pub(super) last_seen: u32,

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
    /// Payload packets inspected or sampled so far.
    pub inspected: u8,
    /// ICMP type and code of the first packet.
    pub icmp_type_code: u16,
    /// TCP control bits of the first packet.
    pub first_tcp_flags: u8,
    /// Packets looked at for the verdict so far, with payload or without.
    pub looked_at: u8,
    /// The verdict before the present one, how it was reached, and why it was given up:
    /// [`crate::application::Change`] as a number.
    pub earlier_application: u8,
    pub earlier_evidence: u8,
    pub change: u8,
    /// Octets in `held`.
    pub held_length: u8,
    /// Octets of a hello that are still to come in later segments.
    pub awaited: u16,
    /// The first octets of a stream that came in a segment of their own, too few to tell anything,
    /// until the next segment comes.
    pub held: u64,
    /// Of the first octets of payload, keyed; 0 if there was none.
    pub digest: u32,
    _reserved_end: u32,
}

/// What a slot keeps of a flow's first packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstPacket {
    pub icmp_type_code: u16,
    pub tcp_flags: u8,
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

    /// What the flow speaks, as far as is known.
    #[inline(always)]
    pub fn identification(&self) -> Identification {
        Identification {
            application: self.verdict().application(),
            evidence: Evidence::from_number(self.evidence),
        }
    }

    /// What was thought before, [`Application::Unknown`] if nothing was.
    pub fn earlier_identification(&self) -> Identification {
        Identification {
            application: Application::from_number(self.earlier_application).unwrap_or_default(),
            evidence: Evidence::from_number(self.earlier_evidence),
        }
    }

    #[inline(always)]
    pub fn set_verdict(&mut self, verdict: Verdict) {
        self.place = self.place & !0xff | verdict.bits() as u64;
    }

    /// Ends the search for a better verdict, and forgets what was held back for it.
    #[inline(always)]
    pub fn settle(&mut self) {
        self.set_verdict(self.verdict().to_settled());
        self.held = 0;
        self.held_length = 0;
    }

    /// Every TCP control bit seen, IPFIX `tcpControlBits`.
    #[inline(always)]
    pub fn tcp_flags(&self) -> u8 {
        (self.place >> 8) as u8
    }

    /// Whether a packet with these TCP control bits belongs to a later connection between the same
    /// ports: it asks for one, or grants one, after the end of the connection in the slot.
    #[inline(always)]
    pub fn has_ended_before(&self, tcp_flags: u8) -> bool {
        tcp_flags & tcp_flags::SYN != 0 && self.tcp_flags() & (tcp_flags::FIN | tcp_flags::RST) != 0
    }

    /// Packets of the flow since it was opened.
    #[inline(always)]
    pub fn packets(&self) -> u64 {
        self.folded_packets.wrapping_add(self.unfolded_packets as u64)
    }

    /// Octets of the flow since it was opened, from destination address to end of payload.
    #[inline(always)]
    pub fn octets(&self) -> u64 {
        self.folded_octets.wrapping_add(self.unfolded_octets)
    }

    /// Packets and octets not yet in the totals of the flow's endpoints.
    #[inline(always)]
    pub fn unfolded(&self) -> (u64, u64) {
        (self.unfolded_packets as u64, self.unfolded_octets)
    }

    /// The tick of the last packet, given a tick that is less than 2^32 - 2^16 later, or less than
    /// 2^16 earlier: frames go on coming after a reader has looked at the clock.
    pub fn last_seen(&self, now: u64) -> u64 {
        let behind = (now as u32).wrapping_sub(self.last_seen);
        let ahead = behind.wrapping_neg();
        if ahead < 1 << 16 { now + ahead as u64 } else { now - behind as u64 }
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

    /// The slot as it lies in memory, word by word into the place where it is wanted: the kernel's
    /// stack has no room to put it together.
    #[inline(always)]
    pub(crate) fn write_words(&self, words: &mut [u64; SLOT_WORDS]) {
        words[0] = self.source[0];
        words[1] = self.source[1];
        words[2] = self.destination[0];
        words[3] = self.destination[1];
        words[4] = self.transport;
        words[5] = self.place;
        words[6] = self.unfolded_octets;
        words[7] = self.unfolded_packets as u64 | (self.last_seen as u64) << 32;
        words[8] = self.folded_packets;
        words[9] = self.folded_octets;
        words[10] = self.first_seen;
        words[11] = self.source_endpoint as u64 | (self.destination_endpoint as u64) << 32;
        words[GENERATION_WORD] = self.generation as u64
            | (self.evidence as u64) << 32
            | (self.inspected as u64) << 40
            | (self.icmp_type_code as u64) << 48;
        words[13] = self.first_tcp_flags as u64
            | (self.looked_at as u64) << 8
            | (self.earlier_application as u64) << 16
            | (self.earlier_evidence as u64) << 24
            | (self.change as u64) << 32;
        // What is held is payload, and stays.
        words[14] = 0;
        words[15] = self.digest as u64;
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
            looked_at: (words[13] >> 8) as u8,
            earlier_application: (words[13] >> 16) as u8,
            earlier_evidence: (words[13] >> 24) as u8,
            change: (words[13] >> 32) as u8,
            held_length: 0,
            awaited: 0,
            held: 0,
            digest: words[15] as u32,
            _reserved_end: 0,
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
        let zero = zero();
        self.generation = self.generation.wrapping_add(1);
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        self.source = key.source;
        self.destination = key.destination;
        self.transport = key.transport;
        self.place = key.place;
        self.unfolded_octets = zero;
        self.unfolded_packets = zero as u32;
        self.last_seen = first_seen as u32;
        self.folded_packets = zero;
        self.folded_octets = zero;
        self.first_seen = first_seen;
        self.source_endpoint = endpoints.0;
        self.destination_endpoint = endpoints.1;
        self.evidence = zero as u8;
        self.inspected = zero as u8;
        self.icmp_type_code = first.icmp_type_code;
        self.first_tcp_flags = first.tcp_flags;
        self.looked_at = zero as u8;
        self.earlier_application = zero as u8;
        self.earlier_evidence = zero as u8;
        self.change = zero as u8;
        self.held_length = zero as u8;
        self.awaited = zero as _;
        self.held = zero;
        self.digest = zero as u32;
        core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        self.generation = self.generation.wrapping_add(1);
    }
}
