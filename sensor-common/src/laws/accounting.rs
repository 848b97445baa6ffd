//! Laws of accounting: whatever comes in, and however little room there is, every frame has one
//! fate, and totals agree with flows.

use std::{vec, vec::Vec};

use super::surroundings::Surroundings;
use crate::{
    account::{Environment, INSPECTED_PACKETS, Work, account, settled_head},
    application::{CAPACITY, MOST_SAMPLED_PACKETS},
    books::Entry,
    dissect::{dissect, plain::plain},
    endpoint::{Direction, totals_index},
    flow::{FlowHead, FlowHeads, FlowSet, FlowSlot, FlowTails, WAYS, preferred_way},
};

/// Packets and octets.
type Counts = (u64, u64);

/// A packet path of one CPU with as little room as one likes.
#[derive(Debug)]
pub struct FlowTable {
    heads: Vec<FlowHeads>,
    tails: Vec<FlowTails>,
    work: Work,
    surroundings: Surroundings,
    endpoints: u32,
    received: Counts,
    undissected: Counts,
    express_frames: u64,
}

impl FlowTable {
    /// A table of `sets` sets (a power of two) with room for `endpoints`. The bits of `room` say in
    /// turn whether a record or notice finds its ring with room.
    pub fn new(sets: usize, endpoints: u32, room: u64) -> Self {
        assert!(sets.is_power_of_two());
        Self {
            heads: vec![FlowHeads::default(); sets],
            tails: vec![FlowTails::default(); sets],
            work: Work::default(),
            surroundings: Surroundings::new(endpoints, room),
            endpoints,
            received: (0, 0),
            undissected: (0, 0),
            express_frames: 0,
        }
    }

    /// Counts a frame the whole way, and checks what that changed: no more and no less than the
    /// express way would have, had it taken the frame.
    pub fn receive(&mut self, frame: &[u8], octets: u64, interface: u32, now: u64) {
        let expressed = self.expressed(frame, octets, interface, now);
        let changes = self.surroundings.changes.get();
        let tails = expressed.map(|(index, _)| self.tails[index]);
        self.receive_whole_way(frame, octets, interface, now);
        if let Some((index, heads)) = expressed {
            assert_eq!(self.heads[index], heads, "the express way counts otherwise: {frame:x?}");
            assert_eq!(Some(self.tails[index]), tails, "more is to be done for {frame:x?}");
            assert_eq!(self.surroundings.changes.get(), changes, "more is to be done: {frame:x?}");
            self.express_frames += 1;
        }
    }

    /// The set of a frame that the express way takes, and its heads after that.
    fn expressed(
        &self,
        frame: &[u8],
        octets: u64,
        interface: u32,
        now: u64,
    ) -> Option<(usize, FlowHeads)> {
        let plain = plain(frame, interface)?;
        let hash = plain.key.hash(self.surroundings.seed());
        let index = hash as usize & (self.heads.len() - 1);
        let mut heads = self.heads[index];
        settled_head(&mut heads, &plain.key, hash)?.count(octets, plain.tcp_flags, now);
        Some((index, heads))
    }

    fn receive_whole_way(&mut self, frame: &[u8], octets: u64, interface: u32, now: u64) {
        add(&mut self.received, (1, octets));
        if dissect(frame, interface, &mut self.work.dissection).is_err() {
            add(&mut self.undissected, (1, octets));
            return;
        }
        let key = self.work.dissection.key;
        let flags = self.work.dissection.tcp_flags;
        let hash = key.hash(self.surroundings.seed());
        self.work.hash = hash;
        let index = hash as usize & (self.heads.len() - 1);
        let (heads, tails) = (&mut self.heads[index], &mut self.tails[index]);
        let preferred = preferred_way(hash);
        let way = heads.find(&key, preferred);
        let way = way.unwrap_or_else(|| quietest(heads, now, preferred));
        let mut set = FlowSet { heads, tails };
        let before = [0, 1, 2, 3].map(|way| set.copy(way));
        let first_position = (index * WAYS) as u32;
        account(&self.surroundings, frame, &mut self.work, &mut set, first_position, octets, now);
        for (at, then) in before.iter().enumerate() {
            let is_kept = *then == set.copy(at);
            assert!(at == way || is_kept, "slot {at} changed for a frame of slot {way}");
        }
        let (then, slot) = (&before[way], &set.copy(way));
        assert!(slot.holds(&key) && slot.tail.generation.is_multiple_of(2));
        assert!(slot.tail.inspected <= INSPECTED_PACKETS.max(MOST_SAMPLED_PACKETS));
        assert_eq!(slot.last_seen(now), now);
        let is_same_flow = then.holds(&key) && !then.head.has_ended_before(flags);
        let counted = if is_same_flow { (then.packets(), then.octets()) } else { (0, 0) };
        assert_eq!((slot.packets(), slot.octets()), (counted.0 + 1, counted.1 + octets));
        assert_eq!(slot.tail.generation == then.tail.generation, is_same_flow);
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

    /// Frames that the express way would have taken.
    pub fn express_frames(&self) -> u64 {
        self.express_frames
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

    fn slots(&self) -> impl Iterator<Item = FlowSlot> {
        let heads = self.heads.iter().flat_map(|heads| heads.ways);
        let slots = heads.zip(self.tails.iter().flat_map(|tails| tails.ways));
        slots.map(|(head, tail)| FlowSlot { head, tail }).filter(|slot| !slot.is_empty())
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
fn quietest(heads: &FlowHeads, now: u64, preferred: usize) -> usize {
    let quiet = |head: &FlowHead| match head.is_empty() {
        true => u64::MAX,
        false => now - head.last_seen(now),
    };
    let longest = heads.ways.iter().map(quiet).max().unwrap_or(0);
    let mut ways = [0, 1, 2, 3].into_iter().map(|step| preferred ^ step);
    ways.find(|way| quiet(&heads.ways[*way]) == longest && longest > 0).unwrap_or(preferred)
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
