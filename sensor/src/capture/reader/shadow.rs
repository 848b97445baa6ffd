//! What a reader remembers of a slot, and when it reads the slot again.

use super::FlowBooks;
use crate::capture::{Footing, Glance};

/// A flow of which nothing else is new than that it grew, and by fewer packets than this, may stay
/// unread for a second.
pub const MUCH: u64 = 64;

/// What was last seen of one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shadow {
    pub packets: u64,
    pub octets: u64,
    pub generation: u32,
    pub footing: Footing,
    pub read_at: Eighth,
    /// The flow's record has come; nothing more follows from it.
    pub is_closed: bool,
}

/// The eighth of a second in which something was. They repeat every 8 seconds: a flow that rested for
/// just that long may wait a second more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Eighth(u8);

impl Eighth {
    const COUNT: u8 = 64;

    /// That of a tick, of which a second has so many.
    pub fn of(tick: u64, second: u32) -> Self {
        Self::from_number((tick.wrapping_mul(8) / u64::from(second)) as u8)
    }

    /// What [`Self::number`] is the number of.
    pub fn from_number(number: u8) -> Self {
        Self(number % Self::COUNT)
    }

    pub fn number(self) -> u8 {
        self.0
    }

    fn is_second_after(self, earlier: Self) -> bool {
        self.0.wrapping_sub(earlier.0) % Self::COUNT >= 8
    }
}

impl Shadow {
    pub fn has_changed(&self, glance: &Glance) -> bool {
        glance.generation != self.generation || (glance.packets != self.packets && !self.is_closed)
    }

    /// Whether a slot that changed is to be read `now`, and not only once a second has passed.
    pub fn is_due(&self, glance: &Glance, now: Eighth) -> bool {
        glance.generation != self.generation
            || glance.footing != self.footing
            || growth(self.packets, glance.packets) >= MUCH
            || now.is_second_after(self.read_at)
    }

    pub fn is_live(&self) -> bool {
        self.generation != 0 && !self.is_closed
    }
}

/// Of flows in the table; counters are modulo 2^64.
impl FlowBooks {
    pub(super) fn count(&mut self, shadow: &Shadow) {
        if shadow.is_live() {
            self.counted_packets = self.counted_packets.wrapping_add(shadow.packets);
            self.counted_octets = self.counted_octets.wrapping_add(shadow.octets);
            self.live_flows += 1;
        }
    }

    pub(super) fn leave_out(&mut self, shadow: &Shadow) {
        if shadow.is_live() {
            self.counted_packets = self.counted_packets.wrapping_sub(shadow.packets);
            self.counted_octets = self.counted_octets.wrapping_sub(shadow.octets);
            self.live_flows -= 1;
        }
    }
}

/// How much a counter has grown that counts modulo 2^64. One that seems to have shrunk was read while
/// its flow changed hands, and has not grown.
pub fn growth(before: u64, now: u64) -> u64 {
    let growth = now.wrapping_sub(before);
    if growth < 1 << 63 { growth } else { 0 }
}
