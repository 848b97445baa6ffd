//! How often is answered: a token bucket, as the exporter-toolkit's `rate_limit` is one.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use super::file::RateLimit;

#[derive(Debug, Default)]
pub struct Bucket(Mutex<Option<(RateLimit, f64, Instant)>>);

impl Bucket {
    /// Whether one more request is answered at `now`. Another limit begins with a full bucket.
    pub fn admits(&self, limit: Option<RateLimit>, now: Instant) -> bool {
        let Some(limit) = limit else { return true };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let full = f64::from(limit.burst);
        let tokens = match *state {
            Some((before, tokens, at)) if before == limit => {
                let since = now.saturating_duration_since(at).as_secs_f64();
                (tokens + since / limit.interval.as_secs_f64()).min(full)
            }
            _ => full,
        };
        let is_admitted = tokens >= 1.0;
        let left = if is_admitted { tokens - 1.0 } else { tokens };
        *state = Some((limit, left, now));
        is_admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_answered_and_then_one_each_interval() {
        let bucket = Bucket::default();
        let limit = Some(RateLimit { interval: Duration::from_secs(1), burst: 3 });
        let start = Instant::now();
        let admitted = |after| bucket.admits(limit, start + Duration::from_millis(after));
        let burst: Vec<bool> = (0..5).map(|_| admitted(0)).collect();
        assert_eq!(burst, [true, true, true, false, false]);
        assert!(!admitted(900) && admitted(1100) && !admitted(1200));
        assert!(bucket.admits(None, start));
    }
}
