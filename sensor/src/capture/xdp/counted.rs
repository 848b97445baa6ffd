//! The part of the tables in which packets are counted: flows, and the totals that they are folded
//! into. It is memory and nothing else, so threads may share it.

use std::sync::atomic::{Ordering, fence};

use sensor_common::{
    application::{Application, Verdict},
    endpoint::{Direction, EndpointIndex, Totals, totals_index},
    flow::{
        ENDPOINTS_WORD, FlowSlot, GENERATION_WORD, HEAD_WORDS, PLACE_WORD, SLOT_WORDS, TAIL_WORDS,
        UNFOLDED_OCTETS_WORD, UNFOLDED_WORD,
    },
};

use super::{counts, mapped::MappedWords};
use crate::capture::{Glance, Tallies, Unfolded};

/// Totals of an endpoint, sent and received.
pub const PAIR_WORDS: usize = size_of::<[Totals; 2]>() / 8;
/// Slots that are fetched from memory together.
const AT_ONCE: usize = 64;
/// Slots that are fetched ahead of one that is looked at in turn.
const AHEAD: usize = 32;

/// Flows and totals, mapped for reading only.
#[derive(Debug)]
pub struct Counted {
    pub(super) heads: MappedWords,
    pub(super) tails: MappedWords,
    pub(super) totals: MappedWords,
    pub(super) unknown_totals: MappedWords,
    pub(super) endpoints: EndpointIndex,
}

impl Counted {
    pub(super) fn slots(&self) -> u32 {
        (self.heads.len() / HEAD_WORDS) as u32
    }

    pub(super) fn glance(&self, position: u32) -> Glance {
        counts::glance(&self.heads, &self.tails, position)
    }

    /// The low half of the tick of the last packet, for somebody who goes on to the next slots: the
    /// processor does not foresee what lies in the next page, and a page has 64 slots.
    #[inline]
    pub(super) fn last_seen_in_turn(&self, position: u32) -> u32 {
        self.heads.expect((position as usize + AHEAD) * HEAD_WORDS);
        (self.heads.load(position as usize * HEAD_WORDS + UNFOLDED_WORD) >> 32) as u32
    }

    pub(super) fn expect_slot(&self, position: u32) {
        self.heads.expect(position as usize * HEAD_WORDS);
        self.tails.expect(position as usize * TAIL_WORDS);
    }

    pub(super) fn slot(&self, position: u32) -> Option<FlowSlot> {
        let (head, tail) = (position as usize * HEAD_WORDS, position as usize * TAIL_WORDS);
        self.unless_it_changes_hands(position, || {
            let mut words = [0; SLOT_WORDS];
            words[..HEAD_WORDS].copy_from_slice(&self.heads.copy::<HEAD_WORDS>(head));
            words[HEAD_WORDS..].copy_from_slice(&self.tails.copy::<TAIL_WORDS>(tail));
            FlowSlot::from_words(&words)
        })
    }

    /// What `read` reads of a slot, if that was of one flow all the time.
    #[inline]
    fn unless_it_changes_hands<T>(&self, position: u32, read: impl FnOnce() -> T) -> Option<T> {
        let generation =
            || self.tails.load(position as usize * TAIL_WORDS + GENERATION_WORD) as u32;
        let before = generation();
        if before & 1 == 1 {
            return None;
        }
        let read = read();
        fence(Ordering::Acquire);
        (before == generation()).then_some(read)
    }

    /// What a slot has counted since it was last folded: of its 128 octets the 40 that tell that.
    fn unfolded_of(&self, position: u32) -> Option<Unfolded> {
        let (head, tail) = (position as usize * HEAD_WORDS, position as usize * TAIL_WORDS);
        self.unless_it_changes_hands(position, || {
            let endpoints = self.tails.load(tail + ENDPOINTS_WORD);
            Unfolded {
                source: endpoints as u32,
                destination: (endpoints >> 32) as u32,
                application: Verdict::from_bits(self.heads.load(head + PLACE_WORD) as u8).number(),
                totals: Totals {
                    packets: self.heads.load(head + UNFOLDED_WORD) & 0xffff_ffff,
                    octets: self.heads.load(head + UNFOLDED_OCTETS_WORD),
                },
            }
        })
    }

    fn has_unfolded(&self, position: u32) -> bool {
        self.heads.load(position as usize * HEAD_WORDS + UNFOLDED_WORD) as u32 != 0
    }
}

impl Tallies for Counted {
    fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
        let mut look = |words: &MappedWords, first: usize, cell: u32| {
            let totals = Totals { packets: words.load(first), octets: words.load(first + 1) };
            if totals != Totals::default() {
                visit(cell, totals);
            }
        };
        for cell in 0..self.totals.len() / 2 {
            look(&self.totals, cell * 2, cell as u32);
        }
        // One CPU's after the other's.
        for pair in 0..self.unknown_totals.len() / PAIR_WORDS {
            let endpoint = (pair % self.endpoints as usize) as EndpointIndex;
            for direction in [Direction::Sent, Direction::Received] {
                let cell = totals_index(endpoint, Application::Unknown as u8, direction);
                look(&self.unknown_totals, pair * PAIR_WORDS + direction as usize * 2, cell);
            }
        }
    }

    fn unfolded(&self, visit: &mut dyn FnMut(Unfolded)) {
        let mut counting = Vec::with_capacity(AT_ONCE);
        for first in (0..self.slots()).step_by(AT_ONCE) {
            let end = self.slots().min(first + AT_ONCE as u32);
            for position in (first..end).filter(|position| self.has_unfolded(*position)) {
                self.tails.expect(position as usize * TAIL_WORDS);
                counting.push(position);
            }
            counting.drain(..).filter_map(|slot| self.unfolded_of(slot)).for_each(&mut *visit);
        }
    }
}
