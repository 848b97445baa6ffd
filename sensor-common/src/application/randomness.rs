//! Telling identifiers and keys that were drawn at random from the zeros of other protocols.

/// Whether none of the four pairs of octets is zero. Of words drawn at random, one in 16,384 is not.
#[inline(always)]
pub(super) fn looks_random(word: u64) -> bool {
    const ONES: u64 = 0x0001_0001_0001_0001;
    const HIGH: u64 = 0x8000_8000_8000_8000;
    word.wrapping_sub(ONES) & !word & HIGH == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_of_zeros_is_found_wherever_it_stands() {
        assert!(looks_random(0x0001_8000_0100_ffff));
        for place in 0..4 {
            assert!(!looks_random(0x1234_5678_9abc_def1 & !(0xffff << (16 * place))), "{place}");
        }
    }
}
