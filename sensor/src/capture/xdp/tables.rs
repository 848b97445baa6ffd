//! The state that the program keeps, read through memory alone: whoever holds the descriptors of
//! these maps needs no call of bpf(2) and no capability.

use std::{
    io,
    ops::Range,
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
};

use bytes::{Buf as _, Bytes};
use sensor_common::{
    abi::name,
    application::{Application, CAPACITY},
    books::{INTERFACE_ROWS, InterfaceRow, LEDGER_LINES, Ledger},
    endpoint::{EndpointIndex, EndpointKey},
    flow::{FlowKey, FlowSlot, HEAD_WORDS, SLOT_WORDS, TAIL_WORDS, WAYS},
    record::{EndpointNotice, Evicted, RecordKind, SlotImage},
};

use super::{
    clock::monotonic,
    counted::{Counted, PAIR_WORDS},
    counts::{self, ROW_WORDS},
    loading::LoadError,
    mapped::MappedWords,
    ring::Ring,
};
use crate::{
    capture::{Datapath, Glance, Notice, sights::Sights, ticks::TickClock},
    observation::PayloadSample,
};

/// The part of a second after which no packet is given a tick any more: a CPU that sleeps notices
/// late that ticks went by.
const TICKS_ARE_OVER: u32 = 4;

/// How large the maps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableShape {
    pub cpus: u32,
    /// Of each CPU.
    pub sets: u32,
    pub endpoints: u32,
    /// Octets.
    pub records_ring: u32,
    pub notices_ring: u32,
}

/// Open descriptors of the maps.
#[derive(Debug)]
pub struct TableFiles {
    pub flows: OwnedFd,
    pub flow_tails: OwnedFd,
    pub books: OwnedFd,
    pub ledgers: OwnedFd,
    pub totals: OwnedFd,
    pub unknown_totals: OwnedFd,
    pub records: OwnedFd,
    pub notices: OwnedFd,
}

impl TableFiles {
    pub const COUNT: usize = 8;

    /// All of them, in the order of [`Self::from_array`].
    pub fn as_array(&self) -> [&OwnedFd; Self::COUNT] {
        [
            &self.flows,
            &self.flow_tails,
            &self.books,
            &self.ledgers,
            &self.totals,
            &self.unknown_totals,
            &self.records,
            &self.notices,
        ]
    }

    pub fn from_array(files: [OwnedFd; Self::COUNT]) -> Self {
        let [flows, flow_tails, books, ledgers, totals, unknown_totals, records, notices] = files;
        Self { flows, flow_tails, books, ledgers, totals, unknown_totals, records, notices }
    }
}

/// Where the table of endpoints is read, which is a hash table and has no memory to map.
pub trait EndpointSource {
    /// Visits every endpoint that has an index.
    fn each(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey));
}

/// The maps in this process' memory.
pub struct Tables<E> {
    clock: TickClock,
    counted: Arc<Counted>,
    books: MappedWords,
    ledgers: MappedWords,
    records: Ring,
    notices: Ring,
    sights: Sights,
    endpoints: E,
}

impl<E: EndpointSource> Tables<E> {
    /// Maps them, all for reading only but for the reader's position in the rings.
    ///
    /// # Errors
    ///
    /// [`LoadError::Mapping`].
    pub fn map(
        shape: &TableShape,
        files: &TableFiles,
        clock: TickClock,
        endpoints: E,
    ) -> Result<Self, LoadError> {
        let words = |map, file: &OwnedFd, words| {
            MappedWords::read_only(file.as_fd(), 0, words).map_err(failed(map))
        };
        let ring = |map, file: &OwnedFd, octets| Ring::map(file, octets).map_err(failed(map));
        let cpus = shape.cpus as usize;
        let slots = cpus * shape.sets as usize * WAYS;
        let totals = shape.endpoints as usize * CAPACITY as usize;
        let counted = Counted {
            heads: words(name::FLOWS, &files.flows, slots * HEAD_WORDS)?,
            tails: words(name::FLOW_TAILS, &files.flow_tails, slots * TAIL_WORDS)?,
            totals: words(name::TOTALS, &files.totals, totals * 2 * 2)?,
            unknown_totals: words(
                name::UNKNOWN_TOTALS,
                &files.unknown_totals,
                cpus * shape.endpoints as usize * PAIR_WORDS,
            )?,
            endpoints: shape.endpoints,
        };
        Ok(Self {
            clock,
            counted: Arc::new(counted),
            books: words(name::BOOKS, &files.books, cpus * INTERFACE_ROWS as usize * ROW_WORDS)?,
            ledgers: words(name::LEDGERS, &files.ledgers, cpus * LEDGER_LINES)?,
            records: ring(name::RECORDS, &files.records, shape.records_ring)?,
            notices: ring(name::NOTICES, &files.notices, shape.notices_ring)?,
            sights: Sights::new(slots as u32, clock.per_second().div_ceil(TICKS_ARE_OVER)),
            endpoints,
        })
    }

    pub fn clock(&self) -> TickClock {
        self.clock
    }

    /// Flows and totals, to be read beside this reader.
    pub fn counted(&self) -> &Arc<Counted> {
        &self.counted
    }

    /// How full the rings were at the fullest since the last call, 0 to 1: records, notices.
    pub fn take_fullest(&mut self) -> [f64; 2] {
        [self.records.take_fullest(), self.notices.take_fullest()]
    }
}

fn failed(map: &'static str) -> impl FnOnce(io::Error) -> LoadError {
    move |source| LoadError::Mapping { map, source }
}

impl<E: EndpointSource> Datapath for Tables<E> {
    fn now(&self) -> u64 {
        // CLOCK_MONOTONIC turned into ticks: reading jiffies would take a run of the program.
        self.clock.tick(monotonic())
    }

    fn slots(&self) -> u32 {
        self.counted.slots()
    }

    fn glance(&self, position: u32) -> Glance {
        self.counted.glance(position)
    }

    fn next_stirred(&mut self, slots: Range<u32>, now: u64) -> Option<u32> {
        let Self { counted, sights, .. } = self;
        sights.next(slots, now, |position| counted.last_seen_in_turn(position))
    }

    fn settle(&mut self, _: Range<u32>, left: &[u32]) {
        left.iter().for_each(|position| self.sights.doubt(*position));
    }

    fn doubt_all(&mut self) {
        self.sights.doubt_all();
    }

    fn expect_slot(&self, position: u32) {
        self.counted.expect_slot(position);
    }

    fn slot(&self, position: u32) -> Option<FlowSlot> {
        self.counted.slot(position)
    }

    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted)) {
        self.records.drain(|mut octets| {
            if octets.remaining() < size_of::<Evicted>() {
                return;
            }
            let kind = octets.get_u32_ne();
            let position = octets.get_u32_ne();
            let now = octets.get_u64_ne();
            let mut words = [0; SLOT_WORDS];
            words.fill_with(|| octets.get_u64_ne());
            let slot = SlotImage::of(&FlowSlot::from_words(&words).in_table());
            visit(&Evicted { kind, position, now, slot });
        });
    }

    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice)) {
        let clock = &self.clock;
        self.notices.drain(|item| {
            if let Some(notice) = parse_notice(item, clock) {
                visit(notice);
            }
        });
    }

    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        self.endpoints.each(visit);
    }

    fn endpoint_capacity(&self) -> EndpointIndex {
        self.counted.endpoints
    }

    fn interface_rows(&self) -> Vec<InterfaceRow> {
        counts::rows(&self.books)
    }

    fn ledger(&self) -> Ledger {
        counts::ledger(&self.ledgers)
    }
}

fn parse_notice(item: &[u8], clock: &TickClock) -> Option<Notice> {
    let mut octets = item;
    let kind = octets.try_get_u32_ne().ok()?;
    let second = octets.try_get_u32_ne().ok()?;
    if kind == RecordKind::Opened as u32 {
        return Some(Notice::Opened(second));
    }
    let mut word = || octets.try_get_u64_ne().ok();
    if kind == RecordKind::Endpoint as u32 {
        let key = EndpointKey { address: [word()?, word()?], station: word()?, vlans: word()? };
        let (now, interface) = (word()?, word()?);
        return Some(Notice::Endpoint(EndpointNotice { kind, index: second, key, now, interface }));
    }
    if kind != RecordKind::Sample as u32 && kind != RecordKind::HeaderSample as u32 {
        return None;
    }
    let now = word()?;
    let key = FlowKey::from_words([word()?, word()?, word()?, word()?, word()?, word()?]);
    let station = word()?;
    let sequence = octets.try_get_u32_ne().ok()?;
    let (length, payload_length) = (octets.try_get_u16_ne().ok()?, octets.try_get_u16_ne().ok()?);
    Some(Notice::Sample(PayloadSample {
        key,
        station,
        application: Application::from_number(second as u8)?,
        sequence,
        octets: Bytes::copy_from_slice(octets.get(..usize::from(length))?),
        payload_length,
        at: clock.moment(now),
    }))
}
