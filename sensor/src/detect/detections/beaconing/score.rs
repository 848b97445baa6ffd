//! How regular a row of conversations is: four scores from 0 to 1, each a quarter of the whole, after
//! the idea of RITA (Active Countermeasures), in formulas of our own.

/// Of what is shorter the network's own delay is most, in milliseconds.
const SHORTEST_DURATION: f64 = 100.0;

/// One conversation of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Microseconds.
    pub start: u64,
    pub octets: u64,
    pub milliseconds: u64,
}

/// The four, and their mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scores {
    pub intervals: f64,
    pub sizes: f64,
    pub durations: f64,
    /// How even the hours are.
    pub hours: f64,
}

impl Scores {
    /// Of calls in the order of their starts; `hours` is how many began in each hour of the span,
    /// without the first and last hour, which are not whole.
    pub fn of(calls: &[Call], hours: &[u32]) -> Self {
        let intervals = calls.windows(2).map(|pair| pair[1].start.saturating_sub(pair[0].start));
        Self {
            intervals: regularity(intervals.collect(), 1.0),
            sizes: regularity(calls.iter().map(|call| call.octets).collect(), 1.0),
            durations: regularity(
                calls.iter().map(|call| call.milliseconds).collect(),
                SHORTEST_DURATION,
            ),
            hours: evenness(hours),
        }
    }

    pub fn mean(&self) -> f64 {
        (self.intervals + self.sizes + self.durations + self.hours) / 4.0
    }
}

/// 1 when all values are the same: 1 less the median distance from the median, as a part of the
/// median, times 1 less Bowley's skewness of the quartiles, which counts for as much of the median as
/// they are apart. Values that are spread evenly from 0 on have 0.5; intervals with a jitter of a
/// half, 0.8. A median below `scale` counts as `scale`: what is less than that is chance.
fn regularity(mut values: Vec<u64>, scale: f64) -> f64 {
    values.sort_unstable();
    let Some(median) = quantile(&values, 0.5) else { return 0.0 };
    let (low, high) = (quantile(&values, 0.25), quantile(&values, 0.75));
    let (low, high) = (low.unwrap_or(median), high.unwrap_or(median));
    let part = |length: f64| (length / median.max(scale)).min(1.0);
    let skewness = if high > low { (high + low - 2.0 * median) / (high - low) } else { 0.0 };
    let mut distances: Vec<u64> =
        values.iter().map(|&value| (value as f64 - median).abs() as u64).collect();
    distances.sort_unstable();
    let distance = quantile(&distances, 0.5).unwrap_or(0.0);
    (1.0 - skewness.abs() * part(high - low)) * (1.0 - part(distance))
}

/// Interpolated between the values on both sides.
fn quantile(sorted: &[u64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = part * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    Some(below as f64 + (above as f64 - below as f64) * place.fract())
}

/// 1 less the coefficient of variation, 0 at the least.
fn evenness(counts: &[u32]) -> f64 {
    let total: u32 = counts.iter().sum();
    if counts.is_empty() || total == 0 {
        return 0.0;
    }
    let mean = f64::from(total) / counts.len() as f64;
    let square = |&count: &u32| (f64::from(count) - mean).powi(2);
    let variance = counts.iter().map(square).sum::<f64>() / counts.len() as f64;
    (1.0 - variance.sqrt() / mean).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(starts: impl IntoIterator<Item = u64>) -> Vec<Call> {
        let call = |start| Call { start, octets: 500, milliseconds: 20 };
        starts.into_iter().map(call).collect()
    }

    #[test]
    fn a_clock_scores_one() {
        let scores = Scores::of(&calls((0..100).map(|n| n * 60_000_000)), &[60, 60, 60]);
        assert_eq!(scores.mean(), 1.0);
    }

    #[test]
    fn jitter_of_a_fifth_costs_little() {
        let jittered = (0..100u64).map(|n| n * 60_000_000 + n * 7919 % 13 * 1_000_000);
        let scores = Scores::of(&calls(jittered), &[60, 58, 61, 60]);
        assert!((0.85..1.0).contains(&scores.mean()), "{scores:?}");
    }

    #[test]
    fn chance_has_a_half_and_a_jitter_of_a_half_little_less_than_all() {
        assert!((regularity((0..1000).collect(), 1.0) - 0.5).abs() < 0.01);
        assert!((regularity((500..1000).collect(), 1.0) - 0.83).abs() < 0.01);
        assert!(regularity((0..1000).map(|n| n * n * n).collect(), 1.0) < 0.2);
    }

    #[test]
    fn an_acknowledgement_more_or_less_and_a_few_milliseconds_cost_little() {
        let calls: Vec<Call> = (0..40)
            .map(|n| Call {
                start: n * 1_530_000 + n % 3 * 10_000,
                octets: if n % 3 == 0 { 578 } else { 512 },
                milliseconds: 1 + n % 7,
            })
            .collect();
        assert!(Scores::of(&calls, &[40]).mean() > 0.9);
    }

    #[test]
    fn somebody_reading_pages_scores_low() {
        let mut start = 0;
        let browsing: Vec<Call> = (0..100u64)
            .map(|n| {
                let chance = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                start += if n % 9 == 0 { 600_000_000 + chance } else { chance % 3_000_000 };
                Call { start, octets: 300 + chance % 90_000, milliseconds: chance % 30_000 }
            })
            .collect();
        let scores = Scores::of(&browsing, &[0, 40, 3, 0, 57, 0]);
        assert!(scores.mean() < 0.5, "{scores:?}");
    }

    #[test]
    fn nothing_and_one_call_have_no_score_to_speak_of() {
        assert_eq!(Scores::of(&[], &[]).mean(), 0.0);
        assert!(Scores::of(&calls([7]), &[]).mean() <= 0.75);
        let all_at_once = Scores::of(&calls([5; 50]), &[50]);
        assert!(all_at_once.mean().is_finite());
    }
}
