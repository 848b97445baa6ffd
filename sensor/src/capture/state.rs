//! Everything that a data path knows, at one moment: by which two of them are held against each
//! other.

use std::fmt::{self, Debug};

use sensor_common::{
    books::{InterfaceRow, Ledger},
    endpoint::{EndpointIndex, EndpointKey, Totals},
    flow::FlowSlot,
};

use super::{Datapath, Glance, Notice, Tallies, Unfolded, totals};
use crate::observation::PayloadSample;

/// What was counted so far, and what came over the rings since the last look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub slots: Vec<Option<FlowSlot>>,
    pub glances: Vec<Glance>,
    pub evicted: Vec<FlowSlot>,
    /// Notices other than samples.
    pub notices: usize,
    pub samples: Vec<PayloadSample>,
    pub endpoints: Vec<(EndpointIndex, EndpointKey)>,
    pub totals: Vec<(u32, Totals)>,
    /// What flows have counted that is not in the totals, slot after slot.
    pub unfolded: Vec<Unfolded>,
    pub rows: Vec<InterfaceRow>,
    pub ledger: Ledger,
}

/// The first part in which two states differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub part: &'static str,
    /// Where in that part, if it is a list.
    pub position: Option<usize>,
    pub expected: String,
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { part, position, .. } = self;
        match position {
            Some(position) => write!(formatter, "the {part} (number {position})"),
            None => write!(formatter, "the {part}"),
        }
    }
}

impl State {
    /// Looks at all of a data path, and empties its rings.
    pub fn of(datapath: &mut (impl Datapath + Tallies)) -> Self {
        let mut state = Self::default();
        datapath.drain_records(&mut |record| state.evicted.push(record.slot.slot()));
        datapath.drain_notices(&mut |notice| match notice {
            Notice::Sample(sample) => state.samples.push(sample),
            _ => state.notices += 1,
        });
        datapath.endpoints(&mut |index, key| state.endpoints.push((index, key)));
        state.endpoints.sort_unstable();
        state.totals = totals::folded(datapath).into_iter().collect();
        state.totals.sort_unstable_by_key(|(cell, _)| *cell);
        datapath.unfolded(&mut |unfolded| state.unfolded.push(unfolded));
        state.rows = datapath.interface_rows();
        state.rows.sort_unstable_by_key(|row| row.interface);
        state.slots = (0..datapath.slots()).map(|position| datapath.slot(position)).collect();
        state.glances = (0..datapath.slots()).map(|position| datapath.glance(position)).collect();
        state.ledger = datapath.ledger();
        state
    }

    /// In what `other` is not as this one, if in anything.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        list("slots of the flow table", &self.slots, &other.slots)
            .or_else(|| list("glances at its slots", &self.glances, &other.glances))
            .or_else(|| list("rows of the interfaces", &self.rows, &other.rows))
            .or_else(|| list("lines of the ledger", &self.ledger.lines, &other.ledger.lines))
            .or_else(|| list("endpoints", &self.endpoints, &other.endpoints))
            .or_else(|| list("flows that left the table", &self.evicted, &other.evicted))
            .or_else(|| list("totals", &self.totals, &other.totals))
            .or_else(|| list("counts of flows beside them", &self.unfolded, &other.unfolded))
            .or_else(|| one("number of notices", &self.notices, &other.notices))
            .or_else(|| list("samples", &self.samples, &other.samples))
    }
}

fn one<T: PartialEq + Debug>(part: &'static str, expected: &T, found: &T) -> Option<Difference> {
    (expected != found).then(|| Difference {
        part,
        position: None,
        expected: format!("{expected:?}"),
        found: format!("{found:?}"),
    })
}

fn list<T: PartialEq + Debug>(
    part: &'static str,
    expected: &[T],
    found: &[T],
) -> Option<Difference> {
    let length = expected.len().max(found.len());
    let position = (0..length).find(|at| expected.get(*at) != found.get(*at))?;
    let shown = |list: &[T]| {
        list.get(position).map_or_else(|| "nothing".to_owned(), |entry| format!("{entry:?}"))
    };
    let (expected, found) = (shown(expected), shown(found));
    Some(Difference { part, position: Some(position), expected, found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Footing;

    #[test]
    fn each_part_is_held_against_its_own() {
        let state = State::default();
        assert_eq!(state.difference(&state.clone()), None);
        let row = InterfaceRow { interface: 1, received_frames: 3, ..InterfaceRow::default() };
        let mut ledger = Ledger::default();
        ledger.lines[2] = 1;
        let totals = Totals { packets: 1, octets: 60 };
        let glance = Glance { generation: 1, packets: 1, footing: Footing::default() };
        let others = [
            (State { glances: vec![glance], ..state.clone() }, "glances at its slots"),
            (State { slots: vec![None], ..state.clone() }, "slots of the flow table"),
            (State { rows: vec![row], ..state.clone() }, "rows of the interfaces"),
            (State { ledger, ..state.clone() }, "lines of the ledger"),
            (State { endpoints: vec![(2, EndpointKey::default())], ..state.clone() }, "endpoints"),
            (
                State { evicted: vec![FlowSlot::default()], ..state.clone() },
                "flows that left the table",
            ),
            (State { totals: vec![(0, totals)], ..state.clone() }, "totals"),
            (
                State {
                    unfolded: vec![Unfolded { totals, ..Unfolded::default() }],
                    ..state.clone()
                },
                "counts of flows beside them",
            ),
            (State { notices: 1, ..state.clone() }, "number of notices"),
        ];
        for (other, part) in others {
            let found = state.difference(&other).expect("they differ");
            assert_eq!(found.part, part);
            assert_eq!(other.difference(&state).expect("both ways").part, part);
        }
    }

    #[test]
    fn the_first_entry_that_differs_is_shown_and_a_missing_one_is_nothing() {
        let row = |received_frames| InterfaceRow { received_frames, ..InterfaceRow::default() };
        let two = State { rows: vec![row(1), row(2)], ..State::default() };
        let other = State { rows: vec![row(1), row(3)], ..State::default() };
        let found = two.difference(&other).expect("they differ");
        assert_eq!(found.position, Some(1));
        assert!(found.expected.contains("received_frames: 2"), "{found:?}");
        assert!(found.found.contains("received_frames: 3"), "{found:?}");
        assert_eq!(found.to_string(), "the rows of the interfaces (number 1)");
        let one = State { rows: vec![row(1)], ..State::default() };
        assert_eq!(two.difference(&one).expect("they differ").found, "nothing");
    }
}
