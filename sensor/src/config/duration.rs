//! Durations as an operator writes them: `500ms`, `60s`, `5m`, `2h`, `7d`.

use std::{fmt, time::Duration};

use serde::{
    Deserializer, Serializer,
    de::{self, Visitor},
};

/// Milliseconds in each unit, longest first.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// The longest that may be written.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// Reads one number and one unit.
///
/// # Errors
///
/// A sentence that says how a duration is written.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || {
        format!(
            "`{text}` is not a duration: write a number and ms, s, m, h or d, as in \"60s\", up to 365d"
        )
    };
    let end = text.find(|each: char| !each.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(end);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number
        .checked_mul(*factor)
        .map(Duration::from_millis)
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(wrong)
}

/// The shortest writing that [`parse`] reads back, to the millisecond.
pub fn written(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let unit = UNITS.iter().find(|(_, factor)| millis.is_multiple_of(*factor));
    let (name, factor) = unit.unwrap_or(&UNITS[4]);
    format!("{}{name}", millis / factor)
}

pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&written(*duration))
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_str(Written)
}

/// As [`deserialize`], refusing what is outside of `shortest` to `longest`.
///
/// # Errors
///
/// Those of the deserializer, and one that names both bounds.
pub fn between<'de, D: Deserializer<'de>>(
    deserializer: D,
    shortest: Duration,
    longest: Duration,
) -> Result<Duration, D::Error> {
    let duration = deserialize(deserializer)?;
    if (shortest..=longest).contains(&duration) {
        return Ok(duration);
    }
    Err(de::Error::custom(format!(
        "{} is out of range: allowed is {} to {}",
        written(duration),
        written(shortest),
        written(longest)
    )))
}

struct Written;

impl Visitor<'_> for Written {
    type Value = Duration;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a duration in quotes, such as \"60s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        parse(text).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["500ms", "60s", "5m", "2h", "7d", "0s", "90s"] {
            let duration = parse(text).unwrap();
            assert_eq!(parse(&written(duration)), Ok(duration), "{text}");
        }
        assert_eq!(written(Duration::from_secs(60)), "1m");
        assert_eq!(written(Duration::from_millis(1500)), "1500ms");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "60", "s", "1.5s", "-1s", "60 s", "1y", "400d", "99999999999999999999s", "9s9"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
