//! Sizes in octets as an operator writes them: `64KiB`, `64MiB`, `1GiB`.

use std::{fmt, ops::RangeInclusive};

use serde::{
    Deserializer, Serializer,
    de::{self, Visitor},
};

pub const KIB: u64 = 1 << 10;
pub const MIB: u64 = 1 << 20;
pub const GIB: u64 = 1 << 30;

const UNITS: [(&str, u64); 4] = [("GiB", GIB), ("MiB", MIB), ("KiB", KIB), ("B", 1)];

/// Reads one whole number and one unit.
///
/// # Errors
///
/// A sentence that says how a size is written.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || {
        format!(
            "`{text}` is not a size: write a whole number and B, KiB, MiB or GiB, as in \"64MiB\""
        )
    };
    let end = text.find(|each: char| !each.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(*factor).ok_or_else(wrong)
}

/// The shortest writing that [`parse`] reads back.
pub fn written(octets: u64) -> String {
    let unit = UNITS.iter().find(|(_, factor)| octets.is_multiple_of(*factor));
    let (name, factor) = unit.unwrap_or(&UNITS[3]);
    format!("{}{name}", octets / factor)
}

pub fn serialize<S: Serializer>(octets: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&written(*octets))
}

/// Writes a size where there is one.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize_given<S: Serializer>(
    octets: &Option<u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match octets {
        Some(octets) => serialize(octets, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads a size, refusing what is out of `range`.
///
/// # Errors
///
/// Those of the deserializer, and one that names both bounds.
pub fn within<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: RangeInclusive<u64>,
) -> Result<u64, D::Error> {
    let octets = deserializer.deserialize_str(Written)?;
    if range.contains(&octets) {
        return Ok(octets);
    }
    Err(de::Error::custom(format!(
        "{} is out of range: allowed is {} to {}",
        written(octets),
        written(*range.start()),
        written(*range.end())
    )))
}

struct Written;

impl Visitor<'_> for Written {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a size in quotes, such as \"64MiB\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(parse("64MiB"), Ok(64 * MIB));
        assert_eq!(written(64 * MIB), "64MiB");
        assert_eq!(written(1536), "1536B");
        for text in ["1B", "64KiB", "3GiB", "0B"] {
            let octets = parse(text).unwrap();
            assert_eq!(parse(&written(octets)), Ok(octets));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "64", "MiB", "64MB", "64 MiB", "1.5GiB", "-1B", "99999999999GiB"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
