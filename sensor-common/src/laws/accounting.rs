//! Laws of accounting: whatever comes in, and however little room there is, every frame has one
//! fate, and totals agree with flows.

use std::{vec, vec::Vec};

use super::surroundings::Surroundings;
use crate::{
    account::{Environment, INSPECTED_PACKETS, Work, account},
    application::{CAPACITY, MOST_SAMPLED_PACKETS},
    books::Entry,
    dissect::dissect,
    endpoint::{Direction, totals_index},
    flow::{FlowSet, FlowSlot, WAYS, preferred_way},
};

/// Packets and octets.
type Counts = (u64, u64);

/// A packet path of one CPU with as little room as one likes.
#[derive(Debug)]
pub struct FlowTable {
    sets: Vec<FlowSet>,
    work: Work,
    surroundings: Surroundings,
    endpoints: u32,
    received: Counts,
    undissected: Counts,
}

impl FlowTable {
    /// A table of `sets` sets (a power of two) with room for `endpoints`. The bits of `room` say in
    /// turn whether a record or notice finds its ring with room.
    pub fn new(sets: usize, endpoints: u32, room: u64) -> Self {
        assert!(sets.is_power_of_two());
        Self {
            sets: vec![FlowSet::default(); sets],
            work: Work::default(),
            surroundings: Surroundings::new(endpoints, room),
            endpoints,
            received: (0, 0),
            undissected: (0, 0),
        }
    }

    /// Counts a frame as the program does, and checks what it changed.
    pub fn receive(&mut self, frame: &[u8], octets: u64, interface: u32, now: u64) {
        add(&mut self.received, (1, octets));
        if dissect(frame, interface, &mut self.work.dissection).is_err() {
            add(&mut self.undissected, (1, octets));
            return;
        }
        let key = self.work.dissection.key;
        let flags = self.work.dissection.tcp_flags;
        let hash = key.hash(self.surroundings.seed());
        self.work.hash = hash;
        let index = hash as usize & (self.sets.len() - 1);
        let before = self.sets[index];
        let preferred = preferred_way(hash);
        let way = before.find(&key, preferred);
        let way = way.unwrap_or_else(|| quietest(&before, now, preferred));
        let set = &mut self.sets[index];
        let first_position = (index * WAYS) as u32;
        account(&self.surroundings, frame, &mut self.work, set, first_position, octets, now);
        for (at, (then, slot)) in before.slots.iter().zip(&set.slots).enumerate() {
            assert!(at == way || then == slot, "slot {at} changed for a frame of slot {way}");
        }
        let (then, slot) = (&before.slots[way], &set.slots[way]);
        assert!(slot.holds(&key) && slot.generation.is_multiple_of(2));
        assert!(slot.inspected <= INSPECTED_PACKETS.max(MOST_SAMPLED_PACKETS));
        assert_eq!(slot.last_seen(now), now);
        let is_same_flow = then.holds(&key) && !then.has_ended_before(flags);
        let counted = if is_same_flow { (then.packets(), then.octets()) } else { (0, 0) };
        assert_eq!((slot.packets(), slot.octets()), (counted.0 + 1, counted.1 + octets));
        assert_eq!(slot.generation == then.generation, is_same_flow);
    }

    /// `received = undissected + live + evicted + lost`, in packets and in octets; and totals, with
    /// what live flows have yet to fold, are as many in either direction.
    pub fn assert_balanced(&self) {
        let (mut live, mut unfolded) = ((0, 0), (0, 0));
        for slot in self.slots() {
            add(&mut live, (slot.packets(), slot.octets()));
            add(&mut unfolded, slot.unfolded());
        }
        let ledger = self.surroundings.ledger.borrow();
        let evicted = (ledger.line(Entry::EvictedPackets), ledger.line(Entry::EvictedOctets));
        let lost = (ledger.line(Entry::LostPackets), ledger.line(Entry::LostOctets));
        let mut fates = self.undissected;
        [live, evicted, lost].into_iter().for_each(|counts| add(&mut fates, counts));
        assert_eq!(self.received, fates, "live {live:?}, evicted {evicted:?}, lost {lost:?}");
        assert_eq!(evicted, self.surroundings.handed_on.get());
        let opened = ledger.line(Entry::FlowsOpened);
        let gone = ledger.line(Entry::EvictedFlows) + ledger.line(Entry::LostFlows);
        assert_eq!(opened, self.slots().count() as u64 + gone);
        for direction in [Direction::Sent, Direction::Received] {
            let mut counted = self.undissected;
            add(&mut counted, unfolded);
            add(&mut counted, self.totals(direction));
            assert_eq!(self.received, counted, "{direction:?}");
        }
    }

    /// Flows that lost their slots.
    pub fn evictions(&self) -> u64 {
        let ledger = self.surroundings.ledger.borrow();
        ledger.line(Entry::EvictedFlows) + ledger.line(Entry::LostFlows)
    }

    /// Frames that have a flow.
    pub fn dissected(&self) -> u64 {
        self.received.0 - self.undissected.0
    }

    fn slots(&self) -> impl Iterator<Item = &FlowSlot> {
        self.sets.iter().flat_map(|set| &set.slots).filter(|slot| !slot.is_empty())
    }

    fn totals(&self, direction: Direction) -> Counts {
        let totals = self.surroundings.totals.borrow();
        let mut sum = (0, 0);
        for endpoint in 0..crate::endpoint::FIRST_ENDPOINT + self.endpoints {
            for application in 0..CAPACITY as u8 {
                let of = totals[totals_index(endpoint, application, direction) as usize];
                add(&mut sum, (of.packets, of.octets));
            }
        }
        sum
    }
}

fn add(sum: &mut Counts, counts: Counts) {
    sum.0 += counts.0;
    sum.1 += counts.1;
}

/// An empty slot before all others, then the one whose last frame is longest ago; of several the
/// first from `preferred` on.
fn quietest(set: &FlowSet, now: u64, preferred: usize) -> usize {
    let quiet = |slot: &FlowSlot| match slot.is_empty() {
        true => u64::MAX,
        false => now - slot.last_seen(now),
    };
    let longest = set.slots.iter().map(quiet).max().unwrap_or(0);
    let mut ways = (preferred..preferred + WAYS).map(|way| way % WAYS);
    ways.find(|way| quiet(&set.slots[*way]) == longest && longest > 0).unwrap_or(preferred)
}

/// Frames as a fuzzer keeps them, through a table that the first octets choose.
///
/// One octet each for the number of sets and of endpoints, eight for the room in the rings; then
/// frame by frame the octets of it that follow (two), octets that were not captured, ticks since
/// the frame before, interface.
pub fn frames_are_conserved(octets: &[u8]) {
    let Some((&[sets, endpoints, ref room @ ..], mut rest)) = octets.split_first_chunk::<10>()
    else {
        return;
    };
    let mut table =
        FlowTable::new(1 << (sets % 3), u32::from(endpoints % 12), u64::from_be_bytes(*room));
    // Ticks of which the lower half, all that a slot keeps, soon begins again.
    let mut now = (1 << 32) - 300;
    while let Some((&[high, low, uncaptured, ticks, interface], following)) =
        rest.split_first_chunk::<5>()
    {
        let length = usize::from(u16::from_be_bytes([high, low])).min(following.len());
        let (frame, next) = following.split_at(length);
        now += u64::from(ticks);
        let octets = (length + usize::from(uncaptured)) as u64;
        table.receive(frame, octets, u32::from(interface % 4) + 1, now);
        rest = next;
    }
    table.assert_balanced();
}
