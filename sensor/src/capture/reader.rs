//! Turns the state of a data path into what happened since the last reading.
//!
//! Counters in the kernel only grow and nothing is ever deleted there; the reader remembers what it
//! has seen of each slot and takes differences. A flow that leaves its slot comes as a record; if
//! its record was lost, what had been seen of it stays counted and only the rest is lost.

mod legacy;
mod past;
mod shadow;
mod shadows;
mod sweep;

use sensor_common::{
    application::{Application, Change, Context, Identification, identify_by_port},
    books::Ledger,
    endpoint::{EndpointIndex, EndpointKey, FIRST_ENDPOINT},
    flow::FlowSlot,
    record::Evicted,
};

pub use self::{
    legacy::Legacy,
    past::{Past, Told},
};
use self::{
    shadow::{Eighth, Shadow, growth},
    shadows::Shadows,
    sweep::Sweep,
};
use super::{Datapath, Footing, Notice, ticks::TickClock};
use crate::{
    flow::Opinion,
    hash::HashMap,
    observation::{EndpointSeen, FlowDelta, Observation},
};

/// After so many sweeps everything that had happened before the first is in the books.
const SWEEPS_TO_CLOSE: usize = 3;

/// Frames by fate, as far as the reader can tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowBooks {
    /// In a flow whose slot or record was read.
    pub counted_packets: u64,
    pub counted_octets: u64,
    /// In a flow whose record was lost, after the reader had last seen it.
    pub lost_packets: u64,
    pub lost_octets: u64,
    /// Flows whose slot or record is in use now.
    pub live_flows: u64,
}

/// Reads one data path.
#[derive(Debug)]
pub struct Reader {
    clock: TickClock,
    shadows: Shadows,
    /// Flows found gone whose record has not come yet, by position and generation.
    missing: HashMap<(u32, u32), Shadow>,
    /// Those that were already missing at the sweep before: if this sweep does not bring their
    /// record, it is lost.
    overdue: HashMap<(u32, u32), Shadow>,
    /// Endpoints already announced.
    known: Vec<bool>,
    /// A flow was read whose endpoint was not announced.
    met_stranger: bool,
    /// Seen of flows whose record never came.
    recovered_packets: u64,
    recovered_octets: u64,
    /// The ledger as it stood when the last sweep began, and the one before.
    ledger: Ledger,
    earlier_ledger: Ledger,
    books: FlowBooks,
    /// What is counted of the flows in the table, as far as they were read.
    live: FlowBooks,
    /// The tick at which the last reading of the whole table began.
    read_at: u64,
    under_way: Option<Sweep>,
    cut_short: u64,
    opened: Vec<u32>,
    /// Slots that changed and were not read.
    left: Vec<u32>,
}

impl Reader {
    pub fn new(datapath: &impl Datapath, clock: TickClock) -> Self {
        Self {
            clock,
            shadows: Shadows::new(datapath.slots()),
            missing: HashMap::default(),
            overdue: HashMap::default(),
            known: Vec::new(),
            met_stranger: false,
            recovered_packets: 0,
            recovered_octets: 0,
            ledger: Ledger::default(),
            earlier_ledger: Ledger::default(),
            books: FlowBooks::default(),
            live: FlowBooks::default(),
            read_at: 0,
            under_way: None,
            cut_short: 0,
            opened: Vec::new(),
            left: Vec::new(),
        }
    }

    pub fn clock(&self) -> TickClock {
        self.clock
    }

    /// Reads the rings and the slots that they point to: cheap, for many times a second.
    pub fn drain(&mut self, datapath: &mut impl Datapath, observation: &mut Observation) {
        let now = datapath.now();
        self.take_notices(datapath, observation);
        let mut opened = std::mem::take(&mut self.opened);
        datapath.drain_records(&mut |record| {
            self.take_record(record, observation);
            // Another flow has the slot now.
            opened.push(record.position);
        });
        for position in opened.drain(..) {
            if let Some(slot) = datapath.slot(position) {
                self.take_slot(position, &slot, now, observation);
            }
        }
        self.opened = opened;
        self.announce_strangers(datapath, observation);
    }

    /// Reads the ring of notices; the slots that it points to are read later.
    fn take_notices(&mut self, datapath: &mut impl Datapath, observation: &mut Observation) {
        let mut opened = std::mem::take(&mut self.opened);
        datapath.drain_notices(&mut |notice| match notice {
            Notice::Opened(position) => opened.push(position),
            Notice::Endpoint(notice) => {
                let seen = EndpointSeen {
                    index: notice.index,
                    key: notice.key,
                    interface: notice.interface as u32,
                    at: self.clock.moment(notice.now),
                };
                self.announce(seen, observation);
            }
            Notice::Sample(sample) => observation.samples.push(sample),
        });
        self.opened = opened;
    }

    /// Frames go on coming while slots and records are read, so a flow may be of an endpoint whose
    /// notice came after the notices were read, or was lost. It is announced with the flow: what
    /// belongs to nobody, no threshold counts.
    fn announce_strangers(&mut self, datapath: &mut impl Datapath, observation: &mut Observation) {
        if !std::mem::take(&mut self.met_stranger) {
            return;
        }
        self.take_notices(datapath, observation);
        if observation.flows.iter().any(|flow| self.is_of_stranger(flow)) {
            self.announce_all(datapath, observation);
        }
    }

    fn is_of_stranger(&self, flow: &FlowDelta) -> bool {
        let is_stranger = |endpoint: EndpointIndex| {
            endpoint >= FIRST_ENDPOINT && !self.known.get(endpoint as usize).is_some_and(|&is| is)
        };
        is_stranger(flow.source_endpoint) || is_stranger(flow.destination_endpoint)
    }

    fn tell(&mut self, delta: FlowDelta, observation: &mut Observation) {
        if delta.packets > 0 {
            self.met_stranger |= self.is_of_stranger(&delta);
            observation.flows.push(delta);
        }
    }

    /// Announces every endpoint in the table that no notice announced.
    pub fn announce_all(&mut self, datapath: &mut impl Datapath, observation: &mut Observation) {
        let at = self.clock.moment(datapath.now());
        let mut found: Vec<(EndpointIndex, EndpointKey)> = Vec::new();
        datapath.endpoints(&mut |index, key| found.push((index, key)));
        // An alias names no station; the endpoint's own key goes first.
        found.sort_unstable_by_key(|(index, key)| (*index, key.station == 0, *key));
        for (index, key) in found {
            self.announce(EndpointSeen { index, key, interface: 0, at }, observation);
        }
    }

    /// Endpoints announced so far; their indices are given out in order.
    pub fn endpoints_seen(&self) -> u32 {
        (self.known.len() as u32).saturating_sub(FIRST_ENDPOINT)
    }

    /// Frames by fate as of the last sweep; exact two sweeps after the last frame.
    pub fn books(&self) -> FlowBooks {
        self.books
    }

    fn announce(&mut self, seen: EndpointSeen, observation: &mut Observation) {
        let index = seen.index as usize;
        if self.known.len() <= index {
            self.known.resize(index + 1, false);
        }
        if !std::mem::replace(&mut self.known[index], true) {
            observation.endpoints.push(seen);
        }
    }

    fn take_slot(
        &mut self,
        position: u32,
        slot: &FlowSlot,
        now: u64,
        observation: &mut Observation,
    ) {
        let Some(mut shadow) = self.shadows.get(position) else { return };
        self.live.leave_out(&shadow);
        if shadow.generation != slot.tail.generation {
            if shadow.generation != 0 && !shadow.is_closed {
                self.missing.insert((position, shadow.generation), shadow);
            }
            shadow = Shadow { generation: slot.tail.generation, ..Shadow::default() };
        }
        if shadow.is_closed {
            // Nothing of it is among the live ones.
            return;
        }
        let delta = difference(&self.clock, &shadow, slot, now);
        shadow.packets = slot.packets();
        shadow.octets = slot.octets();
        shadow.footing = Footing::of(slot);
        shadow.read_at = Eighth::of(now, self.clock.per_second());
        self.live.count(&shadow);
        self.shadows.set(position, &shadow);
        self.tell(delta, observation);
    }

    fn take_record(&mut self, record: &Evicted, observation: &mut Observation) {
        let slot = record.slot.slot();
        let Some(shadow) = self.shadows.get(record.position) else { return };
        let seen = if shadow.generation == slot.tail.generation {
            shadow
        } else {
            let flow = (record.position, slot.tail.generation);
            self.missing.remove(&flow).or_else(|| self.overdue.remove(&flow)).unwrap_or_default()
        };
        let delta = difference(&self.clock, &seen, &slot, record.now);
        // Generations only grow: an older record says nothing of the flow seen since.
        let is_newer = slot.tail.generation.wrapping_sub(shadow.generation) < 1 << 31;
        if is_newer {
            if shadow.generation != slot.tail.generation
                && shadow.generation != 0
                && !shadow.is_closed
            {
                // Records of one slot come in order, so the earlier flow's was lost.
                self.recovered_packets += shadow.packets;
                self.recovered_octets += shadow.octets;
            }
            self.live.leave_out(&shadow);
            let closed =
                Shadow { generation: slot.tail.generation, is_closed: true, ..Shadow::default() };
            self.shadows.set(record.position, &closed);
        }
        self.tell(delta, observation);
    }
}

/// What the flow speaks. Where the program has seen payload but too little of it to give up on
/// markers, the port is all there is.
fn identification(slot: &FlowSlot) -> Identification {
    let identification = slot.identification();
    if identification.application == Application::Unknown && slot.tail.inspected > 0 {
        return identify_by_port(&Context::of(&slot.key())).unwrap_or_default();
    }
    identification
}

fn difference(clock: &TickClock, seen: &Shadow, slot: &FlowSlot, now: u64) -> FlowDelta {
    let Identification { application, evidence } = identification(slot);
    FlowDelta {
        key: slot.key(),
        source_endpoint: slot.tail.source_endpoint,
        destination_endpoint: slot.tail.destination_endpoint,
        packets: growth(seen.packets, slot.packets()),
        octets: growth(seen.octets, slot.octets()),
        tcp_flags: slot.tcp_flags(),
        first_tcp_flags: slot.tail.first_tcp_flags,
        icmp_type_code: slot.tail.icmp_type_code,
        opinion: Opinion::of_packet_path(application, evidence),
        earlier: slot.earlier_identification(),
        change: Change::from_number(slot.tail.change),
        digest: slot.tail.digest,
        first_seen: clock.moment(slot.tail.first_seen),
        last_seen: clock.moment(slot.last_seen(now)),
        is_new: seen.packets == 0,
    }
}

#[cfg(test)]
mod tests;
