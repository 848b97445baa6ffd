//! Which flows come in which order.

use crate::frames::SeededRandom;

/// Entries of the table that the mutator goes through.
pub const TABLE: usize = 1 << 20;

/// How often each flow comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Popularity {
    Uniform,
    /// The k-th flow 1/k as often as the first (exponent 1.0).
    Zipf,
}

/// A flow number for each entry of the table.
pub fn flows(popularity: Popularity, flows: u32, seed: u64) -> Vec<u64> {
    let mut random = SeededRandom::new(seed);
    match popularity {
        Popularity::Uniform => (0..TABLE).map(|_| random.below(flows as usize) as u64).collect(),
        Popularity::Zipf => {
            let mut sums = Vec::with_capacity(flows as usize);
            let mut sum = 0.0;
            for rank in 1..=flows {
                sum += 1.0 / f64::from(rank);
                sums.push(sum);
            }
            // Which flow is popular must not depend on its number, or neighbours in memory would be.
            let places = shuffled(flows, &mut random);
            let unit = |random: &mut SeededRandom| random.next_u32() as f64 / f64::from(u32::MAX);
            (0..TABLE)
                .map(|_| {
                    let wanted = unit(&mut random) * sum;
                    let rank = sums.partition_point(|reached| *reached < wanted);
                    u64::from(places[rank.min(flows as usize - 1)])
                })
                .collect()
        }
    }
}

fn shuffled(flows: u32, random: &mut SeededRandom) -> Vec<u32> {
    let mut places: Vec<u32> = (0..flows).collect();
    for index in (1..places.len()).rev() {
        places.swap(index, random.below(index + 1));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(popularity: Popularity) -> Vec<usize> {
        let mut counts = vec![0; 1024];
        for flow in flows(popularity, 1024, 5) {
            counts[flow as usize] += 1;
        }
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }

    #[test]
    fn uniform_flows_come_equally_often() {
        let counts = counts(Popularity::Uniform);
        assert!(counts[0] < 1200 && counts[1023] > 850, "{} {}", counts[0], counts[1023]);
    }

    #[test]
    fn the_second_flow_of_zipf_comes_half_as_often_as_the_first() {
        let counts = counts(Popularity::Zipf);
        let ratio = counts[0] as f64 / counts[1] as f64;
        assert!((1.9..2.1).contains(&ratio), "{ratio}");
        assert!(counts[1023] > 0);
    }
}
