//! Time on the observation clock, and what a wall clock shows for it.

mod jumps;

use std::{borrow::Cow, fmt, ops, str, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

pub use jumps::{Jump, JumpWatch};

/// Microseconds on the observation clock: monotonic when live, the capture's own in a replay.
/// Windows and timeouts are measured on it, so a step of the wall clock changes none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long before `self` `earlier` was; zero if it was not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl ops::Sub<Duration> for Moment {
    type Output = Self;

    /// Stops at the beginning of the clock.
    fn sub(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(micros))
    }
}

impl ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

/// A time of day: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with microseconds.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = jiff::Timestamp::from_microsecond(self.0).unwrap_or_default();
        write!(formatter, "{timestamp:.6}")
    }
}

impl str::FromStr for Timestamp {
    type Err = String;

    /// RFC 3339, with `Z` or an offset.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| {
            format!(
                "`{text}` is no time: write it as RFC 3339 does, as in \"2026-12-31T18:00:00Z\""
            )
        };
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_microsecond())).map_err(wrong)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written)
    }
}

/// As a text, or as TOML writes times without quotes.
struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Timestamp;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time such as \"2026-12-31T18:00:00Z\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Timestamp, A::Error> {
        let time = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
        time.to_string().parse().map_err(de::Error::custom)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }
}

/// The distance from the observation clock to the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WallClock {
    offset_micros: i64,
}

impl WallClock {
    /// The clock that shows `timestamp` at `moment`.
    pub fn new(moment: Moment, timestamp: Timestamp) -> Self {
        Self { offset_micros: timestamp.0.wrapping_sub_unsigned(moment.0) }
    }

    /// The clock of moments that count from 1970 themselves.
    pub const fn since_1970() -> Self {
        Self { offset_micros: 0 }
    }

    /// This clock, or the one `before` it if they differ by less than a millisecond: two clocks are
    /// not read at once, and a moment is to be told alike each time.
    #[must_use]
    pub fn steadied_by(self, before: Self) -> Self {
        if self.ahead_of(before).unsigned_abs() < 1000 { before } else { self }
    }

    pub fn at(self, moment: Moment) -> Timestamp {
        Timestamp(self.offset_micros.wrapping_add_unsigned(moment.0))
    }

    /// How many microseconds more it shows than `other` at the same moment.
    fn ahead_of(self, other: Self) -> i64 {
        self.offset_micros.saturating_sub(other.offset_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_trembles_tells_a_moment_alike_and_one_that_was_set_does_not() {
        let clock = |micros| WallClock::new(Moment::default(), Timestamp::from_micros(micros));
        let mut shown = clock(1_700_000_000_000_000);
        for (reading, expected) in [(1, 0), (-1, 0), (999, 0), (1000, 1000), (1, 1000), (-1, -1)] {
            shown = clock(1_700_000_000_000_000 + reading).steadied_by(shown);
            assert_eq!(shown, clock(1_700_000_000_000_000 + expected), "{reading}");
        }
    }

    #[test]
    fn a_timestamp_prints_as_rfc_3339_with_microseconds() {
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            Timestamp::from_micros(1_492_450_807_521_960).to_string(),
            "2017-04-17T17:40:07.521960Z"
        );
    }

    #[test]
    fn what_is_printed_is_read_back_and_toml_needs_no_quotes() {
        #[derive(Deserialize)]
        struct Times {
            quoted: Timestamp,
            bare: Timestamp,
        }
        let times: Times = toml::from_str(
            "quoted = \"2017-04-17T19:40:07.521960+02:00\"\nbare = 2017-04-17T17:40:07.521960Z",
        )
        .unwrap();
        let expected = Timestamp::from_micros(1_492_450_807_521_960);
        assert_eq!((times.quoted, times.bare), (expected, expected));
        assert_eq!(expected.to_string().parse(), Ok(expected));
        assert!("2017-04-17".parse::<Timestamp>().is_err());
        assert!(toml::from_str::<Times>("quoted = 5\nbare = 6").is_err());
    }

    #[test]
    fn the_wall_clock_follows_the_observation_clock() {
        let clock = WallClock::new(Moment::from_micros(5_000_000), Timestamp::from_micros(70));
        assert_eq!(clock.at(Moment::from_micros(6_000_000)), Timestamp::from_micros(1_000_070));
    }
}
