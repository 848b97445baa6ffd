//! What every receiver of alerts looks like to the mechanism that delivers to it.

use std::time::{Duration, Instant};

use super::Notice;

/// Why a receiver did not take a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered, or not now: the same is tried again, and everything else waits.
    Away(String),
    /// The receiver answered that this notice is wrong: it waits longer, and others go on.
    Refused(String),
}

impl Failure {
    pub fn away(reason: impl ToString) -> Self {
        Self::Away(reason.to_string())
    }

    pub fn reason(&self) -> &str {
        match self {
            Self::Away(reason) | Self::Refused(reason) => reason,
        }
    }
}

/// How far a delivery came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Notices that the receiver has, from the first on.
    pub accepted: usize,
    /// What happened to the next one.
    pub failure: Option<Failure>,
}

impl Delivered {
    pub const fn all(notices: &[Notice]) -> Self {
        Self { accepted: notices.len(), failure: None }
    }

    pub const fn until(accepted: usize, failure: Failure) -> Self {
        Self { accepted, failure: Some(failure) }
    }
}

/// One receiver.
pub trait Sink: Send {
    /// Sends notices, in this order; waits for the receiver to confirm them as far as its protocol
    /// can.
    fn deliver(&mut self, notices: &[Notice], now: Instant) -> Delivered;

    /// Tells again what has to be repeated, and returns how many that were.
    ///
    /// # Errors
    ///
    /// The receiver did not take them.
    fn refresh(&mut self, _now: Instant) -> Result<u64, Failure> {
        Ok(0)
    }

    /// How long there is nothing to repeat.
    fn until_refresh(&self, _now: Instant) -> Option<Duration> {
        None
    }
}
