//! An alert: the rule, the number, the limit, the window, the device, the evidence.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{desk::Marks, finding::Evidence};
use crate::{inventory::DeviceId, time::Moment};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "severity")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// One step worse.
    pub const fn raised(self) -> Self {
        match self {
            Self::Info => Self::Low,
            Self::Low => Self::Medium,
            Self::Medium => Self::High,
            Self::High | Self::Critical => Self::Critical,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "state")]
pub enum AlertState {
    Firing,
    Resolved,
}

/// One alert; a later value with the same `id` replaces it.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Stable over the life of the alert, and unique: rule, device, moment of firing.
    pub id: u64,
    /// Identifier of the rule, such as `WL-002`.
    pub rule: String,
    /// Its name, such as `smb_fan_out`.
    pub name: String,
    pub severity: Severity,
    pub state: AlertState,
    pub device: DeviceId,
    /// What is measured, such as `distinct_peers`.
    pub metric: String,
    /// The number that fired the alert (the highest since), in the metric's unit.
    pub value: f64,
    pub limit: f64,
    pub window: Duration,
    /// One sentence for people: who does what, how much, over which window.
    pub summary: String,
    /// First moment of the evidence, of firing, and of resolution.
    pub evidence_since: Moment,
    pub fired_at: Moment,
    /// When it was last found true.
    pub found_at: Moment,
    pub resolved_at: Option<Moment>,
    /// Further numbers, peers and flows behind it.
    pub evidence: Box<Evidence>,
    /// What the desk has put down on it.
    pub marks: Box<Marks>,
}
