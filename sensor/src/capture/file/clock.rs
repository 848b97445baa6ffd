//! Time stamps of captures: ticks of a unit that each interface has for itself.

use crate::time::Timestamp;

/// How the ticks of a time stamp become microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    pub unit: Unit,
    /// Microseconds to add.
    pub offset: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    /// So many microseconds in a tick.
    Multiple(u64),
    /// So many ticks in a microsecond.
    Part(u128),
    /// 2 to this power ticks in a second.
    Binary(u32),
}

impl Clock {
    pub fn at(self, ticks: u64) -> Timestamp {
        Timestamp::from_micros(self.unit.micros(ticks).saturating_add(self.offset))
    }
}

impl Unit {
    /// From `if_tsresol`: bit 7 tells powers of 2 from powers of 10.
    pub fn of(resolution: u8) -> Self {
        match resolution {
            0..=6 => Self::Multiple(10_u64.pow(6 - u32::from(resolution))),
            7..=44 => Self::Part(10_u128.pow(u32::from(resolution) - 6)),
            45..=127 => Self::Part(u128::MAX),
            128.. => Self::Binary(u32::from(resolution & 0x7f)),
        }
    }

    pub fn micros(self, ticks: u64) -> i64 {
        let micros = match self {
            Self::Multiple(1) => u128::from(ticks),
            Self::Multiple(micros) => u128::from(ticks) * u128::from(micros),
            Self::Part(1000) => u128::from(ticks / 1000),
            Self::Part(ticks_per_micro) => u128::from(ticks) / ticks_per_micro,
            Self::Binary(power) => (u128::from(ticks) * 1_000_000) >> power,
        };
        i64::try_from(micros).unwrap_or(i64::MAX)
    }
}
