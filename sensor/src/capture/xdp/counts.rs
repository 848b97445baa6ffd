//! What the mapped arrays hold, read without stopping anybody.

use sensor_common::{
    application::Verdict,
    books::{InterfaceRow, LEDGER_LINES, Ledger, UNDISSECTED_REASONS},
    flow::{FOLDED_WORD, GENERATION_WORD, HEAD_WORDS, PLACE_WORD, TAIL_WORDS, UNFOLDED_WORD},
};

use super::mapped::MappedWords;
use crate::capture::{Footing, Glance};

pub const ROW_WORDS: usize = size_of::<InterfaceRow>() / 8;

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
pub fn glance(heads: &MappedWords, tails: &MappedWords, position: u32) -> Glance {
    let (head, tail) = (position as usize * HEAD_WORDS, position as usize * TAIL_WORDS);
    let unfolded = heads.load(head + UNFOLDED_WORD) & 0xffff_ffff;
    let place = heads.load(head + PLACE_WORD);
    let life = tails.load(tail + GENERATION_WORD);
    Glance {
        generation: life as u32,
        packets: tails.load(tail + FOLDED_WORD).wrapping_add(unfolded),
        footing: Footing::new(
            Verdict::from_bits(place as u8),
            (life >> 32) as u8,
            (place >> 8) as u8,
        ),
    }
}
