//! How much is usual in an hour of the week, by median and median absolute deviation, so that a few
//! odd hours move nothing.
//!
//! A week has 168 hours, and four weeks are kept. Amounts are kept on a logarithmic scale, an octet
//! each: what differs by less than a tenth does not differ for anybody.

use super::Hour;

const HOURS: usize = 168;
const WEEKS: usize = 4;
/// Steps for each doubling of the amount.
const STEPS: f64 = 8.0;
/// Octets below which amounts are alike.
const GRAIN: f64 = 1024.0;
/// No week yet.
const NONE: u8 = u8::MAX;
/// Samples without which nothing is said.
const FEWEST: usize = 5;
/// Deviations above the median that are still usual; 1.4826 makes the median absolute deviation one
/// standard deviation of a normal distribution.
const DEVIATIONS: f64 = 5.0 * 1.4826;
/// At least four times the median is usual: two doublings.
const LEAST_RISE: f64 = 2.0 * STEPS;

/// Octets by hour of the week.
#[derive(Clone, PartialEq, Eq)]
pub struct Rates {
    /// By hour of the week, the latest week first.
    samples: Box<[[u8; WEEKS]; HOURS]>,
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let held = self.samples.iter().flatten().filter(|&&sample| sample != NONE).count();
        write!(formatter, "Rates of {held} hours")
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self { samples: Box::new([[NONE; WEEKS]; HOURS]) }
    }
}

impl Rates {
    pub fn add(&mut self, hour: Hour, octets: u64) {
        let weeks = &mut self.samples[hour as usize % HOURS];
        weeks.rotate_right(1);
        weeks[0] = scaled(octets);
    }

    /// Octets above which `hour` would be unusual; `None` while too little is known.
    pub fn limit(&self, hour: Hour) -> Option<u64> {
        let mut samples = self.alike(hour);
        if samples.len() < FEWEST {
            return None;
        }
        let median = median(&mut samples);
        let mut deviations: Vec<f64> =
            samples.iter().map(|sample| (sample - median).abs()).collect();
        let deviation = self::median(&mut deviations);
        Some(unscaled(median + (DEVIATIONS * deviation).max(LEAST_RISE)))
    }

    /// The usual amount in `hour`.
    pub fn usual(&self, hour: Hour) -> Option<u64> {
        let mut samples = self.alike(hour);
        (samples.len() >= FEWEST).then(|| unscaled(median(&mut samples)))
    }

    /// The same hour, the one before and the one after, on the same day of the week; of the same
    /// kind of day (working days, weekend) while those are too few.
    fn alike(&self, hour: Hour) -> Vec<f64> {
        let near = |hour: usize| [hour + HOURS - 1, hour, hour + 1].map(|hour| hour % HOURS);
        let hour = hour as usize % HOURS;
        let samples: Vec<f64> = self.of(near(hour)).collect();
        if samples.len() >= FEWEST {
            return samples;
        }
        let kind = is_weekend(hour / 24);
        let days = (0..7).filter(|&day| is_weekend(day) == kind);
        days.flat_map(|day| self.of(near(day * 24 + hour % 24))).collect()
    }

    fn of(&self, hours: [usize; 3]) -> impl Iterator<Item = f64> {
        let samples = hours.into_iter().flat_map(|hour| self.samples[hour]);
        samples.filter(|&sample| sample != NONE).map(f64::from)
    }

    /// As it is saved: a letter pair for each sample would be as long, and less plain.
    pub fn octets(&self) -> Vec<u8> {
        self.samples.iter().flatten().copied().collect()
    }

    /// What was saved; `None` if it is of another length.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let mut rates = Self::default();
        if octets.len() != HOURS * WEEKS {
            return None;
        }
        for (weeks, saved) in rates.samples.iter_mut().zip(octets.chunks_exact(WEEKS)) {
            weeks.copy_from_slice(saved);
        }
        Some(rates)
    }
}

/// 1970-01-01, day 0 of the count, was a Thursday.
const fn is_weekend(day: usize) -> bool {
    matches!(day % 7, 2 | 3)
}

fn scaled(octets: u64) -> u8 {
    let steps = (1.0 + octets as f64 / GRAIN).log2() * STEPS;
    (steps.round() as u64).min(u64::from(NONE) - 1) as u8
}

fn unscaled(steps: f64) -> u64 {
    (((steps / STEPS).exp2() - 1.0) * GRAIN) as u64
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    if samples.len().is_multiple_of(2) {
        (samples[middle - 1] + samples[middle]) / 2.0
    } else {
        samples[middle]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn nothing_is_said_of_what_was_seen_too_seldom() {
        let mut rates = Rates::default();
        for week in 0..FEWEST as u32 - 1 {
            rates.add(week * HOURS as u32, MIB);
        }
        // Four samples of one hour, and none beside it.
        assert_eq!(rates.limit(0), None);
        rates.add(1, MIB);
        assert!(rates.limit(0).is_some());
    }

    #[test]
    fn a_night_and_a_day_have_limits_of_their_own() {
        let mut rates = Rates::default();
        for hour in 0..4 * HOURS as u32 {
            let is_day = (8..18).contains(&(hour % 24));
            rates.add(hour, if is_day { 100 * MIB } else { MIB });
        }
        let (day, night) = (rates.limit(12).unwrap(), rates.limit(2).unwrap());
        assert!((350 * MIB..450 * MIB).contains(&day), "{day}");
        assert!((3 * MIB..5 * MIB).contains(&night), "{night}");
    }

    #[test]
    fn one_odd_week_moves_nothing() {
        let mut rates = Rates::default();
        for week in 0..4 {
            for hour in 0..HOURS as u32 {
                let amount = if week == 2 { 1000 * MIB } else { MIB };
                rates.add(week * HOURS as u32 + hour, amount);
            }
        }
        assert!(rates.limit(5).unwrap() < 5 * MIB);
    }

    #[test]
    fn what_varies_widely_has_a_wide_limit() {
        let mut rates = Rates::default();
        for hour in 0..4 * HOURS as u32 {
            rates.add(hour, MIB << (hour * 7 % 5));
        }
        assert!(rates.limit(5).unwrap() > 64 * MIB);
    }

    #[test]
    fn silence_is_an_amount() {
        let mut rates = Rates::default();
        for hour in 0..HOURS as u32 {
            rates.add(hour, 0);
        }
        assert_eq!(rates.usual(3), Some(0));
        assert!(rates.limit(3).unwrap() < 4096);
    }

    #[test]
    fn it_is_read_back_as_it_was_saved() {
        let mut rates = Rates::default();
        rates.add(77, 123_456);
        assert_eq!(Rates::from_octets(&rates.octets()), Some(rates));
        assert_eq!(Rates::from_octets(&[0; 5]), None);
    }
}
