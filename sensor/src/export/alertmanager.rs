//! The alerts as an Alertmanager takes them (`POST /api/v2/alerts`).
//!
//! Every Alertmanager of the list is a sink of its own and gets every alert, as its documentation
//! asks of clients. It keeps states: what fires is sent again each interval, and expires there
//! after four of them.

mod posting;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use posting::{Labels, labels, posting};

use crate::{
    detect::AlertState,
    export::delivery::{Delivered, Failure, Notice, Sink, http, tls::TlsError, wall_time},
    time::Timestamp,
};

/// Alerts that are sent again; those beyond expire at the other end.
const CAPACITY: usize = 16_384;
/// Alerts in one request.
const BATCH: usize = 256;

/// Where and how to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A base such as `http://127.0.0.1:9093`.
    pub url: String,
    /// Of one request.
    pub timeout: Duration,
    pub resend_interval: Duration,
}

/// A firing alert that the Alertmanager has.
#[derive(Debug)]
struct Firing {
    notice: Notice,
    /// When to send it again.
    due: Instant,
}

#[derive(Debug)]
pub struct Alertmanager {
    settings: Settings,
    agent: ureq::Agent,
    /// By alert.
    firing: BTreeMap<u64, Firing>,
    /// Which of them has these labels: one at most.
    alerts: BTreeMap<Labels, u64>,
}

impl Alertmanager {
    /// # Errors
    ///
    /// The client cannot be made.
    pub fn new(settings: Settings) -> Result<Self, TlsError> {
        Ok(Self {
            settings,
            agent: http::agent(None)?,
            firing: BTreeMap::new(),
            alerts: BTreeMap::new(),
        })
    }

    /// Has an alert sent again that fires since an earlier run.
    pub fn adopt(&mut self, notice: Notice, now: Instant) {
        self.keep(&notice, now);
    }

    fn post<'n>(&self, notices: impl Iterator<Item = &'n Notice>) -> Result<(), Failure> {
        let expiry = 4 * self.settings.resend_interval;
        let expiry = i64::try_from(expiry.as_micros()).unwrap_or(i64::MAX);
        let expiry = Timestamp::from_micros(wall_time().as_micros().saturating_add(expiry));
        let postings: Vec<_> = notices.map(|notice| posting(notice, expiry)).collect();
        if postings.is_empty() {
            return Ok(());
        }
        let url = format!("{}/api/v2/alerts", self.settings.url.trim_end_matches('/'));
        let body = serde_json::to_vec(&postings).map_err(Failure::away)?;
        http::post(&self.agent, &url, &[], &body, self.settings.timeout)
    }

    /// What of a batch is to be sent. An alert that was fired anew under the same labels goes on
    /// when the one before it is resolved, so that is not told.
    fn telling<'n>(&self, notices: &'n [Notice]) -> Vec<&'n Notice> {
        let mut latest: BTreeMap<Labels, u64> = BTreeMap::new();
        let is_told = |notice: &&'n Notice| {
            let labels = labels(notice);
            match notice.state {
                AlertState::Firing => {
                    latest.insert(labels, notice.alert);
                    true
                }
                AlertState::Resolved => {
                    let current = latest.get(&labels).or_else(|| self.alerts.get(&labels));
                    current.is_none_or(|&alert| alert == notice.alert)
                }
            }
        };
        notices.iter().filter(is_told).collect()
    }

    /// Notes that the Alertmanager has this.
    fn keep(&mut self, notice: &Notice, now: Instant) {
        if notice.is_test {
            return;
        }
        // An alert that comes under other labels, as a graver one does, is no longer sent under
        // those it had, and expires there.
        self.forget(notice.alert);
        if notice.state == AlertState::Firing {
            let labels = labels(notice);
            if let Some(&before) = self.alerts.get(&labels) {
                self.forget(before);
            }
            if self.firing.len() < CAPACITY {
                let due = now + self.settings.resend_interval;
                self.firing.insert(notice.alert, Firing { notice: notice.clone(), due });
                self.alerts.insert(labels, notice.alert);
            }
        }
    }

    fn forget(&mut self, alert: u64) {
        if let Some(firing) = self.firing.remove(&alert) {
            self.alerts.remove(&labels(&firing.notice));
        }
    }

    /// One after the other, to find the one that is wrong.
    fn deliver_singly(&mut self, notices: &[Notice], now: Instant) -> Delivered {
        for (accepted, notice) in notices.iter().enumerate() {
            let told = self.telling(std::slice::from_ref(notice));
            if let Err(failure) = self.post(told.into_iter()) {
                return Delivered::until(accepted, failure);
            }
            self.keep(notice, now);
        }
        Delivered::all(notices)
    }
}

impl Sink for Alertmanager {
    fn deliver(&mut self, notices: &[Notice], now: Instant) -> Delivered {
        match self.post(self.telling(notices).into_iter()) {
            Ok(()) => {
                notices.iter().for_each(|notice| self.keep(notice, now));
                Delivered::all(notices)
            }
            Err(Failure::Refused(_)) if notices.len() > 1 => self.deliver_singly(notices, now),
            Err(failure) => Delivered::until(0, failure),
        }
    }

    fn refresh(&mut self, now: Instant) -> Result<u64, Failure> {
        let due = self.firing.iter().filter(|(_, firing)| firing.due <= now);
        let due: Vec<u64> = due.map(|(alert, _)| *alert).collect();
        for batch in due.chunks(BATCH) {
            self.post(batch.iter().map(|alert| &self.firing[alert].notice))?;
            for alert in batch {
                if let Some(firing) = self.firing.get_mut(alert) {
                    firing.due = now + self.settings.resend_interval;
                }
            }
        }
        Ok(due.len() as u64)
    }

    fn until_refresh(&self, now: Instant) -> Option<Duration> {
        let first = self.firing.values().map(|firing| firing.due).min();
        first.map(|due| due.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests;
