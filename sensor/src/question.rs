//! What the web page and the socket ask of the pipeline, and how it answers.

use std::{
    fmt,
    sync::{Arc, mpsc},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{Mutex, oneshot};

use crate::{detect::desk::Suppression, pipeline::live::NewConfig, snapshot::Snapshot};

/// A question with the place for its answer.
#[derive(Debug)]
pub enum Question {
    Snapshot(oneshot::Sender<Box<Snapshot>>),
    Readiness(oneshot::Sender<Readiness>),
    List(Subject, oneshot::Sender<Value>),
    Alerts(AlertQuestion, oneshot::Sender<Value>),
    Profiles(ProfileQuestion, oneshot::Sender<Value>),
    Configure(Box<NewConfig>, oneshot::Sender<Vec<String>>),
}

/// Whether every configured interface is attached and the maps are being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readiness {
    pub is_ready: bool,
    /// Configured interfaces that are not attached.
    pub interfaces_missing: usize,
}

/// A question about what is learned of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "profiles", rename_all = "lowercase")]
pub enum ProfileQuestion {
    Show {
        device: u32,
    },
    /// Forget it, and learn it anew.
    Reset {
        device: u32,
        reason: String,
    },
}

/// A question about one alert, or an order about alerts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "alerts", rename_all = "lowercase")]
pub enum AlertQuestion {
    Show {
        alert: u64,
    },
    Acknowledge {
        alert: u64,
        by: String,
        note: String,
    },
    /// What is not said of rule and device is that of the alert, if one is given.
    Suppress {
        alert: Option<u64>,
        suppression: Suppression,
    },
    Lift {
        suppression: u32,
    },
    Suppressions,
}

/// What can be listed over the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Devices,
    Flows,
    Alerts,
    Unknown,
    Profiles,
    Status,
}

impl Subject {
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "devices" => Some(Self::Devices),
            "flows" => Some(Self::Flows),
            "alerts" => Some(Self::Alerts),
            "unknown" => Some(Self::Unknown),
            "profiles" => Some(Self::Profiles),
            "status" => Some(Self::Status),
            _ => None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Flows => "flows",
            Self::Alerts => "alerts",
            Self::Unknown => "unknown",
            Self::Profiles => "profiles",
            Self::Status => "status",
        }
    }
}

/// The pipeline has ended, or does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline does not answer")]
pub struct Unanswered;

/// What is brought up to date before a question whose answer shows it, so that the pipeline does not
/// have to stop for it.
pub trait Refresh: fmt::Debug + Send + Sync {
    /// May take a while.
    fn refresh(&self);
}

/// Asks the pipeline; clones share one queue.
#[derive(Clone, Debug)]
pub struct Asker {
    questions: mpsc::SyncSender<Question>,
    /// One has them refreshed at a time: whoever waits for that takes up no thread.
    totals: Arc<Mutex<Arc<dyn Refresh>>>,
}

/// Questions that may wait; more are refused.
const WAITING: usize = 64;

impl Asker {
    /// An asker for a pipeline that shows these totals, and the end at which it takes questions.
    pub fn new(totals: Arc<dyn Refresh>) -> (Self, mpsc::Receiver<Question>) {
        let (questions, queue) = mpsc::sync_channel(WAITING);
        (Self { questions, totals: Arc::new(Mutex::new(totals)) }, queue)
    }

    async fn refresh_totals(&self) {
        let totals = Arc::clone(&self.totals).lock_owned().await;
        // Should that fail, there are those of before.
        let _ = tokio::task::spawn_blocking(move || totals.refresh()).await;
    }

    /// # Errors
    ///
    /// [`Unanswered`]; so for the other questions.
    pub async fn snapshot(&self) -> Result<Box<Snapshot>, Unanswered> {
        self.refresh_totals().await;
        let (answer, wait) = oneshot::channel();
        self.questions.try_send(Question::Snapshot(answer)).map_err(|_| Unanswered)?;
        wait.await.map_err(|_| Unanswered)
    }

    /// Asked often, by whoever watches the agent, and answered from what is at hand.
    pub async fn readiness(&self) -> Result<Readiness, Unanswered> {
        let (answer, wait) = oneshot::channel();
        self.questions.try_send(Question::Readiness(answer)).map_err(|_| Unanswered)?;
        wait.await.map_err(|_| Unanswered)
    }

    pub async fn list(&self, subject: Subject) -> Result<Value, Unanswered> {
        if subject == Subject::Devices {
            self.refresh_totals().await;
        }
        let (answer, wait) = oneshot::channel();
        self.questions.try_send(Question::List(subject, answer)).map_err(|_| Unanswered)?;
        wait.await.map_err(|_| Unanswered)
    }

    pub async fn profiles(&self, question: ProfileQuestion) -> Result<Value, Unanswered> {
        let (answer, wait) = oneshot::channel();
        self.questions.try_send(Question::Profiles(question, answer)).map_err(|_| Unanswered)?;
        wait.await.map_err(|_| Unanswered)
    }

    /// Puts a configuration in force; returns the names of what begins anew.
    pub async fn configure(&self, new: NewConfig) -> Result<Vec<String>, Unanswered> {
        let (answer, wait) = oneshot::channel();
        let mut question = Question::Configure(Box::new(new), answer);
        // Everything is prepared for it: it waits until it is its turn.
        while let Err(mpsc::TrySendError::Full(back)) = self.questions.try_send(question) {
            question = back;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        wait.await.map_err(|_| Unanswered)
    }

    pub async fn alerts(&self, question: AlertQuestion) -> Result<Value, Unanswered> {
        let (answer, wait) = oneshot::channel();
        self.questions.try_send(Question::Alerts(question, answer)).map_err(|_| Unanswered)?;
        wait.await.map_err(|_| Unanswered)
    }
}
