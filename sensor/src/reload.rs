//! How a running agent takes another configuration: everything is read and checked first, then what
//! can change while it runs changes between two cycles of the pipeline, all of it or nothing.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
};

use tokio::sync::{mpsc, oneshot};

use crate::{export::metrics::Page, time::Timestamp};

/// Requests that may wait; each of them is answered by one reading of the file.
const WAITING: usize = 16;

/// What became of a reload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Keys that are different in the file and stay as they are until a restart.
    pub needs_restart: Vec<&'static str>,
    /// Detections and thresholds whose numbers have changed so that what they saw is forgotten.
    pub begins_anew: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the configuration is reloaded")?;
        if !self.needs_restart.is_empty() {
            let keys = self.needs_restart.join("`, `");
            write!(formatter, "; a restart is needed for `{keys}`, which stay as they are")?;
        }
        if !self.begins_anew.is_empty() {
            let names = self.begins_anew.join("`, `");
            write!(formatter, "; what `{names}` had seen so far is forgotten")?;
        }
        Ok(())
    }
}

/// Where an answer is wanted: what became of it, or a sentence on what is wrong.
pub type Request = oneshot::Sender<Result<Outcome, String>>;

/// Asks for reloads, and knows how the last one went. Clones share both.
#[derive(Clone, Debug)]
pub struct Reloads {
    requests: mpsc::Sender<Request>,
    last: Arc<Last>,
}

#[derive(Debug)]
struct Last {
    is_successful: AtomicBool,
    /// Microseconds since 1970.
    success: AtomicI64,
}

impl Reloads {
    /// Of an agent that was configured at `now`, and the end at which requests are taken.
    pub fn new(now: Timestamp) -> (Self, mpsc::Receiver<Request>) {
        let (requests, queue) = mpsc::channel(WAITING);
        let last =
            Last { is_successful: AtomicBool::new(true), success: AtomicI64::new(now.as_micros()) };
        (Self { requests, last: Arc::new(last) }, queue)
    }

    /// Has the configuration reloaded.
    ///
    /// # Errors
    ///
    /// A sentence on what is wrong; the old configuration is in force then.
    pub async fn ask(&self) -> Result<Outcome, String> {
        let (answer, wait) = oneshot::channel();
        self.requests.try_send(answer).map_err(|_| "too many reloads are waiting".to_owned())?;
        wait.await.map_err(|_| "the agent is ending".to_owned())?
    }

    /// Puts down how a reload went.
    pub fn note(&self, result: &Result<Outcome, String>, now: Timestamp) {
        self.last.is_successful.store(result.is_ok(), Relaxed);
        if result.is_ok() {
            self.last.success.store(now.as_micros(), Relaxed);
        }
    }

    /// Adds how the last one went to the metrics.
    pub fn fill(&self, page: &mut Page) {
        let is_successful = f64::from(u8::from(self.last.is_successful.load(Relaxed)));
        page.add("wardline_config_last_reload_successful", &[], is_successful);
        let success = self.last.success.load(Relaxed) as f64 / 1e6;
        page.add("wardline_config_last_reload_success_timestamp_seconds", &[], success);
    }
}
