//! The presentation language of TLS (RFC 8446 section 3): numbers, and vectors that say how long
//! they are.

/// Octets that are read from the front. `None` where fewer are there than asked for; then nothing
/// is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Octets<'a>(&'a [u8]);

impl<'a> Octets<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(octets)?;
        self.0 = rest;
        Some(taken)
    }

    /// As [`Self::take`], or what is left where that is less.
    pub(crate) fn take_at_most(&mut self, octets: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(octets.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<usize> {
        let [high, middle, low] = self.array()?;
        Some(usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A vector that one octet of length precedes.
    pub(crate) fn vector8(&mut self) -> Option<Octets<'a>> {
        let mut octets = *self;
        let length = octets.u8()?;
        let vector = octets.take(usize::from(length))?;
        *self = octets;
        Some(Self(vector))
    }

    /// A vector that two octets of length precede.
    pub(crate) fn vector16(&mut self) -> Option<Octets<'a>> {
        let mut octets = *self;
        let length = octets.u16()?;
        let vector = octets.take(usize::from(length))?;
        *self = octets;
        Some(Self(vector))
    }

    /// The numbers of a vector of them; an odd octet at its end is not read.
    pub(crate) fn numbers(self) -> impl Iterator<Item = u16> + 'a {
        self.0.as_chunks().0.iter().map(|number| u16::from_be_bytes(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_taken() {
        let mut octets = Octets::new(&[0, 3, 1, 2]);
        assert!(octets.vector16().is_none());
        assert_eq!(octets.u24(), Some(0x301));
        assert_eq!((octets.u16(), octets.u8()), (None, Some(2)));
        assert!(octets.is_empty());
    }

    #[test]
    fn vectors_end_where_they_say() {
        let mut octets = Octets::new(&[2, 0xa, 0xb, 0, 3, 1, 2, 3, 9, 9]);
        assert_eq!(octets.vector8().unwrap().rest(), [0xa, 0xb]);
        let numbers = octets.vector16().unwrap().numbers();
        assert_eq!(numbers.collect::<Vec<_>>(), [0x102]);
        assert_eq!(octets.take_at_most(7), [9, 9]);
    }
}
