//! Counters that begin near the end of what a word holds.

use sensor_common::flow::{FOLDED_WORD, GENERATION_WORD, HEAD_WORDS, SLOT_WORDS, UNFOLDED_WORD};

use super::*;

/// Words of a slot: those of the head, then those of the tail.
const UNFOLDED_OCTETS: usize = UNFOLDED_WORD - 1;
const UNFOLDED_PACKETS: usize = UNFOLDED_WORD;
const FOLDED_PACKETS: usize = HEAD_WORDS + FOLDED_WORD;
const FOLDED_OCTETS: usize = FOLDED_PACKETS + 1;
/// In the upper half: when the last packet came.
const LAST_SEEN: u64 = 1 << 32;

/// A data path of one flow with these counts.
struct OneFlow {
    words: [u64; SLOT_WORDS],
}

impl Datapath for OneFlow {
    fn now(&self) -> u64 {
        10
    }

    fn slots(&self) -> u32 {
        1
    }

    fn glance(&self, _: u32) -> Glance {
        let slot = FlowSlot::from_words(&self.words);
        Glance {
            generation: slot.tail.generation,
            packets: slot.packets(),
            footing: Footing::of(&slot),
        }
    }

    fn slot(&self, _: u32) -> Option<FlowSlot> {
        Some(FlowSlot::from_words(&self.words))
    }

    fn drain_records(&mut self, _: &mut dyn FnMut(&Evicted)) {}

    fn drain_notices(&mut self, _: &mut dyn FnMut(Notice)) {}

    fn endpoints(&self, _: &mut dyn FnMut(EndpointIndex, EndpointKey)) {}

    fn endpoint_capacity(&self) -> EndpointIndex {
        0
    }

    fn interface_rows(&self) -> Vec<InterfaceRow> {
        Vec::new()
    }

    fn ledger(&self) -> Ledger {
        Ledger::default()
    }
}

/// What a reader reports of a flow whose counter stood at `start` when it was first read, and then
/// counted seven packets of 100 octets twenty times.
fn reported(start: u64) -> Vec<(u64, u64)> {
    let mut datapath = OneFlow { words: [0; SLOT_WORDS] };
    datapath.words[HEAD_WORDS + GENERATION_WORD] = 2;
    datapath.words[UNFOLDED_PACKETS] = LAST_SEEN;
    datapath.words[FOLDED_PACKETS] = start;
    datapath.words[FOLDED_OCTETS] = start;
    let mut reader = Reader::new(&datapath, TickClock::of_replay());
    let mut observation = Observation::default();
    reader.sweep(&mut datapath, &mut observation);
    observation.clear();
    let mut told = Vec::new();
    for _ in 0..20 {
        datapath.words[UNFOLDED_PACKETS] += 3;
        datapath.words[UNFOLDED_OCTETS] += 300;
        let folded = &mut datapath.words;
        folded[FOLDED_PACKETS] = folded[FOLDED_PACKETS].wrapping_add(4);
        folded[FOLDED_OCTETS] = folded[FOLDED_OCTETS].wrapping_add(400);
        reader.sweep(&mut datapath, &mut observation);
        told.extend(observation.flows.iter().map(|delta| (delta.packets, delta.octets)));
        observation.clear();
    }
    told
}

#[test]
fn differences_are_exact_where_counters_pass_the_end_of_a_word() {
    for start in [0, (1 << 32) - 10, u64::MAX - 9] {
        assert_eq!(reported(start), [(7, 700); 20], "from {start}");
    }
}

#[test]
fn a_counter_that_seems_to_shrink_has_not_grown() {
    assert_eq!(growth(10, 3), 0);
    assert_eq!(growth(u64::MAX - 1, 2), 4);
}
