//! The part of a slot that only some packets touch.

use super::{
    head::HEAD_WORDS,
    slot::{FirstPacket, SLOT_WORDS},
};
use crate::{
    endpoint::EndpointIndex, read_back::read_back, wire::transport::is_first_segment, zero::zero,
};

/// 64-bit words of a tail.
pub const TAIL_WORDS: usize = 8;
/// Which of them hold the folded packets, the endpoints (that of the source in the low half), and the
/// generation in its low half.
pub const FOLDED_WORD: usize = 0;
pub const ENDPOINTS_WORD: usize = 3;
pub const GENERATION_WORD: usize = 4;

/// What is kept of a flow beside its [`super::FlowHead`].
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowTail {
    pub(super) folded_packets: u64,
    pub(super) folded_octets: u64,
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

impl FlowTail {
    /// Gives the tail to a new flow, all but the generation.
    #[inline(always)]
    pub(super) fn open(
        &mut self,
        first_seen: u64,
        endpoints: (EndpointIndex, EndpointIndex),
        first: FirstPacket,
    ) {
        let zero = zero();
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
        // Of more neighbours the compiler makes a call that clears octet by octet.
        read_back();
        self.earlier_evidence = zero as u8;
        self.change = zero as u8;
        self.held_length = zero as u8;
        self.awaited = zero as _;
        self.held = zero;
        self.digest = zero as u32;
    }

    /// Whether the flow began by asking for a connection, and no later packet was looked at yet.
    #[inline(always)]
    pub fn is_unanswered(&self) -> bool {
        is_first_segment(self.first_tcp_flags) && self.looked_at == 0
    }

    /// Packets in the totals of the flow's endpoints.
    pub fn folded_packets(&self) -> u64 {
        self.folded_packets
    }

    /// Writes the tail into a slot's words, after the head.
    #[inline(always)]
    pub(super) fn write_words(&self, words: &mut [u64; SLOT_WORDS]) {
        words[HEAD_WORDS + FOLDED_WORD] = self.folded_packets;
        words[HEAD_WORDS + 1] = self.folded_octets;
        words[HEAD_WORDS + 2] = self.first_seen;
        words[HEAD_WORDS + ENDPOINTS_WORD] =
            self.source_endpoint as u64 | (self.destination_endpoint as u64) << 32;
        words[HEAD_WORDS + GENERATION_WORD] = self.generation as u64
            | (self.evidence as u64) << 32
            | (self.inspected as u64) << 40
            | (self.icmp_type_code as u64) << 48;
        words[HEAD_WORDS + 5] = self.first_tcp_flags as u64
            | (self.looked_at as u64) << 8
            | (self.earlier_application as u64) << 16
            | (self.earlier_evidence as u64) << 24
            | (self.change as u64) << 32;
        // What is held is payload, and stays.
        words[HEAD_WORDS + 6] = 0;
        words[HEAD_WORDS + 7] = self.digest as u64;
    }

    pub(super) fn from_words(words: &[u64; TAIL_WORDS]) -> Self {
        Self {
            folded_packets: words[0],
            folded_octets: words[1],
            first_seen: words[2],
            source_endpoint: words[ENDPOINTS_WORD] as u32,
            destination_endpoint: (words[ENDPOINTS_WORD] >> 32) as u32,
            generation: words[4] as u32,
            evidence: (words[4] >> 32) as u8,
            inspected: (words[4] >> 40) as u8,
            icmp_type_code: (words[4] >> 48) as u16,
            first_tcp_flags: words[5] as u8,
            looked_at: (words[5] >> 8) as u8,
            earlier_application: (words[5] >> 16) as u8,
            earlier_evidence: (words[5] >> 24) as u8,
            change: (words[5] >> 32) as u8,
            held_length: 0,
            awaited: 0,
            held: 0,
            digest: words[7] as u32,
            _reserved_end: 0,
        }
    }
}
