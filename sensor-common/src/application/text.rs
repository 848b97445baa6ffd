//! Looking at several octets of text at once: the kernel's verifier pays for every branch.

#[cfg(test)]
use crate::payload::WINDOW;
use crate::payload::{Payload, WORDS};

const ONES: u64 = 0x0101_0101_0101_0101;
pub(super) const HIGH: u64 = 0x8080_8080_8080_8080;
/// The bit that tells small letters of ASCII from capitals, in every octet.
pub(super) const SMALL: u64 = 0x2020_2020_2020_2020;

/// Whether each of eight octets is in `LOW..=0x7f`, `LOW` at least 1.
#[inline(always)]
pub(super) fn is_from<const LOW: u8>(octets: u64) -> bool {
    // With the high bits set first, a borrow cannot cross octets.
    let not_below = (octets | HIGH) - ONES * LOW as u64;
    octets & HIGH == 0 && not_below & HIGH == HIGH
}

/// Whether each of eight octets is in `LOW..=TOP`.
#[inline(always)]
pub(super) fn is_within<const LOW: u8, const TOP: u8>(octets: u64) -> bool {
    let not_below = (octets | HIGH) - ONES * LOW as u64;
    let not_above = ((ONES * TOP as u64) | HIGH) - (octets & !HIGH);
    octets & HIGH == 0 && not_below & not_above & HIGH == HIGH
}

/// Whether each of eight octets is printable.
#[inline(always)]
pub(super) fn is_printable(octets: u64) -> bool {
    is_from::<0x20>(octets)
}

/// The high bit of each of eight octets that is printable, that is a line feed, that is zero.
#[inline(always)]
pub(super) fn line_octets(octets: u64) -> (u64, u64, u64) {
    let low = octets & !HIGH;
    // With the high bit set first, no borrow crosses octets; with it clear, no carry does.
    let is_zero = |word: u64| !(((word & !HIGH) + !HIGH) | word) & HIGH;
    let not_below = (low | HIGH) - ONES * 0x20;
    let not_above = ((ONES * 0x7e) | HIGH) - low;
    let printable = not_below & not_above & !octets & HIGH;
    (printable, is_zero(octets ^ (ONES * 0x0a)), is_zero(octets))
}

/// Octets of the first line with its line feed, 0 if it does not end within the first 64.
#[inline(always)]
pub(super) fn line_length(payload: &Payload) -> usize {
    let mut word = 8;
    let mut length = 0;
    while word > 0 {
        word -= 1;
        // Read afresh, as below.
        let (_, line_feeds, _) = line_octets(core::hint::black_box(payload).be_u64_at(word * 8));
        if line_feeds != 0 {
            length = word * 8 + (line_feeds.leading_zeros() / 8) as usize + 1;
        }
    }
    length
}

/// Where the first zero is of the octets from the `skipped`-th (below 8) of word `FROM` on, [`WINDOW`]
/// if none is in the window. Without a branch: so many would be ways for the verifier to go.
#[inline(always)]
pub(super) fn first_zero<const FROM: usize>(payload: &Payload, skipped: usize) -> usize {
    // 1 until a zero is found, then 0.
    let mut is_before = 1;
    let mut found = (FROM * 8) as u64;
    let mut word = FROM;
    while word < WORDS {
        let octets = core::hint::black_box(payload).be_u64_at(word * 8);
        // What is skipped is no zero.
        let header = if word == FROM { !(u64::MAX >> ((skipped & 7) * 8)) } else { 0 };
        let (_, _, zeros) = line_octets(octets | header);
        // From the first zero on, the high bit of every octet.
        let behind = zeros | zeros >> 8;
        let behind = behind | behind >> 16;
        let behind = behind | behind >> 32;
        let count = 8 - ((behind >> 7).wrapping_mul(ONES) >> 56);
        is_before = core::hint::black_box(is_before);
        found += is_before * count;
        is_before *= count >> 3;
        word += 1;
    }
    found as usize
}

/// Whether the payload begins with four printable octets.
#[inline(always)]
pub(super) fn begins_printable(payload: &Payload) -> bool {
    is_printable((payload.be_u32(0) as u64) << 32 | 0x2020_2020)
}

/// Whether three octets stand one after another in the words from `FROM` up to `TO`, or begin there:
/// `letters` after an octet that is `before`, if that is given, in capitals or small letters.
#[inline(always)]
pub(super) fn has_within<const FROM: usize, const TO: usize>(
    payload: &Payload,
    letters: [u8; 3],
    before: Option<u8>,
) -> bool {
    const { assert!(TO <= WORDS) };
    let [first, second, third] = letters.map(|letter| ONES * letter as u64);
    let mut found = 0;
    let mut word = FROM;
    while word < TO {
        // Read afresh: kept for the next search, the words would fill the kernel's stack.
        let payload = core::hint::black_box(payload);
        let at = word * 8;
        // An octet of `differing` is 0 where all of them match.
        let differing = (payload.be_u64_at(at + 1) | SMALL) ^ first
            | (payload.be_u64_at(at + 2) | SMALL) ^ second
            | (payload.be_u64_at(at + 3) | SMALL) ^ third
            | match before {
                Some(octet) => payload.be_u64_at(at) ^ (ONES * octet as u64),
                None => 0,
            };
        found |= differing.wrapping_sub(ONES) & !differing & HIGH;
        word += 1;
    }
    found != 0
}

/// The same in the first 64 octets.
#[inline(always)]
pub(super) fn has_anywhere(payload: &Payload, letters: [u8; 3], before: Option<u8>) -> bool {
    has_within::<0, 8>(payload, letters, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_at_their_borders_in_every_octet() {
        for place in 0..8 {
            for octet in 0..=255u8 {
                let mut octets = *b"abcdefgh";
                octets[place] = octet;
                let word = u64::from_be_bytes(octets);
                assert_eq!(is_printable(word), (0x20..0x80).contains(&octet), "{octet:#x}");
                let wanted = (b'a'..=b'h').contains(&octet);
                assert_eq!(is_within::<b'a', b'h'>(word), wanted, "{octet:#x}");
            }
        }
    }

    #[test]
    fn octets_of_a_line_are_told_apart_in_every_place() {
        for place in 0..8 {
            for octet in 0..=255u8 {
                let mut octets = *b"abcdefgh";
                octets[place] = octet;
                let here = 0x80 << (56 - place * 8);
                let found = line_octets(u64::from_be_bytes(octets));
                let is = |is: bool| if is { here } else { 0 };
                let printable = HIGH & !here | is((0x20..0x7f).contains(&octet));
                assert_eq!(found, (printable, is(octet == 10), is(octet == 0)), "{octet:#x}");
            }
        }
    }

    #[test]
    fn the_first_line_ends_at_the_first_line_feed() {
        for at in 0..64 {
            let mut octets = [b'x'; 70];
            (octets[at], octets[69]) = (b'\n', b'\n');
            assert_eq!(line_length(&Payload::from_octets(&octets)), at + 1);
            octets[63] = b'\n';
            assert_eq!(line_length(&Payload::from_octets(&octets)), at + 1);
        }
        assert_eq!(line_length(&Payload::from_octets(b"no end")), 0);
        assert_eq!(line_length(&Payload::from_octets(&[b'x'; 80])), 0);
    }

    #[test]
    fn the_first_zero_is_found_wherever_it_stands() {
        for skipped in 0..8 {
            for at in 8 + skipped..WINDOW {
                let mut octets = [b'x'; WINDOW];
                (octets[at], octets[7 + skipped], octets[WINDOW - 1]) = (0, 0, 0);
                assert_eq!(first_zero::<1>(&Payload::from_octets(&octets), skipped), at);
            }
            assert_eq!(first_zero::<1>(&Payload::from_octets(&[b'x'; 300]), skipped), WINDOW);
        }
    }

    #[test]
    fn letters_are_found_wherever_they_stand() {
        for at in 1..61 {
            let mut octets = [b'.'; 64];
            octets[at..at + 3].copy_from_slice(b"FtP");
            let payload = Payload::from_octets(&octets);
            assert!(has_anywhere(&payload, *b"ftp", None), "{at}");
            assert!(has_anywhere(&payload, *b"ftp", Some(b'.')), "{at}");
            assert!(!has_anywhere(&payload, *b"ftp", Some(0)), "{at}");
            assert!(!has_anywhere(&payload, *b"mtp", None), "{at}");
        }
    }
}
