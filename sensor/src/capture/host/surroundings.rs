//! Vectors in the place of the program's maps and rings.

use std::{cell::RefCell, collections::VecDeque};

use bytes::Bytes;
use sensor_common::{
    abi::Settings,
    account::{Environment, SampleRequest},
    application::Verdict,
    books::{Entry, Fate, Ledger},
    budget::SampleBudget,
    dissect::Dissection,
    endpoint::{Direction, EndpointIndex, EndpointKey, FIRST_ENDPOINT, Totals, totals_index},
    flow::SlotInTable,
    frame::Frame,
    record::{EndpointNotice, Evicted, RecordKind, SAMPLE_OCTETS, SAMPLE_WORDS, SlotImage},
};

use super::TableSizes;
use crate::{
    capture::{Notice, ticks::TickClock},
    hash::HashMap,
    observation::PayloadSample,
    prefetch::prefetch,
};

#[derive(Debug)]
pub struct Surroundings {
    settings: Settings,
    endpoint_keys: usize,
    endpoints: RefCell<HashMap<EndpointKey, EndpointIndex>>,
    free_endpoints: RefCell<VecDeque<EndpointIndex>>,
    /// Of the endpoints that were counted for: it grows with their indices, which are given out in
    /// order.
    totals: RefCell<Vec<Totals>>,
    verdicts: RefCell<Vec<u64>>,
    ledger: RefCell<Ledger>,
    records: RefCell<Vec<Evicted>>,
    notices: RefCell<Vec<Notice>>,
    budget: RefCell<SampleBudget>,
}

impl Surroundings {
    pub fn new(settings: Settings, sizes: &TableSizes) -> Self {
        Self {
            settings,
            endpoint_keys: sizes.endpoint_keys() as usize,
            endpoints: RefCell::default(),
            free_endpoints: RefCell::new((FIRST_ENDPOINT..sizes.endpoints).collect()),
            totals: RefCell::default(),
            verdicts: RefCell::new(vec![0; sizes.verdicts as usize]),
            ledger: RefCell::default(),
            records: RefCell::default(),
            notices: RefCell::default(),
            budget: RefCell::default(),
        }
    }

    /// Has the processor fetch what is remembered of a conversation.
    pub fn expect(&self, conversation: u64) {
        let index = conversation as u32 & self.settings.verdict_mask;
        prefetch(&self.verdicts.borrow()[index as usize]);
    }

    pub fn drain_records(&self, visit: &mut dyn FnMut(&Evicted)) {
        for record in self.records.borrow_mut().drain(..) {
            visit(&record);
        }
    }

    pub fn drain_notices(&self, visit: &mut dyn FnMut(Notice)) {
        for notice in self.notices.borrow_mut().drain(..) {
            visit(notice);
        }
    }

    pub fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        for (key, index) in &*self.endpoints.borrow() {
            visit(*index, *key);
        }
    }

    pub fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
        for (index, totals) in self.totals.borrow().iter().enumerate() {
            if *totals != Totals::default() {
                visit(index as u32, *totals);
            }
        }
    }

    pub fn ledger(&self) -> Ledger {
        *self.ledger.borrow()
    }
}

impl Environment for Surroundings {
    fn seed(&self) -> u64 {
        self.settings.seed
    }

    fn note(&self, entry: Entry, amount: u64) {
        self.ledger.borrow_mut().add(entry, amount);
    }

    fn note_gone(&self, fate: Fate, packets: u64, octets: u64) {
        self.ledger.borrow_mut().add_gone(fate, packets, octets);
    }

    fn report_evicted(&self, position: u32, slot: &SlotInTable<'_>, now: u64) -> bool {
        let kind = RecordKind::Evicted as u32;
        let slot = SlotImage::of(slot);
        self.records.borrow_mut().push(Evicted { kind, position, now, slot });
        true
    }

    fn announce_opened(&self, position: u32) -> bool {
        self.notices.borrow_mut().push(Notice::Opened(position));
        true
    }

    fn announce_endpoint(&self, notice: &EndpointNotice) -> bool {
        self.notices.borrow_mut().push(Notice::Endpoint(*notice));
        true
    }

    fn endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex> {
        self.endpoints.borrow().get(key).copied()
    }

    fn admit_endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex> {
        let index = self.free_endpoints.borrow_mut().pop_front()?;
        let mut endpoints = self.endpoints.borrow_mut();
        if endpoints.len() < self.endpoint_keys {
            endpoints.insert(*key, index);
            return Some(index);
        }
        self.free_endpoints.borrow_mut().push_back(index);
        None
    }

    fn alias_endpoint(&self, alias: &EndpointKey, index: EndpointIndex) {
        let mut endpoints = self.endpoints.borrow_mut();
        if endpoints.len() < self.endpoint_keys {
            endpoints.entry(*alias).or_insert(index);
        }
    }

    fn add_totals(
        &self,
        endpoint: EndpointIndex,
        application: u8,
        direction: Direction,
        packets: u64,
        octets: u64,
    ) {
        let mut all = self.totals.borrow_mut();
        let end = totals_index(endpoint + 1, 0, Direction::Sent) as usize;
        if all.len() < end {
            all.resize(end, Totals::default());
        }
        let totals = &mut all[totals_index(endpoint, application, direction) as usize];
        totals.packets += packets;
        totals.octets += octets;
    }

    fn recall(&self, conversation: u64) -> u64 {
        let index = conversation as u32 & self.settings.verdict_mask;
        self.verdicts.borrow()[index as usize]
    }

    fn remember(&self, conversation: u64, word: u64) {
        let index = conversation as u32 & self.settings.verdict_mask;
        self.verdicts.borrow_mut()[index as usize] = word;
    }

    fn sample<F: Frame + ?Sized>(
        &self,
        frame: &F,
        dissection: &Dissection,
        request: &SampleRequest,
    ) {
        let second = request.now / u64::from(self.settings.ticks_per_second | 1);
        let limit = u64::from(self.settings.samples_per_second);
        let mut budget = self.budget.borrow_mut();
        if !budget.take(second, limit, request.endpoint, request.is_header) {
            return self.note(request.refusal(), 1);
        }
        let readable = frame.readable_length().saturating_sub(dissection.payload_offset);
        let length = readable.min(request.length).min(SAMPLE_OCTETS);
        let mut words = [0; SAMPLE_WORDS];
        if !frame.load(dissection.payload_offset, length, &mut words) {
            return;
        }
        let mut octets = Vec::with_capacity(length.next_multiple_of(8));
        for word in &words[..length.div_ceil(8)] {
            octets.extend_from_slice(&word.to_ne_bytes());
        }
        octets.truncate(length);
        self.notices.borrow_mut().push(Notice::Sample(PayloadSample {
            key: dissection.key,
            station: dissection.source_station,
            application: Verdict::from_bits(request.application).application(),
            sequence: dissection.tcp_sequence,
            octets: Bytes::from(octets),
            payload_length: dissection.payload_length as u16,
            at: TickClock::of_replay().moment(request.now),
        }));
        self.note(Entry::Samples, 1);
    }
}
