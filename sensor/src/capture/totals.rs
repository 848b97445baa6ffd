//! Totals per device and per application: exact, whatever happened to the flow table.

use std::collections::BTreeMap;

use sensor_common::{
    application::{Application, CAPACITY},
    endpoint::{Direction, EndpointIndex, Totals, totals_index},
};

use super::Datapath;

/// Readings after which [`TotalsReader::resume`] is content with what it has.
const READINGS: usize = 16;

/// Totals by endpoint, application and direction at one reading.
///
/// What is folded is read before the flows that are under way: a flow folded in between is missing
/// until the next reading, never counted twice. Cells that would fall behind an earlier reading
/// keep it, so every total only grows.
#[derive(Debug, Default)]
pub struct TotalsReader {
    cells: Vec<Totals>,
    reading: Vec<Totals>,
}

impl TotalsReader {
    pub fn read(&mut self, datapath: &impl Datapath) {
        datapath.folded(&mut self.reading);
        let mut add = |index: u32, packets: u64, octets: u64| {
            if let Some(cell) = self.reading.get_mut(index as usize) {
                cell.packets += packets;
                cell.octets += octets;
            }
        };
        for position in 0..datapath.slots() {
            if datapath.glance(position).generation == 0 {
                continue;
            }
            let Some(slot) = datapath.slot(position) else { continue };
            let (packets, octets) = slot.unfolded();
            let application = slot.verdict().number();
            add(
                totals_index(slot.tail.source_endpoint, application, Direction::Sent),
                packets,
                octets,
            );
            let received =
                totals_index(slot.tail.destination_endpoint, application, Direction::Received);
            add(received, packets, octets);
        }
        self.cells.resize(self.reading.len(), Totals::default());
        for (cell, read) in self.cells.iter_mut().zip(&self.reading) {
            cell.packets = cell.packets.max(read.packets);
            cell.octets = cell.octets.max(read.octets);
        }
    }

    /// Reads until no total can be behind what an earlier agent may have shown: each was read at a
    /// time when nothing was folded into it.
    pub fn resume(&mut self, datapath: &impl Datapath) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut is_open = Vec::new();
        datapath.folded(&mut before);
        for _ in 0..READINGS {
            self.read(datapath);
            datapath.folded(&mut after);
            is_open.resize(before.len(), true);
            let cells = is_open.iter_mut().zip(before.iter().zip(&after));
            let still_open = cells.fold(0_usize, |open, (is_open, (before, after))| {
                *is_open &= before != after;
                open + usize::from(*is_open)
            });
            if still_open == 0 {
                return;
            }
            std::mem::swap(&mut before, &mut after);
        }
    }

    /// Totals of one endpoint by direction, sent first.
    pub fn of_endpoint(&self, endpoint: EndpointIndex) -> [Totals; 2] {
        let first = totals_index(endpoint, 0, Direction::Sent) as usize;
        let cells = self.cells.get(first..first + CAPACITY as usize * 2).unwrap_or_default();
        let mut sums = [Totals::default(); 2];
        for (index, cell) in cells.iter().enumerate() {
            sums[index % 2].packets += cell.packets;
            sums[index % 2].octets += cell.octets;
        }
        sums
    }

    /// Totals of one endpoint by application, both directions together, empty ones left out.
    pub fn applications_of(&self, endpoint: EndpointIndex) -> BTreeMap<Application, Totals> {
        let mut sums = BTreeMap::new();
        for application in Application::ALL {
            for direction in [Direction::Sent, Direction::Received] {
                let index = totals_index(endpoint, *application as u8, direction) as usize;
                let cell = self.cells.get(index).copied().unwrap_or_default();
                if cell.packets > 0 {
                    let sum: &mut Totals = sums.entry(*application).or_default();
                    sum.packets += cell.packets;
                    sum.octets += cell.octets;
                }
            }
        }
        sums
    }

    /// Every packet once, by application: what all endpoints sent.
    pub fn by_application(&self) -> BTreeMap<Application, Totals> {
        let mut sums: BTreeMap<Application, Totals> = BTreeMap::new();
        for cells in self.cells.chunks_exact(CAPACITY as usize * 2) {
            for application in Application::ALL {
                let cell = cells[totals_index(0, *application as u8, Direction::Sent) as usize];
                if cell.packets > 0 {
                    let sum = sums.entry(*application).or_default();
                    sum.packets += cell.packets;
                    sum.octets += cell.octets;
                }
            }
        }
        sums
    }

    /// Endpoints that have places in the array.
    pub fn endpoints(&self) -> EndpointIndex {
        self.cells.len() as u32 / (CAPACITY * 2)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use sensor_common::{
        books::{InterfaceRow, Ledger},
        endpoint::EndpointKey,
        flow::FlowSlot,
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

        fn slot(&self, _: u32) -> Option<FlowSlot> {
            None
        }

        fn drain_records(&mut self, _: &mut dyn FnMut(&Evicted)) {}

        fn drain_notices(&mut self, _: &mut dyn FnMut(Notice)) {}

        fn endpoints(&self, _: &mut dyn FnMut(EndpointIndex, EndpointKey)) {}

        fn folded(&self, into: &mut Vec<Totals>) {
            self.calls.set(self.calls.get() + 1);
            let packets = if self.calls.get() > self.folds_at { 10 } else { 0 };
            into.clear();
            into.resize(CAPACITY as usize * 2, Totals::default());
            into[0] = Totals { packets, octets: packets };
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
            let seen = totals.cells[0].packets;
            let has_folded = datapath.calls.get() > folds_at;
            assert!(seen == 10 || !has_folded, "folds at {folds_at}: {seen}");
        }
    }
}
