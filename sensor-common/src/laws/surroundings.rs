//! Vectors in the place of maps, and rings that are full whenever somebody wishes it.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    vec,
    vec::Vec,
};

use crate::{
    account::{Environment, SampleRequest},
    application::{CAPACITY, Sampling, Verdict},
    books::{Entry, Fate, Ledger},
    dissect::Dissection,
    endpoint::{Direction, EndpointIndex, EndpointKey, FIRST_ENDPOINT, Totals, totals_index},
    flow::SlotInTable,
    frame::Frame,
    record::{EndpointNotice, SAMPLE_OCTETS},
};

const VERDICTS: usize = 64;

#[derive(Debug)]
pub(super) struct Surroundings {
    /// Bit by bit, in turn: whether the next record or notice finds room.
    room: Cell<u64>,
    endpoints: RefCell<HashMap<EndpointKey, EndpointIndex>>,
    next_endpoint: Cell<EndpointIndex>,
    last_endpoint: EndpointIndex,
    pub totals: RefCell<Vec<Totals>>,
    verdicts: RefCell<Vec<u64>>,
    pub ledger: RefCell<Ledger>,
    /// Packets and octets of the flows that were handed on.
    pub handed_on: Cell<(u64, u64)>,
    /// How often anything here was changed.
    pub changes: Cell<u64>,
}

impl Surroundings {
    pub fn new(endpoints: u32, room: u64) -> Self {
        let indices = FIRST_ENDPOINT + endpoints;
        Self {
            room: Cell::new(room),
            endpoints: RefCell::default(),
            next_endpoint: Cell::new(FIRST_ENDPOINT),
            last_endpoint: indices,
            totals: RefCell::new(vec![Totals::default(); (indices * CAPACITY * 2) as usize]),
            verdicts: RefCell::new(vec![0; VERDICTS]),
            ledger: RefCell::default(),
            handed_on: Cell::default(),
            changes: Cell::default(),
        }
    }

    fn changed(&self) {
        self.changes.set(self.changes.get() + 1);
    }

    fn has_room(&self) -> bool {
        self.changed();
        self.room.set(self.room.get().rotate_right(1));
        self.room.get() & 1 == 1
    }
}

impl Environment for Surroundings {
    fn seed(&self) -> u64 {
        0x1a35
    }

    fn note(&self, entry: Entry, amount: u64) {
        self.changed();
        self.ledger.borrow_mut().add(entry, amount);
    }

    fn note_gone(&self, fate: Fate, packets: u64, octets: u64) {
        self.changed();
        self.ledger.borrow_mut().add_gone(fate, packets, octets);
    }

    fn report_evicted(&self, _: u32, slot: &SlotInTable<'_>, _: u64) -> bool {
        assert_eq!(slot.head.unfolded(), (0, 0), "a flow leaves with all its counts folded");
        let has_room = self.has_room();
        if has_room {
            let (packets, octets) = self.handed_on.get();
            self.handed_on.set((packets + slot.packets(), octets + slot.octets()));
        }
        has_room
    }

    fn announce_opened(&self, _: u32) -> bool {
        self.has_room()
    }

    fn announce_endpoint(&self, notice: &EndpointNotice) -> bool {
        assert!(notice.index >= FIRST_ENDPOINT && notice.index < self.last_endpoint);
        self.has_room()
    }

    fn endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex> {
        self.endpoints.borrow().get(key).copied()
    }

    fn admit_endpoint(&self, key: &EndpointKey) -> Option<EndpointIndex> {
        self.changed();
        let index = self.next_endpoint.get();
        if index == self.last_endpoint {
            return None;
        }
        self.next_endpoint.set(index + 1);
        let earlier = self.endpoints.borrow_mut().insert(*key, index);
        assert_eq!(earlier, None, "{key:?} is admitted twice");
        Some(index)
    }

    fn alias_endpoint(&self, alias: &EndpointKey, index: EndpointIndex) {
        self.changed();
        self.endpoints.borrow_mut().entry(*alias).or_insert(index);
    }

    fn add_totals(
        &self,
        endpoint: EndpointIndex,
        application: u8,
        direction: Direction,
        packets: u64,
        octets: u64,
    ) {
        self.changed();
        let index = totals_index(endpoint, application, direction);
        let totals = &mut self.totals.borrow_mut()[index as usize];
        totals.packets += packets;
        totals.octets += octets;
    }

    fn recall(&self, conversation: u64) -> u64 {
        self.verdicts.borrow()[conversation as usize % VERDICTS]
    }

    fn remember(&self, conversation: u64, word: u64) {
        self.changed();
        self.verdicts.borrow_mut()[conversation as usize % VERDICTS] = word;
    }

    fn sample<F: Frame + ?Sized>(&self, _: &F, dissection: &Dissection, request: &SampleRequest) {
        self.changed();
        let verdict = Verdict::from_bits(request.application);
        let sampling = verdict.application().sampling();
        assert_ne!(sampling, Sampling::Never, "a sample of {verdict:?}: {dissection:?}");
        assert!((1..=SAMPLE_OCTETS).contains(&request.length), "{request:?}");
    }
}
