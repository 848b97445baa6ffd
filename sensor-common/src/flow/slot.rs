//! One flow in the table: a head and a tail, each in an array of its own.

use core::sync::atomic::{Ordering, compiler_fence};

use super::{
    head::{FlowHead, HEAD_WORDS},
    key::FlowKey,
    tail::{FlowTail, TAIL_WORDS},
};
use crate::{
    application::{Application, Evidence, Identification, Verdict},
    endpoint::EndpointIndex,
    wire::transport::is_first_segment,
};

/// 64-bit words of both parts of a slot.
pub const SLOT_WORDS: usize = HEAD_WORDS + TAIL_WORDS;

/// What a slot keeps of a flow's first packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FirstPacket {
    pub icmp_type_code: u16,
    pub tcp_flags: u8,
}

/// Both parts of a slot where they lie in the table.
#[derive(Debug)]
pub struct SlotInTable<'a> {
    pub head: &'a mut FlowHead,
    pub tail: &'a mut FlowTail,
}

impl SlotInTable<'_> {
    /// Whether a packet with these TCP control bits is the flow's first and asks for a connection.
    #[inline(always)]
    pub fn is_new_connection(&self, tcp_flags: u8) -> bool {
        is_first_segment(tcp_flags) && self.packets() == 0
    }

    /// Packets of the flow since it was opened.
    #[inline(always)]
    pub fn packets(&self) -> u64 {
        self.tail.folded_packets.wrapping_add(self.head.unfolded().0)
    }

    /// Octets of the flow since it was opened, from destination address to end of payload.
    #[inline(always)]
    pub fn octets(&self) -> u64 {
        self.tail.folded_octets.wrapping_add(self.head.unfolded().1)
    }

    /// Ends the search for a better verdict, and forgets what was held back for it.
    #[inline(always)]
    pub fn settle(&mut self) {
        self.head.set_verdict(self.head.verdict().to_settled());
        self.tail.held = 0;
        self.tail.held_length = 0;
    }

    /// Moves what is unfolded to the folded part and returns it.
    #[inline(always)]
    pub fn fold(&mut self) -> (u64, u64) {
        let (packets, octets) = self.head.unfolded();
        self.tail.folded_packets = self.tail.folded_packets.wrapping_add(packets);
        self.tail.folded_octets = self.tail.folded_octets.wrapping_add(octets);
        self.head.clear_counts();
        (packets, octets)
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
        self.tail.generation = self.tail.generation.wrapping_add(1);
        compiler_fence(Ordering::SeqCst);
        self.head.open(key, first_seen);
        self.tail.open(first_seen, endpoints, first);
        compiler_fence(Ordering::SeqCst);
        self.tail.generation = self.tail.generation.wrapping_add(1);
    }

    /// The slot as it lies in memory, head first, word by word into the place where it is wanted:
    /// the kernel's stack has no room to put it together.
    #[inline(always)]
    pub(crate) fn write_words(&self, words: &mut [u64; SLOT_WORDS]) {
        self.head.write_words(words);
        self.tail.write_words(words);
    }
}

/// A slot that was copied out of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowSlot {
    pub head: FlowHead,
    pub tail: FlowTail,
}

impl FlowSlot {
    /// The slot from the words of its head and its tail.
    pub fn from_words(words: &[u64; SLOT_WORDS]) -> Self {
        let (mut head, mut tail) = ([0; HEAD_WORDS], [0; TAIL_WORDS]);
        head.copy_from_slice(&words[..HEAD_WORDS]);
        tail.copy_from_slice(&words[HEAD_WORDS..]);
        Self { head: FlowHead::from_words(&head), tail: FlowTail::from_words(&tail) }
    }

    /// The slot as if it lay in the table.
    pub fn in_table(&mut self) -> SlotInTable<'_> {
        SlotInTable { head: &mut self.head, tail: &mut self.tail }
    }

    pub fn holds(&self, key: &FlowKey) -> bool {
        self.head.holds(key)
    }

    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    pub fn key(&self) -> FlowKey {
        self.head.key()
    }

    pub fn verdict(&self) -> Verdict {
        self.head.verdict()
    }

    /// What the flow speaks, as far as is known.
    pub fn identification(&self) -> Identification {
        Identification {
            application: self.verdict().application(),
            evidence: Evidence::from_number(self.tail.evidence),
        }
    }

    /// What was thought before, [`Application::Unknown`] if nothing was.
    pub fn earlier_identification(&self) -> Identification {
        Identification {
            application: Application::from_number(self.tail.earlier_application)
                .unwrap_or_default(),
            evidence: Evidence::from_number(self.tail.earlier_evidence),
        }
    }

    /// [`FlowHead::tcp_flags`].
    pub fn tcp_flags(&self) -> u8 {
        self.head.tcp_flags()
    }

    /// [`SlotInTable::packets`].
    pub fn packets(&self) -> u64 {
        self.tail.folded_packets.wrapping_add(self.head.unfolded().0)
    }

    /// [`SlotInTable::octets`].
    pub fn octets(&self) -> u64 {
        self.tail.folded_octets.wrapping_add(self.head.unfolded().1)
    }

    /// [`FlowHead::unfolded`].
    pub fn unfolded(&self) -> (u64, u64) {
        self.head.unfolded()
    }

    /// [`FlowHead::last_seen`].
    pub fn last_seen(&self, now: u64) -> u64 {
        self.head.last_seen(now)
    }
}
