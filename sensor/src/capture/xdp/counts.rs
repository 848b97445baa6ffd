//! What the mapped arrays hold, read without stopping anybody.

use sensor_common::{
    books::{InterfaceRow, LEDGER_LINES, Ledger, UNDISSECTED_REASONS},
    flow::{GENERATION_WORD, SLOT_WORDS},
};

use super::mapped::MappedWords;
use crate::capture::Glance;

pub const ROW_WORDS: usize = size_of::<InterfaceRow>() / 8;
/// Words of the flow slot that a glance needs: unfolded packets (low half), folded packets.
const UNFOLDED_WORD: usize = 7;
const FOLDED_WORD: usize = 8;

/// Rows of the books on which frames were counted.
pub fn rows(books: &MappedWords) -> Vec<InterfaceRow> {
    let rows = (0..books.len() / ROW_WORDS).map(|row| {
        let words: [u64; ROW_WORDS] = books.copy(row * ROW_WORDS);
        let mut undissected_frames = [0; UNDISSECTED_REASONS];
        undissected_frames.copy_from_slice(&words[4..]);
        InterfaceRow {
            interface: words[0],
            received_frames: words[1],
            received_octets: words[2],
            undissected_octets: words[3],
            undissected_frames,
        }
    });
    rows.filter(|row| row.received_frames > 0).collect()
}

/// The ledgers of all CPUs, added up. Words count modulo 2^64, as the program adds.
pub fn ledger(ledgers: &MappedWords) -> Ledger {
    let mut sum = Ledger::default();
    for word in 0..ledgers.len() {
        let line = &mut sum.lines[word % LEDGER_LINES];
        *line = line.wrapping_add(ledgers.load(word));
    }
    sum
}

/// What a slot of the flow table tells at a glance.
pub fn glance(flows: &MappedWords, position: u32) -> Glance {
    let first = position as usize * SLOT_WORDS;
    let unfolded = flows.load(first + UNFOLDED_WORD) & 0xffff_ffff;
    Glance {
        generation: flows.load(first + GENERATION_WORD) as u32,
        packets: flows.load(first + FOLDED_WORD).wrapping_add(unfolded),
    }
}
