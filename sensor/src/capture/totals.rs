//! Totals per device and per application: exact, whatever happened to the flow table.

use std::collections::BTreeMap;

use sensor_common::{
    application::Application,
    endpoint::{Direction, EndpointIndex, Totals, totals_index, totals_owner},
};

use super::{Tallies, Unfolded};
use crate::hash::{HashMap, HashSet};

/// Readings after which [`TotalsReader::resume`] is content with what it has.
const READINGS: usize = 16;

/// Totals by endpoint, application and direction at one reading.
///
/// What is folded is read before the flows that are under way: a flow folded in between is missing
/// until the next reading, never counted twice. Cells that would fall behind an earlier reading
/// keep it, so every total only grows.
#[derive(Clone, Debug, Default)]
pub struct TotalsReader {
    /// By [`totals_index`]. An endpoint speaks a few applications of the many that there are, so
    /// cells of nothing are left out.
    cells: BTreeMap<u32, Totals>,
}

impl TotalsReader {
    pub fn read(&mut self, tallies: &impl Tallies) {
        let mut reading = folded(tallies);
        tallies.unfolded(&mut |unfolded| {
            let Unfolded { source, destination, application, totals } = unfolded;
            for cell in [
                totals_index(source, application, Direction::Sent),
                totals_index(destination, application, Direction::Received),
            ] {
                add(reading.entry(cell).or_default(), totals);
            }
        });
        for (index, read) in reading {
            let cell = self.cells.entry(index).or_default();
            cell.packets = cell.packets.max(read.packets);
            cell.octets = cell.octets.max(read.octets);
        }
    }

    /// Reads until no total can be behind what an earlier agent may have shown: each was read at a
    /// time when nothing was folded into it.
    pub fn resume(&mut self, tallies: &impl Tallies) {
        let mut before = folded(tallies);
        // Those that were folded into whenever they were read; at first any may have been.
        let mut open: Option<HashSet<u32>> = None;
        for _ in 0..READINGS {
            self.read(tallies);
            let after = folded(tallies);
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

/// What was folded, by [`totals_index`].
pub fn folded(tallies: &impl Tallies) -> HashMap<u32, Totals> {
    let mut folded: HashMap<u32, Totals> = HashMap::default();
    tallies.folded(&mut |cell, totals| add(folded.entry(cell).or_default(), totals));
    folded
}

fn add(sum: &mut Totals, totals: Totals) {
    sum.packets = sum.packets.wrapping_add(totals.packets);
    sum.octets = sum.octets.wrapping_add(totals.octets);
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// One total, into which something is folded out of a slot during the first readings: 10 packets
    /// that were counted all the time.
    struct Folding {
        calls: Cell<u32>,
        folds_at: u32,
    }

    impl Tallies for Folding {
        fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
            self.calls.set(self.calls.get() + 1);
            if self.calls.get() > self.folds_at {
                visit(0, Totals { packets: 10, octets: 10 });
            }
        }

        /// Slots are read after what is folded; by then the flow has left its slot.
        fn unfolded(&self, _: &mut dyn FnMut(Unfolded)) {}
    }

    #[test]
    fn what_is_folded_during_the_first_reading_is_not_missed_by_an_agent_that_takes_over() {
        for folds_at in 1..=6 {
            let mut totals = TotalsReader::default();
            let tallies = Folding { calls: Cell::new(0), folds_at };
            totals.resume(&tallies);
            let seen = totals.of_endpoint(0)[0].packets;
            let has_folded = tallies.calls.get() > folds_at;
            assert!(seen == 10 || !has_folded, "folds at {folds_at}: {seen}");
        }
    }
}
