//! The part of a slot that every packet touches: one cache line.

use super::{key::FlowKey, slot::SLOT_WORDS};
use crate::{application::Verdict, wire::transport::tcp_flags, zero::zero};

/// 64-bit words of a head.
pub const HEAD_WORDS: usize = 8;
/// Which of them holds the verdict and the control bits, in its two low octets.
pub const PLACE_WORD: usize = 5;
/// Which of them holds the unfolded octets.
pub const UNFOLDED_OCTETS_WORD: usize = 6;
/// Which of them holds the unfolded packets, in its low half.
pub const UNFOLDED_WORD: usize = 7;

// Words are put together as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "slot words are read as little-endian");

/// A flow's key, verdict, control bits and counts. Heads lie apart from all else that is kept of
/// flows: a packet of a known flow touches nothing but its flow's head, so the fewer pages heads
/// are spread over, the less often a packet waits for memory.
///
/// Counters restart when what they counted is folded into the totals of the flow's endpoints;
/// [`super::FlowTail`] keeps that part.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowHead {
    source: [u64; 2],
    destination: [u64; 2],
    transport: u64,
    /// As in [`FlowKey`], with TCP control bits in bits 8..16 and the [`Verdict`] in bits 0..8.
    place: u64,
    unfolded_octets: u64,
    unfolded_packets: u32,
    /// Low half of the tick of the last packet.
    pub(super) last_seen: u32,
}

impl FlowHead {
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

    /// Whether a packet with these TCP control bits belongs to a later connection between the same
    /// ports: it asks for one, or grants one, after the end of the connection in the slot.
    #[inline(always)]
    pub fn has_ended_before(&self, tcp_flags: u8) -> bool {
        tcp_flags & tcp_flags::SYN != 0 && self.tcp_flags() & (tcp_flags::FIN | tcp_flags::RST) != 0
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

    /// Whether the next packet is one at which the slot is looked after.
    #[inline(always)]
    pub fn is_due_next(&self) -> bool {
        self.unfolded_packets & 0x3f == 0x3e
    }

    /// Starts the counters again.
    #[inline(always)]
    pub(super) fn clear_counts(&mut self) {
        self.unfolded_packets = 0;
        self.unfolded_octets = 0;
    }

    /// Gives the head to a new flow, first seen at this tick.
    #[inline(always)]
    pub(super) fn open(&mut self, key: &FlowKey, first_seen: u64) {
        let zero = zero();
        // Word by word: of neighbours the compiler makes a call that copies octet by octet.
        [self.source[0], self.source[1]] = key.source;
        [self.destination[0], self.destination[1]] = key.destination;
        self.transport = key.transport;
        self.place = key.place;
        self.unfolded_octets = zero;
        self.unfolded_packets = zero as u32;
        self.last_seen = first_seen as u32;
    }

    /// Writes the head to the beginning of a slot's words.
    #[inline(always)]
    pub(super) fn write_words(&self, words: &mut [u64; SLOT_WORDS]) {
        words[0] = self.source[0];
        words[1] = self.source[1];
        words[2] = self.destination[0];
        words[3] = self.destination[1];
        words[4] = self.transport;
        words[PLACE_WORD] = self.place;
        words[UNFOLDED_OCTETS_WORD] = self.unfolded_octets;
        words[UNFOLDED_WORD] = self.unfolded_packets as u64 | (self.last_seen as u64) << 32;
    }

    pub(super) fn from_words(words: &[u64; HEAD_WORDS]) -> Self {
        Self {
            source: [words[0], words[1]],
            destination: [words[2], words[3]],
            transport: words[4],
            place: words[PLACE_WORD],
            unfolded_octets: words[UNFOLDED_OCTETS_WORD],
            unfolded_packets: words[UNFOLDED_WORD] as u32,
            last_seen: (words[UNFOLDED_WORD] >> 32) as u32,
        }
    }
}
