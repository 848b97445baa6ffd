//! What the desk puts down on an alert: whether it is given to receivers, who knows of it, and the
//! story that it is part of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::Stage;
use crate::{detect::Severity, time::Timestamp};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story: Option<StoryMark>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledgement>,
    /// Why receivers are not told of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// Where it is written what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook_url: Option<String>,
}

/// The story that an alert is part of, as it stood when the alert was last told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "story")]
pub struct StoryMark {
    pub id: u64,
    /// Of this alert.
    pub stage: Option<Stage>,
    /// All stages of the story so far.
    pub stages: Vec<Stage>,
    pub severity: Severity,
    pub start: Timestamp,
    pub last: Timestamp,
}

/// Somebody knows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "acknowledgement")]
pub struct Acknowledgement {
    pub by: String,
    pub note: String,
    pub at: Timestamp,
    /// It got worse since, so it was told again.
    pub is_outdated: bool,
}

/// Why receivers are not told of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "withheld")]
pub struct Withheld {
    pub cause: Cause,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub owner: String,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub reason: String,
    /// Of a suppression: when it ends.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Timestamp>,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "cause")]
pub enum Cause {
    Suppression,
    Maintenance,
    /// Too many at a time: it is counted in a digest.
    Digest,
}

impl Cause {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suppression => "suppression",
            Self::Maintenance => "maintenance",
            Self::Digest => "digest",
        }
    }
}
