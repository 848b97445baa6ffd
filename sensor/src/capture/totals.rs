//! Totals per device and per application: exact, whatever happened to the flow table.

use std::collections::BTreeMap;

use sensor_common::{
    application::Application,
    endpoint::{Direction, EndpointIndex, Totals, totals_index, totals_owner},
    flow::FlowSlot,
};

use super::Datapath;
use crate::hash::{HashMap, HashSet};

/// Readings after which [`TotalsReader::resume`] is content with what it has.
const READINGS: usize = 16;
/// Slots of which those that are taken are fetched from memory together.
const AT_ONCE: u32 = 64;

/// Totals by endpoint, application and direction at one reading.
///
/// What is folded is read before the flows that are under way: a flow folded in between is missing
/// until the next reading, never counted twice. Cells that would fall behind an earlier reading
/// keep it, so every total only grows.
#[derive(Debug, Default)]
pub struct TotalsReader {
    /// By [`totals_index`]. An endpoint speaks a few applications of the many that there are, so
    /// cells of nothing are left out.
    cells: BTreeMap<u32, Totals>,
}

impl TotalsReader {
    pub fn read(&mut self, datapath: &impl Datapath) {
        let mut reading = folded(datapath);
        let mut taken = Vec::with_capacity(AT_ONCE as usize);
        for first in (0..datapath.slots()).step_by(AT_ONCE as usize) {
            let end = datapath.slots().min(first + AT_ONCE);
            taken.extend((first..end).filter(|position| datapath.is_taken(*position)));
            taken.iter().for_each(|position| datapath.expect_slot(*position));
            for slot in taken.drain(..).filter_map(|position| datapath.slot(position)) {
                add_unfolded(&mut reading, &slot);
            }
        }
        for (index, read) in reading {
            let cell = self.cells.entry(index).or_default();
            cell.packets = cell.packets.max(read.packets);
            cell.octets = cell.octets.max(read.octets);
        }
    }

    /// Reads until no total can be behind what an earlier agent may have shown: each was read at a
    /// time when nothing was folded into it.
    pub fn resume(&mut self, datapath: &impl Datapath) {
        let mut before = folded(datapath);
        // Those that were folded into whenever they were read; at first any may have been.
        let mut open: Option<HashSet<u32>> = None;
        for _ in 0..READINGS {
            self.read(datapath);
            let after = folded(datapath);
            let was_folded_into = |cell: &u32| before.get(cell) != after.get(cell);
            open = Some(match open {
                None => after.keys().copied().filter(was_folded_into).collect(),
                Some(cells) => cells.into_iter().filter(was_folded_into).collect(),
            });
            if open.as_ref().is_some_and(HashSet::is_empty) {
                return;
            }
            before = after;
        }
    }

    /// Totals of one endpoint by direction, sent first.
    pub fn of_endpoint(&self, endpoint: EndpointIndex) -> [Totals; 2] {
        let mut sums = [Totals::default(); 2];
        let of_endpoint = |endpoint| totals_index(endpoint, 0, Direction::Sent);
        for (index, cell) in self.cells.range(of_endpoint(endpoint)..of_endpoint(endpoint + 1)) {
            add(&mut sums[totals_owner(*index).2 as usize], *cell);
        }
        sums
    }

    /// Every packet once, by application: what all endpoints sent.
    pub fn by_application(&self) -> BTreeMap<Application, Totals> {
        let mut sums: BTreeMap<Application, Totals> = BTreeMap::new();
        for (index, cell) in &self.cells {
            if let (_, number, Direction::Sent) = totals_owner(*index)
                && let Some(application) = Application::from_number(number)
            {
                add(sums.entry(application).or_default(), *cell);
            }
        }
        sums
    }
}

/// What a data path has folded, by [`totals_index`].
pub fn folded(datapath: &impl Datapath) -> HashMap<u32, Totals> {
    let mut folded: HashMap<u32, Totals> = HashMap::default();
    datapath.folded(&mut |cell, totals| add(folded.entry(cell).or_default(), totals));
    folded
}

/// Adds what is not in the totals of a flow's endpoints yet.
fn add_unfolded(reading: &mut HashMap<u32, Totals>, slot: &FlowSlot) {
    let (packets, octets) = slot.unfolded();
    let unfolded = Totals { packets, octets };
    if unfolded == Totals::default() {
        return;
    }
    let application = slot.verdict().number();
    let sent = totals_index(slot.tail.source_endpoint, application, Direction::Sent);
    let received = totals_index(slot.tail.destination_endpoint, application, Direction::Received);
    for cell in [sent, received] {
        add(reading.entry(cell).or_default(), unfolded);
    }
}

fn add(sum: &mut Totals, totals: Totals) {
    sum.packets = sum.packets.wrapping_add(totals.packets);
    sum.octets = sum.octets.wrapping_add(totals.octets);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sensor_common::{
        books::{InterfaceRow, Ledger},
        endpoint::EndpointKey,
        record::Evicted,
    };

    use super::super::{Glance, Notice};
    use super::*;

    /// A data path with one total, into which something is folded out of a slot during the first
    /// readings: 10 packets that were counted all the time.
    struct Folding {
        calls: Cell<u32>,
        folds_at: u32,
    }

    impl Datapath for Folding {
        fn now(&self) -> u64 {
            0
        }

        fn slots(&self) -> u32 {
            1
        }

        fn glance(&self, _: u32) -> Glance {
            // The slot is read after what is folded; by then the flow has left it.
            Glance { generation: 0, packets: 0, footing: Default::default() }
        }

        fn is_taken(&self, _: u32) -> bool {
            false
        }

        fn slot(&self, _: u32) -> Option<FlowSlot> {
            None
        }

        fn drain_records(&mut self, _: &mut dyn FnMut(&Evicted)) {}

        fn drain_notices(&mut self, _: &mut dyn FnMut(Notice)) {}

        fn endpoints(&self, _: &mut dyn FnMut(EndpointIndex, EndpointKey)) {}

        fn endpoint_capacity(&self) -> EndpointIndex {
            1
        }

        fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
            self.calls.set(self.calls.get() + 1);
            if self.calls.get() > self.folds_at {
                visit(0, Totals { packets: 10, octets: 10 });
            }
        }

        fn interface_rows(&self) -> Vec<InterfaceRow> {
            Vec::new()
        }

        fn ledger(&self) -> Ledger {
            Ledger::default()
        }
    }

    #[test]
    fn what_is_folded_during_the_first_reading_is_not_missed_by_an_agent_that_takes_over() {
        for folds_at in 1..=6 {
            let mut totals = TotalsReader::default();
            let datapath = Folding { calls: Cell::new(0), folds_at };
            totals.resume(&datapath);
            let seen = totals.of_endpoint(0)[0].packets;
            let has_folded = datapath.calls.get() > folds_at;
            assert!(seen == 10 || !has_folded, "folds at {folds_at}: {seen}");
        }
    }
}
