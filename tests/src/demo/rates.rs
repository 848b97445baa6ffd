//! Rates of growing counts over the last seconds.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Calls come every few seconds: a rate over less would mostly be zero.
const WINDOW: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub struct Rates<Key> {
    readings: BTreeMap<Key, VecDeque<(Instant, u64)>>,
}

impl<Key> Default for Rates<Key> {
    fn default() -> Self {
        Self { readings: BTreeMap::new() }
    }
}

impl<Key: Ord> Rates<Key> {
    pub fn take(&mut self, key: Key, count: u64, now: Instant) {
        let readings = self.readings.entry(key).or_default();
        readings.push_back((now, count));
        // One reading at or before the window's beginning is kept.
        while readings.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            readings.pop_front();
        }
    }

    /// Per second; `None` until there are two readings.
    pub fn of(&self, key: &Key) -> Option<f64> {
        let readings = self.readings.get(key)?;
        let ((began, before), (ended, after)) = (readings.front()?, readings.back()?);
        let seconds = ended.duration_since(*began).as_secs_f64();
        (seconds > 0.0).then(|| after.saturating_sub(*before) as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_forgets_what_is_longer_ago() {
        let mut rates = Rates::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        rates.take("dicom", 0, at(0));
        assert_eq!(rates.of(&"dicom"), None);
        rates.take("dicom", 4_000, at(2));
        assert_eq!(rates.of(&"dicom"), Some(2_000.0));
        rates.take("dicom", 4_000, at(4));
        rates.take("dicom", 4_000, at(9));
        assert_eq!(rates.of(&"dicom"), Some(0.0));
        assert_eq!(rates.of(&"hl7"), None);
    }
}
