//! How many samples one CPU may take in a second, and how many of them for one device.

use crate::endpoint::EndpointIndex;

/// Shares that are counted apart; endpoints with the same low bits have one together.
const SHARES: usize = 256;

/// Of a second's samples, one device may have one part in this many.
const PARTS: u64 = 4;

/// So many headers may be taken for each other sample: they are short, and say something only
/// together.
pub const HEADERS_FOR_EACH: u64 = 4;

/// Of a word: the second in all bits above these, what was taken in it in these.
const COUNT_BITS: u32 = 16;

/// What one CPU has taken in the present second. Headers of conversations that are sampled
/// throughout have an allowance of their own, so that however many there are, a hello, a lease or an
/// announcement is not refused for them.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleBudget {
    others: Allowance,
    headers: Allowance,
}

impl SampleBudget {
    /// Takes one more sample for `endpoint` if `limit` (a header counts as a part of one; below 2^14),
    /// for all, and the device's part of it allow.
    #[inline(always)]
    pub fn take(
        &mut self,
        second: u64,
        limit: u64,
        endpoint: EndpointIndex,
        is_header: bool,
    ) -> bool {
        if is_header {
            self.headers.take(second, limit * HEADERS_FOR_EACH, endpoint)
        } else {
            self.others.take(second, limit, endpoint)
        }
    }
}

/// Each word bears its second, so that a new second needs no clearing, which in the kernel would be
/// a loop.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Allowance {
    all: u64,
    shares: [u64; SHARES],
}

impl Default for Allowance {
    fn default() -> Self {
        Self { all: 0, shares: [0; SHARES] }
    }
}

impl Allowance {
    #[inline(always)]
    fn take(&mut self, second: u64, limit: u64, endpoint: EndpointIndex) -> bool {
        let share = &mut self.shares[endpoint as usize & (SHARES - 1)];
        let is_within = taken(self.all, second) < limit && taken(*share, second) <= limit / PARTS;
        if is_within {
            self.all = one_more(self.all, second);
            *share = one_more(*share, second);
        }
        is_within
    }
}

#[inline(always)]
const fn taken(word: u64, second: u64) -> u64 {
    if word >> COUNT_BITS == second { word & ((1 << COUNT_BITS) - 1) } else { 0 }
}

#[inline(always)]
const fn one_more(word: u64, second: u64) -> u64 {
    second << COUNT_BITS | (taken(word, second) + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_its_limit_and_a_device_its_part() {
        let mut budget = SampleBudget::default();
        let of_one = (0..1000).filter(|_| budget.take(7, 100, 3, false)).count();
        assert_eq!(of_one, 26);
        let of_many = (0..1000).filter(|&index| budget.take(7, 100, index, false)).count();
        assert_eq!(of_one + of_many, 100);
        assert!(budget.take(8, 100, 3, false));
    }

    #[test]
    fn headers_take_nothing_from_others_nor_others_from_them() {
        let mut budget = SampleBudget::default();
        let of_one = (0..1000).filter(|_| budget.take(7, 100, 3, true)).count();
        assert_eq!(of_one, 101);
        let of_many = (0..1000).filter(|&index| budget.take(7, 100, index, true)).count();
        assert_eq!(of_one + of_many, 400);
        assert_eq!((0..1000).filter(|_| budget.take(7, 100, 3, false)).count(), 26);
        assert!(budget.take(8, 100, 3, true));
    }

    #[test]
    fn a_limit_of_zero_allows_nothing() {
        assert!(!SampleBudget::default().take(1, 0, 3, false));
        assert!(!SampleBudget::default().take(1, 0, 3, true));
    }
}
