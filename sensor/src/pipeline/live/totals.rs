//! Totals of devices for whoever asks: read on the asker's thread, shown by the pipeline.
//!
//! To read them takes a look at every flow, in a large table a tenth of a second and more. The pipeline
//! goes on meanwhile.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    capture::{Tallies, totals::TotalsReader},
    question::Refresh,
};

/// How old the totals on the metrics page may be.
const FRESH: Duration = Duration::from_millis(500);

/// The totals of one data path.
#[derive(Debug)]
pub struct SharedTotals<T> {
    tallies: T,
    /// For how long a reading is good enough.
    fresh: Duration,
    /// Held while somebody reads: whoever comes meanwhile is content with that.
    read_at: Mutex<Option<Instant>>,
    latest: Mutex<Arc<TotalsReader>>,
}

impl<T: Tallies> SharedTotals<T> {
    /// Of what these tallies make, not read yet.
    pub fn of(tallies: T) -> Self {
        Self { tallies, fresh: FRESH, read_at: Mutex::default(), latest: Mutex::default() }
    }

    /// Takes over from an earlier agent.
    pub fn resume(&self) {
        let _read_at = locked(&self.read_at);
        self.read(TotalsReader::resume);
    }

    fn read(&self, by: impl FnOnce(&mut TotalsReader, &T)) {
        let mut totals = TotalsReader::clone(&self.latest());
        by(&mut totals, &self.tallies);
        *locked(&self.latest) = Arc::new(totals);
    }

    /// As they were last read.
    pub fn latest(&self) -> Arc<TotalsReader> {
        Arc::clone(&locked(&self.latest))
    }
}

impl<T: Tallies + fmt::Debug + Send + Sync> Refresh for SharedTotals<T> {
    /// Reads them, unless that was done just now.
    fn refresh(&self) {
        let mut read_at = locked(&self.read_at);
        if read_at.is_none_or(|at| at.elapsed() >= self.fresh) {
            self.read(TotalsReader::read);
            *read_at = Some(Instant::now());
        }
    }
}

/// A reading that broke off left the totals as they were before.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        thread,
    };

    use sensor_common::endpoint::Totals;

    use super::*;
    use crate::capture::Unfolded;

    /// Counts how often it is read, and takes a moment for it.
    #[derive(Debug, Default)]
    struct Slow(AtomicU64);

    impl Tallies for Slow {
        fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
            thread::sleep(Duration::from_millis(20));
            let packets = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            visit(0, Totals { packets, octets: packets });
        }

        fn unfolded(&self, _: &mut dyn FnMut(Unfolded)) {}
    }

    #[test]
    fn whoever_asks_while_totals_are_read_is_given_that_reading() {
        let totals = SharedTotals { fresh: Duration::MAX, ..SharedTotals::of(Slow::default()) };
        assert_eq!(totals.latest().of_endpoint(0)[0].packets, 0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    totals.refresh();
                    assert_eq!(totals.latest().of_endpoint(0)[0].packets, 1);
                });
            }
        });
        assert_eq!(totals.tallies.0.load(Ordering::Relaxed), 1);
    }
}
