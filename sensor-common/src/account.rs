//! Adds a frame to its flow, and says what it takes to do so exactly.
//!
//! The same function runs in the kernel and in a replay. Packets of a known flow touch one line of
//! the flow's slot and nothing else; totals per device are made by folding a flow's counters into
//! its two endpoints whenever the flow leaves its slot or its verdict changes, so they stay exact
//! whatever happens to the flow table: `totals = folded + unfolded of the live slots`.

mod carrier;
mod express;
mod verdict;

use core::hint::black_box;

pub use self::{
    carrier::{count_carrier, enter, finds_tunnel},
    express::settled_head,
};

use crate::{
    books::{Entry, Fate},
    dissect::Dissection,
    endpoint::{Direction, ELSEWHERE, EndpointIndex, EndpointKey, OVERFLOW},
    flow::{FirstPacket, FlowSet, SlotInTable, WAYS, preferred_way},
    frame::Frame,
    payload::Payload,
    read_back::read_back,
    record::{EndpointNotice, RecordKind},
    wire::{transport::is_first_segment, tunnel::Tunnel},
};

use verdict::Proposal;
pub use verdict::{INSPECTED_PACKETS, LOOKED_AT_PACKETS};
/// The memory in which one frame is worked on, one per CPU.
///
/// It is lent, not made on the stack, which in the kernel is small. And the verifier does not
/// follow values through such memory: however a frame was dissected, and whatever a recogniser
/// ruled out, what comes next is checked once.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub dissection: Dissection,
    /// Octets of the frame on the wire, or of what it carries while that is worked on.
    pub octets: u64,
    tunnel: Tunnel,
    payload: Payload,
    now: u64,
    /// The hash of the flow's key, by which its set was found.
    pub hash: u64,
    /// The slot of the flow in its set.
    way: usize,
    /// [`crate::flow::FlowKey::conversation`].
    conversation: u64,
    proposal: Proposal,
    outcome: Outcome,
    /// The sender, once it was looked for.
    source: EndpointIndex,
    /// Keys by which endpoints are looked up.
    sought: EndpointKey,
    other: EndpointKey,
    /// Octets of the payload at work that may be sampled.
    permitted: usize,
}

/// What a look at a packet leaves to be done.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outcome {
    /// The flow has another verdict.
    is_adopted: bool,
    /// User space may see something of the payload.
    is_sampled: bool,
}

/// One payload that user space may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleRequest {
    /// [`crate::application::Application`] as a number.
    pub application: u8,
    /// The sender, whose share of the samples this one is taken from.
    pub endpoint: EndpointIndex,
    /// Whether it is taken from the allowance of headers.
    pub is_header: bool,
    /// Octets that may be copied, more than 0.
    pub length: usize,
    pub now: u64,
}

impl SampleRequest {
    /// The line under which it is noted when the limit refuses it.
    #[inline(always)]
    pub fn refusal(&self) -> Entry {
        if self.is_header { Entry::HeaderSamplesLimited } else { Entry::SamplesLimited }
    }
}

/// What surrounds the flow table: maps and rings in the kernel, vectors in a replay.
///
/// Methods take `&self` because maps are shared; a replay uses interior mutability.
pub trait Environment {
    /// The seed of [`crate::abi::Settings`].
    fn seed(&self) -> u64;
    /// Adds to a line of this CPU's ledger.
    fn note(&self, entry: Entry, amount: u64);
    /// Adds a flow that left its slot to this CPU's ledger.
    fn note_gone(&self, fate: Fate, packets: u64, octets: u64);
    /// Hands a flow that loses its slot to user space; `false` when the ring is full.
    fn report_evicted(&self, position: u32, slot: &SlotInTable<'_>, now: u64) -> bool;
    /// Announces a flow that took a free slot; `false` when the ring is full.
    fn announce_opened(&self, position: u32) -> bool;
    fn announce_endpoint(&self, notice: &EndpointNotice) -> bool;
    fn endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex>;
    /// The endpoint that frames to `key`, a host's, go to; see [`destination`]. The key is used up.
    fn destination(&self, key: &mut EndpointKey) -> EndpointIndex {
        destination(key, |key| self.endpoint(key))
    }
    /// Gives a new endpoint an index, or `None` when there is none left.
    fn admit_endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex>;
    /// Lets `alias` find `index` too, unless it already finds another.
    fn alias_endpoint(&self, alias: &EndpointKey, index: EndpointIndex);
    fn add_totals(
        &self,
        endpoint: EndpointIndex,
        application: u8,
        direction: Direction,
        packets: u64,
        octets: u64,
    );
    /// The memory of verdicts by conversation, one word each, 0 where there is none.
    fn recall(&self, conversation: u64) -> u64;
    fn remember(&self, conversation: u64, word: u64);
    /// Copies the beginning of a payload, as far as it can be read, to user space, within the
    /// rate limit.
    fn sample<F: Frame + ?Sized>(
        &self,
        frame: &F,
        dissection: &Dissection,
        request: &SampleRequest,
    );
}

/// Counts one dissected frame in `set`, the set that its key hashes to.
///
/// What most packets do not need stands in functions of their own, which in the kernel have stack
/// frames of their own.
///
/// `first_position` is the index of the set's first slot in the whole table, `octets` the frame's
/// length on the wire, `now` the tick.
#[inline(always)]
pub fn account<E: Environment, F: Frame + ?Sized>(
    environment: &E,
    frame: &F,
    work: &mut Work,
    set: &mut FlowSet<'_>,
    first_position: u32,
    octets: u64,
    now: u64,
) {
    let flags = work.dissection.tcp_flags;
    find_slot(environment, work, set, first_position, now);
    // Read back: the verifier would go through all the rest once for every way.
    read_back();
    let way = work.way;
    let verdict = set.head(way).verdict();
    let is_open = !verdict.is_settled() || is_first_segment(flags);
    if is_open || verdict.is_sampled_throughout() {
        look_into(environment, frame, work, set, is_open);
    }
    let head = set.head(way);
    head.count(octets, flags, now);
    if head.is_due() {
        look_after(environment, work, set);
    }
}

/// Looks at the packet for what its flow speaks, or only for what user space may see of it.
#[inline(always)]
fn look_into<E: Environment, F: Frame + ?Sized>(
    environment: &E,
    frame: &F,
    work: &mut Work,
    set: &mut FlowSet<'_>,
    is_open: bool,
) {
    work.outcome = Outcome::default();
    if !is_open {
        verdict::sample_later(frame, work, set);
    } else if !set.slot(work.way).is_new_connection(work.dissection.tcp_flags) {
        verdict::classify(environment, frame, work, set);
    }
    // Each once, here: on every way to a verdict the verifier would go through them again.
    read_back();
    if work.outcome.is_adopted && set.tail(work.way).destination_endpoint == ELSEWHERE {
        // By now the other side has often spoken and is known.
        let index = destination_endpoint(environment, work);
        set.tail(work.way).destination_endpoint = index;
    }
    if work.outcome.is_sampled {
        verdict::sample(environment, frame, work, set);
    }
}

/// Finds the slot of the flow in its set, or gives it one.
#[inline(always)]
fn find_slot<E: Environment>(
    environment: &E,
    work: &mut Work,
    set: &mut FlowSet<'_>,
    first_position: u32,
    now: u64,
) {
    work.now = now;
    let preferred = preferred_way(work.hash);
    match set.heads.find(&work.dissection.key, preferred) {
        Some(way) if !set.head(way).has_ended_before(work.dissection.tcp_flags) => {
            work.way = way;
        }
        found => {
            work.way = match found {
                Some(way) => way,
                None => set.heads.vacancy(now, preferred),
            };
            take_slot(environment, work, set, first_position);
        }
    }
}

/// Opens the flow of `work` in the slot found for it, whose present flow it hands on.
#[inline(never)]
fn take_slot<E: Environment>(
    environment: &E,
    work: &mut Work,
    set: &mut FlowSet<'_>,
    first_position: u32,
) {
    let work = black_box(work);
    let position = first_position + (work.way % WAYS) as u32;
    let mut slot = set.slot(work.way);
    if slot.head.is_empty() {
        if !environment.announce_opened(position) {
            environment.note(Entry::LostNotices, 1);
        }
    } else {
        evict(environment, &mut slot, position, work.now);
    }
    // Kept there, and read back: the verifier would go on with every way to a sender on its own.
    work.source = source_endpoint(environment, work);
    read_back();
    let destination = destination_endpoint(environment, work);
    let endpoints = (work.source, destination);
    let first = FirstPacket {
        icmp_type_code: work.dissection.icmp_type_code,
        tcp_flags: work.dissection.tcp_flags,
    };
    set.slot(work.way).open(&work.dissection.key, work.now, endpoints, first);
    environment.note(Entry::FlowsOpened, 1);
}

#[inline(always)]
fn evict<E: Environment>(environment: &E, slot: &mut SlotInTable<'_>, position: u32, now: u64) {
    fold(environment, slot);
    let (packets, octets) = (slot.packets(), slot.octets());
    let fate = match environment.report_evicted(position, slot, now) {
        true => Fate::Evicted,
        false => Fate::Lost,
    };
    environment.note_gone(fate, packets, octets);
}

/// What a flow needs every so many packets: its narrow counter folded, its destination found.
#[inline(never)]
fn look_after<E: Environment>(environment: &E, work: &mut Work, set: &mut FlowSet) {
    let work = black_box(work);
    let slot = set.slot(work.way);
    let known = slot.tail.destination_endpoint;
    let destination = match known {
        ELSEWHERE => destination_endpoint(environment, work),
        known => known,
    };
    let mut slot = set.slot(work.way);
    if slot.head.must_fold() || destination != known {
        // To whom it was sent until now, before somebody else is named.
        fold(environment, &mut slot);
    }
    slot.tail.destination_endpoint = destination;
}

/// Adds what the flow counted since the last fold to the totals of both its endpoints.
#[inline(always)]
fn fold<E: Environment>(environment: &E, slot: &mut SlotInTable<'_>) {
    let (packets, octets) = slot.fold();
    if packets == 0 {
        return;
    }
    let application = slot.head.verdict().number();
    let (source, destination) = (slot.tail.source_endpoint, slot.tail.destination_endpoint);
    environment.add_totals(source, application, Direction::Sent, packets, octets);
    environment.add_totals(destination, application, Direction::Received, packets, octets);
}

#[inline(always)]
fn source_endpoint<E: Environment>(environment: &E, work: &mut Work) -> EndpointIndex {
    let Work { dissection, now, sought: key, other, .. } = work;
    *key = EndpointKey::of_source(&dissection.key, dissection.source_station);
    if !key.has_host_address() {
        if !key.has_station() {
            return ELSEWHERE;
        }
        *key = key.station_only();
    }
    if let Some(index) = environment.endpoint(key) {
        return index;
    }
    let interface = dissection.key.interface() as u64;
    *other = key.station_only();
    // A station that later sends from ever new addresses is still counted as itself.
    let station = match key.has_station() && key.address != [0; 2] {
        true => match environment.endpoint(other) {
            Some(index) => index,
            None => admit(environment, other, interface, *now),
        },
        false => ELSEWHERE,
    };
    let index = admit(environment, key, interface, *now);
    if index != ELSEWHERE {
        if key.station != 0 && key.address != [0; 2] {
            *other = key.address_only();
            environment.alias_endpoint(other, index);
        }
        return index;
    }
    environment.note(Entry::EndpointsRefused, 1);
    if station == ELSEWHERE { OVERFLOW } else { station }
}

/// The index of a new endpoint, [`ELSEWHERE`] if there is none left.
#[inline(never)]
fn admit<E: Environment>(
    environment: &E,
    key: &EndpointKey,
    interface: u64,
    now: u64,
) -> EndpointIndex {
    let Some(index) = environment.admit_endpoint(key) else { return ELSEWHERE };
    let notice =
        EndpointNotice { kind: RecordKind::Endpoint as u32, index, key: *key, now, interface };
    if !environment.announce_endpoint(&notice) {
        environment.note(Entry::LostNotices, 1);
    }
    index
}

/// A destination is looked up, never admitted: a sweep over unused addresses makes no endpoints.
#[inline(never)]
fn destination_endpoint<E: Environment>(environment: &E, work: &mut Work) -> EndpointIndex {
    let work = black_box(work);
    let Work { dissection, sought: key, .. } = work;
    *key = EndpointKey::of_destination(&dissection.key, dissection.destination_station);
    if !key.has_host_address() {
        if !key.has_station() {
            return ELSEWHERE;
        }
        *key = key.station_only();
        return environment.endpoint(key).unwrap_or(ELSEWHERE);
    }
    environment.destination(key)
}

/// The endpoint that frames to `key` go to: that of the station and address, else whoever has the
/// address. From inside a tunnel it may be a host that is known from outside, but not the other way.
/// `find` is asked for keys that have the same address.
#[inline(always)]
pub fn destination(
    key: &mut EndpointKey,
    find: impl Fn(&EndpointKey) -> Option<EndpointIndex>,
) -> EndpointIndex {
    if let Some(index) = find(key) {
        return index;
    }
    *key = key.address_only();
    if let Some(index) = find(key) {
        return index;
    }
    if key.is_encapsulated() {
        *key = key.outside();
        return find(key).unwrap_or(ELSEWHERE);
    }
    ELSEWHERE
}
