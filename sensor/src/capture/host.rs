//! The packet path on the host: the same dissection, classification and accounting as in the
//! kernel, around vectors instead of maps.

mod surroundings;

use std::ops::Range;

use sensor_common::{
    abi::Settings,
    account::{Work, account, count_carrier, enter, finds_tunnel, settled_head},
    books::{INTERFACE_ROWS, InterfaceRow, Ledger, preferred_row},
    dissect::{dissect, plain::plain},
    endpoint::{EndpointIndex, EndpointKey, Totals, known_address_blocks},
    flow::{FlowHeads, FlowSet, FlowSlot, FlowTails, WAYS, preferred_way},
    record::{Evicted, SlotImage},
};

use self::surroundings::Surroundings;
use super::{Datapath, Footing, Glance, Notice, Tallies, Unfolded};
use crate::prefetch::prefetch;

/// Sizes of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSizes {
    /// Sets of the flow table per CPU; a power of two.
    pub sets: u32,
    /// Endpoint indices, the reserved ones included.
    pub endpoints: u32,
    /// Words of the verdict memory; a power of two.
    pub verdicts: u32,
}

impl TableSizes {
    /// The sizes of a replay: 16,384 flows in the cache, 8,192 endpoints.
    pub const REPLAY: Self = Self { sets: 1 << 12, endpoints: 1 << 13, verdicts: 1 << 17 };
    /// Octets of a capture for each flow that its replay has room for, above what all have.
    const OCTETS_PER_FLOW: u64 = 4096;
    const MOST_REPLAY_SETS: u64 = 1 << 16;

    /// The sizes of a replay of a capture of so many octets, if that is known: flows of a large one
    /// are not to displace each other all the time.
    pub fn of_replay(octets: Option<u64>) -> Self {
        let flows = octets.unwrap_or(0) / Self::OCTETS_PER_FLOW;
        let least = u64::from(Self::REPLAY.sets);
        let sets = (flows / WAYS as u64).clamp(least, Self::MOST_REPLAY_SETS).next_power_of_two();
        let growth = (sets / least) as u32;
        let Self { endpoints, verdicts, .. } = Self::REPLAY;
        Self { sets: sets as u32, endpoints, verdicts: verdicts * growth }
    }

    /// Entries of the endpoint table: every endpoint may have an alias.
    pub const fn endpoint_keys(&self) -> u32 {
        self.endpoints * 2
    }

    /// The settings of a replay through the program, or through [`HostDatapath`].
    pub const fn replay_settings(&self) -> Settings {
        Settings {
            seed: 0x7761_7264_6c69_6e65,
            set_mask: self.sets - 1,
            verdict_mask: self.verdicts - 1,
            cpus: 1,
            is_replay: 1,
            samples_per_second: 16_000,
            ticks_per_second: 1000,
            abi_version: sensor_common::abi::ABI_VERSION,
            is_linear: 0,
            endpoints: self.endpoints,
            address_mask: known_address_blocks(self.endpoints) - 1,
        }
    }
}

/// One CPU's packet path over vectors.
#[derive(Debug)]
pub struct HostDatapath {
    settings: Settings,
    heads: Vec<FlowHeads>,
    tails: Vec<FlowTails>,
    /// A bit for each set of which a flow was counted since the table was read.
    stirred: Vec<u64>,
    rows: Vec<InterfaceRow>,
    work: Work,
    surroundings: Surroundings,
    now: u64,
}

impl HostDatapath {
    pub fn new(sizes: &TableSizes) -> Self {
        let settings = sizes.replay_settings();
        Self {
            settings,
            heads: vec![FlowHeads::default(); sizes.sets as usize],
            tails: vec![FlowTails::default(); sizes.sets as usize],
            stirred: vec![0; (sizes.sets as usize).div_ceil(64)],
            rows: vec![InterfaceRow::default(); INTERFACE_ROWS as usize],
            work: Work::default(),
            surroundings: Surroundings::new(settings, sizes),
            now: 0,
        }
    }

    /// Has the processor fetch what a frame like `upcoming`, of which no more than the beginning need
    /// be there, will be counted in.
    pub fn expect(&self, upcoming: &[u8], interface: u32) {
        let Some(plain) = plain(upcoming, interface) else { return };
        let hash = plain.key.hash(self.settings.seed);
        let set = (hash as u32 & self.settings.set_mask) as usize;
        let way = preferred_way(hash);
        prefetch(&self.heads[set].ways[way]);
        prefetch(&self.tails[set].ways[way]);
        self.surroundings.expect(plain.key.conversation(self.settings.seed));
    }

    /// Counts one frame; `now` in ticks of a millisecond.
    pub fn receive(&mut self, frame: &[u8], wire_length: u64, interface: u32, now: u64) {
        self.now = now;
        let expressed = self.express(frame, wire_length, interface, now);
        let row = interface_row(&mut self.rows, interface);
        row.received_frames += 1;
        row.received_octets += wire_length;
        if expressed.is_some() {
            return;
        }
        if let Err(reason) = dissect(frame, interface, &mut self.work.dissection) {
            row.undissected_frames[reason as usize] += 1;
            row.undissected_octets += wire_length;
            return;
        }
        self.work.octets = wire_length;
        if self.work.dissection.may_carry() && !self.open(frame, interface, now) {
            return;
        }
        let index = self.set_index();
        let octets = self.work.octets;
        let Self { surroundings, work, heads, tails, .. } = self;
        let mut set = set(heads, tails, index);
        account(surroundings, frame, work, &mut set, index * WAYS as u32, octets, now);
    }

    /// Counts a frame for which no more is to be done than that.
    fn express(&mut self, frame: &[u8], wire_length: u64, interface: u32, now: u64) -> Option<()> {
        let plain = plain(frame, interface)?;
        let hash = plain.key.hash(self.settings.seed);
        let index = hash as u32 & self.settings.set_mask;
        let heads = &mut self.heads[index as usize];
        settled_head(heads, &plain.key, hash)?.count(wire_length, plain.tcp_flags, now);
        self.stir(index);
        Some(())
    }

    /// Counts a frame that carries another and puts that in its place; `false` if nothing is left
    /// to count.
    fn open(&mut self, frame: &[u8], interface: u32, now: u64) -> bool {
        if !finds_tunnel(frame, &mut self.work) {
            return true;
        }
        let index = self.set_index();
        let Self { surroundings, work, heads, tails, .. } = self;
        let mut set = set(heads, tails, index);
        count_carrier(surroundings, work, &mut set, index * WAYS as u32, now);
        enter(surroundings, frame, work, interface)
    }

    fn copy(&self, position: u32) -> FlowSlot {
        let (set, way) = (position as usize / WAYS, position as usize % WAYS);
        FlowSlot { head: self.heads[set].ways[way], tail: self.tails[set].ways[way] }
    }

    /// The set that the flow at work belongs to, and in which it is about to be counted.
    fn set_index(&mut self) -> u32 {
        self.work.hash = self.work.dissection.key.hash(self.settings.seed);
        let index = self.work.hash as u32 & self.settings.set_mask;
        self.stir(index);
        index
    }

    fn stir(&mut self, set: u32) {
        self.stirred[set as usize / 64] |= 1 << (set % 64);
    }
}

fn set<'a>(heads: &'a mut [FlowHeads], tails: &'a mut [FlowTails], index: u32) -> FlowSet<'a> {
    FlowSet { heads: &mut heads[index as usize], tails: &mut tails[index as usize] }
}

/// As in the program: an interface's own row, or the first if another interface has that.
fn interface_row(rows: &mut [InterfaceRow], interface: u32) -> &mut InterfaceRow {
    let preferred = preferred_row(interface) as usize;
    let holder = &mut rows[preferred].interface;
    if *holder == 0 {
        *holder = u64::from(interface);
    }
    let index = if *holder == u64::from(interface) { preferred } else { 0 };
    &mut rows[index]
}

impl Tallies for HostDatapath {
    fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
        self.surroundings.folded(visit);
    }

    fn unfolded(&self, visit: &mut dyn FnMut(Unfolded)) {
        let slots = (0..self.slots()).map(|position| Unfolded::of(&self.copy(position)));
        slots.filter(|unfolded| unfolded.totals != Totals::default()).for_each(visit);
    }
}

impl Datapath for HostDatapath {
    fn now(&self) -> u64 {
        self.now
    }

    fn slots(&self) -> u32 {
        (self.heads.len() * WAYS) as u32
    }

    fn glance(&self, position: u32) -> Glance {
        let (set, way) = (position as usize / WAYS, position as usize % WAYS);
        let (head, tail) = (&self.heads[set].ways[way], &self.tails[set].ways[way]);
        Glance {
            generation: tail.generation,
            packets: tail.folded_packets().wrapping_add(head.unfolded().0),
            footing: Footing::new(head.verdict(), tail.evidence, head.tcp_flags()),
        }
    }

    fn next_stirred(&mut self, slots: Range<u32>, _: u64) -> Option<u32> {
        let set = slots.start as usize / WAYS;
        let mut word = set / 64;
        let mut bits = self.stirred.get(word)? & u64::MAX << (set % 64);
        while bits == 0 {
            word += 1;
            bits = *self.stirred.get(word)?;
        }
        let stirred = word * 64 + bits.trailing_zeros() as usize;
        Some(slots.start.max((stirred * WAYS) as u32)).filter(|position| *position < slots.end)
    }

    fn settle(&mut self, slots: Range<u32>, left: &[u32]) {
        let words = slots.start as usize / (64 * WAYS)..(slots.end as usize).div_ceil(64 * WAYS);
        self.stirred[words].fill(0);
        for position in left {
            self.stir(position / WAYS as u32);
        }
    }

    fn doubt_all(&mut self) {
        self.stirred.fill(u64::MAX);
    }

    fn expect_slot(&self, position: u32) {
        let (set, way) = (position as usize / WAYS, position as usize % WAYS);
        prefetch(&self.heads[set].ways[way]);
        prefetch(&self.tails[set].ways[way]);
    }

    fn slot(&self, position: u32) -> Option<FlowSlot> {
        // As a reader of the kernel's table sees it: what is held of payload stays there.
        Some(SlotImage::of(&self.copy(position).in_table()).slot())
    }

    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted)) {
        self.surroundings.drain_records(visit);
    }

    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice)) {
        self.surroundings.drain_notices(visit);
    }

    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        self.surroundings.endpoints(visit);
    }

    fn endpoint_capacity(&self) -> EndpointIndex {
        self.settings.endpoints
    }

    fn interface_rows(&self) -> Vec<InterfaceRow> {
        self.rows.iter().filter(|row| row.received_frames > 0).copied().collect()
    }

    fn ledger(&self) -> Ledger {
        self.surroundings.ledger()
    }
}
