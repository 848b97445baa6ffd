//! Seeded chance for the tests of this room: the same seed, the same run.

use std::ops::RangeInclusive;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        let span = (range.end() - range.start()) as u64 + 1;
        range.start() + (self.next() % span) as usize
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.within(0..=last));
        }
    }

    /// Changes, cuts, doubles or lengthens the octets in one to four places.
    pub fn mutate(&mut self, octets: &mut Vec<u8>) {
        for _ in 0..self.within(1..=4) {
            if octets.is_empty() {
                return;
            }
            let at = self.within(0..=octets.len() - 1);
            match self.within(0..=5) {
                0 => octets[at] ^= 1 << self.within(0..=7),
                1 => octets[at] = self.next() as u8,
                2 => octets[at] = [0, 0xff, 0x7f, 0x80][self.within(0..=3)],
                3 => octets.truncate(at),
                4 => octets.insert(at, self.next() as u8),
                _ => {
                    octets.remove(at);
                }
            }
        }
    }
}
