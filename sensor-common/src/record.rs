//! What crosses the ring buffers. Fixed layouts, native byte order: both sides are one machine.

use crate::{
    endpoint::{EndpointIndex, EndpointKey},
    flow::{FlowSlot, SLOT_WORDS, SlotInTable},
};

/// The first word of every record.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    Evicted = 1,
    Opened = 2,
    Endpoint = 3,
    Sample = 4,
    HeaderSample = 5,
}

/// A flow whose slot was given to another, in its final state; on the ring of records, the one
/// that must be read for the books to balance.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evicted {
    pub kind: u32,
    /// Index of the slot in the whole table.
    pub position: u32,
    /// Tick of the eviction.
    pub now: u64,
    pub slot: SlotImage,
}

/// A [`FlowSlot`] without its alignment, so that the record has no hidden padding.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotImage {
    words: [u64; SLOT_WORDS],
}

impl Default for SlotImage {
    fn default() -> Self {
        Self { words: [0; SLOT_WORDS] }
    }
}

impl SlotImage {
    #[inline(always)]
    pub fn of(slot: &SlotInTable<'_>) -> Self {
        let mut image = Self::default();
        image.take(slot);
        image
    }

    /// Becomes the image of `slot`, in place.
    #[inline(always)]
    pub fn take(&mut self, slot: &SlotInTable<'_>) {
        slot.write_words(&mut self.words);
    }

    pub fn slot(&self) -> FlowSlot {
        FlowSlot::from_words(&self.words)
    }
}

/// A new flow stands at `position`: a hint to read that slot before the next sweep would.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    pub kind: u32,
    pub position: u32,
}

/// An endpoint was given an index. A lost notice is made good by the next look through the table.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointNotice {
    pub kind: u32,
    pub index: EndpointIndex,
    pub key: EndpointKey,
    /// Tick of the first frame, and where it came in.
    pub now: u64,
    pub interface: u64,
}

/// Octets of payload in a [`Sample`]: a whole packet of an Ethernet.
pub const SAMPLE_OCTETS: usize = 1504;
/// 64-bit words of them.
pub const SAMPLE_WORDS: usize = SAMPLE_OCTETS / 8;
/// Words that headers need, and every sample that is no longer.
pub const HEADER_SAMPLE_WORDS: usize = 36;
pub const HEADER_SAMPLE_OCTETS: usize = HEADER_SAMPLE_WORDS * 8;

/// The first octets of a payload that user space must read to know a device or a flow to come, as
/// many as [`crate::application::sample_length`] allows. Kept in memory only for as long as the
/// parser runs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<const WORDS: usize> {
    /// [`RecordKind::HeaderSample`] with [`HEADER_SAMPLE_WORDS`], else [`RecordKind::Sample`].
    pub kind: u32,
    /// [`crate::application::Application`] as a number.
    pub application: u32,
    pub now: u64,
    pub key: crate::flow::FlowKey,
    /// The sender's station address.
    pub station: u64,
    /// TCP sequence number of the first octet, else 0.
    pub sequence: u32,
    /// Octets that follow; what `words` hold after them means nothing.
    pub length: u16,
    /// Octets of the whole payload in this packet.
    pub payload_length: u16,
    /// As they lie in memory.
    pub words: [u64; WORDS],
}
