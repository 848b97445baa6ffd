//! What a detection says of itself: the same words in `wardline detections`, in the documentation
//! and in an alert's explanation.

use std::time::Duration;

use super::alert::Severity;

/// Lengths that many descriptions have.
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(24 * 3600);

/// One detection as people know it.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Such as `WL-021`. Several detections may share one; names are unique.
    pub id: &'static str,
    /// Such as `rogue_dhcp_server`: the name in the configuration.
    pub name: &'static str,
    /// A few words for a heading.
    pub title: &'static str,
    pub severity: Severity,
    /// What it sees, and in which window.
    pub sees: &'static str,
    /// What it means on a ward, what else looks like it, and what is safe to do first.
    pub clinical_note: &'static str,
    /// MITRE ATT&CK techniques, such as `T1557.003`.
    pub techniques: &'static [&'static str],
    pub parameters: &'static [Parameter],
    /// Roles whose devices do this in their work.
    pub excused_roles: &'static [&'static str],
    /// An alert is resolved when nothing more was found for so long.
    pub clears_after: Duration,
}

/// A number that an operator may set.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub meaning: &'static str,
    pub default: f64,
    pub minimum: f64,
    pub maximum: f64,
    pub unit: Unit,
    pub source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    /// Written as a duration (`"10m"`); kept in seconds.
    Seconds,
    /// Between 0 and 1, or one number over another.
    Ratio,
    Octets,
    PerSecond,
}

impl Unit {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Seconds => "duration",
            Self::Ratio => "ratio",
            Self::Octets => "octets",
            Self::PerSecond => "per second",
        }
    }
}

/// Where a default comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A proposal of ours, to be tuned; no standard.
    Ours,
    /// Published, and where.
    Published(&'static str),
}

impl Description {
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }
}
