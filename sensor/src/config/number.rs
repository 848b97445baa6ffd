//! Whole numbers with bounds.

use std::{fmt, ops::RangeInclusive};

use serde::{
    Deserializer,
    de::{self, Unexpected, Visitor},
};

/// Reads a whole number of `range`.
///
/// # Errors
///
/// Those of the deserializer; they name both bounds.
pub fn within<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<u32>,
) -> Result<u32, D::Error> {
    deserializer.deserialize_i64(Bounded(range))
}

struct Bounded(RangeInclusive<u32>);

impl Visitor<'_> for Bounded {
    type Value = u32;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lowest, highest) = (self.0.start(), self.0.end());
        write!(formatter, "a whole number from {lowest} to {highest}")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u32, E> {
        u32::try_from(number)
            .ok()
            .filter(|number| self.0.contains(number))
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u32, E> {
        u32::try_from(number)
            .ok()
            .filter(|number| self.0.contains(number))
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
}
