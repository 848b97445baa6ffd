//! Whole numbers in fewer octets than eight, of which a table of a million biflows holds many.

/// A whole number of 0 to [`Self::LARGEST`] in `N` octets, 1 to 8, without alignment. A larger one is
/// kept as the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Packed<const N: usize>([u8; N]);

impl<const N: usize> Default for Packed<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Packed<N> {
    pub const LARGEST: u64 = u64::MAX >> (64 - 8 * N);

    #[inline(always)]
    pub fn of(number: u64) -> Self {
        let mut octets = [0; N];
        octets.copy_from_slice(&number.min(Self::LARGEST).to_le_bytes()[..N]);
        Self(octets)
    }

    #[inline(always)]
    pub fn get(self) -> u64 {
        let mut octets = [0; 8];
        octets[..N].copy_from_slice(&self.0);
        u64::from_le_bytes(octets)
    }
}

/// Microseconds on the observation clock: those of a clock that counts from 1970 until the year 4253.
pub(super) type PackedMoment = Packed<7>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const _: () = assert!(size_of::<Packed<6>>() == 6 && align_of::<Packed<6>>() == 1);
    const _: () = assert!(size_of::<PackedMoment>() == 7 && align_of::<PackedMoment>() == 1);

    fn kept<const N: usize>(number: u64) -> u64 {
        Packed::<N>::of(number).get()
    }

    proptest! {
        #[test]
        fn what_fits_comes_back_and_what_does_not_is_the_largest(number: u64, shift in 0..64_u32) {
            let number = number >> shift;
            prop_assert_eq!(kept::<5>(number), number.min((1 << 40) - 1));
            prop_assert_eq!(kept::<6>(number), number.min((1 << 48) - 1));
            prop_assert_eq!(kept::<7>(number), number.min((1 << 56) - 1));
            prop_assert_eq!(kept::<8>(number), number);
        }
    }

    #[test]
    fn limits_are_kept_as_they_are() {
        for number in [0, 1, (1 << 48) - 2, (1 << 48) - 1] {
            assert_eq!(kept::<6>(number), number);
        }
        assert_eq!(kept::<6>(1 << 48), Packed::<6>::LARGEST);
        assert_eq!(kept::<7>(1 << 48), 1 << 48);
        assert_eq!(kept::<7>(u64::MAX), PackedMoment::LARGEST);
        // A capture of 2106, the last year that a classic capture can tell.
        let late = u64::from(u32::MAX) * 1_000_000 + 999_999;
        assert_eq!(kept::<7>(late), late);
    }
}
