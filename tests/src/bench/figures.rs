//! From the times of many turns to a figure.

use serde::Serialize;

/// What a program adds to a frame's time: nanoseconds over the null program's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Added {
    /// Median over rounds of the difference within a round.
    pub median: f64,
    /// Least time minus the null's least time.
    pub minimum: f64,
    /// Median over rounds of the ratio within a round.
    pub ratio: f64,
}

impl Added {
    /// From the times of each round, of the program and of the null.
    pub fn over(null: &[f64], times: &[f64]) -> Self {
        let pairs = || null.iter().zip(times);
        Self {
            median: median(pairs().map(|(null, time)| time - null).collect()),
            minimum: minimum(times) - minimum(null),
            ratio: median(pairs().map(|(null, time)| time / null).collect()),
        }
    }
}

/// The null program's own time, and how much it wavered: the machine's noise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Noise {
    pub minimum: f64,
    pub median: f64,
    pub maximum: f64,
}

impl Noise {
    pub fn of(null: &[f64]) -> Self {
        Self {
            minimum: minimum(null),
            median: median(null.to_vec()),
            maximum: null.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

pub fn minimum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_was_slow_for_both_does_not_change_the_median() {
        let added = Added::over(&[30.0, 31.0, 60.0], &[40.0, 41.5, 70.0]);
        assert_eq!(added.median, 10.0);
        assert_eq!(added.minimum, 10.0);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), 3.0);
    }
}
