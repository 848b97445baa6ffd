//! Thresholds and detections over what devices do, and the alerts that follow.
//!
//! A threshold compares a rate or a count of flows with a limit, and is made of configuration alone
//! ([`engine`]). A detection is code that knows what it looks for ([`detections`], one a file).

pub mod alert;
pub mod border;
pub mod builtin;
mod burst;
mod clinical;
mod darknet;
pub mod description;
pub mod desk;
pub mod detections;
pub mod detector;
pub mod engine;
pub mod estate;
pub mod finding;
#[cfg(test)]
pub(crate) mod fixture;
mod incident;
pub mod indicators;
pub mod interest;
pub mod learning;
mod life;
pub mod listing;
mod measure;
pub mod opening;
mod owners;
pub mod reminder;
#[cfg(test)]
pub(crate) mod rig;
pub mod role;
#[cfg(test)]
mod segment;
pub mod selector;
mod servers;
pub mod settings;
mod summary;
pub mod table;
mod tally;
#[cfg(test)]
mod testbed;
pub mod threshold;
#[cfg(test)]
pub(crate) mod trial;
pub mod watch;
mod window;
mod windows;

pub use alert::{Alert, AlertState, Severity};
pub use description::Description;
pub use desk::Desk;
pub use detector::{Detector, FlowSeen, Heard};
pub use engine::{Bounds, ConnectionOutcome, Thresholds};
pub use estate::Estate;
pub use finding::{Evidence, Finding, Findings};
pub use indicators::Indicators;
pub use interest::Interest;
pub use role::{Role, device_matches};
pub use settings::Settings;
pub use threshold::Threshold;
pub use watch::Watch;
