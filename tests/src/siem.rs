//! Those who are told of alerts: rsyslog with authorities of its own, and a small web server that
//! keeps what is posted to it.

mod authority;
mod hook;
mod rsyslog;

use std::collections::{BTreeMap, BTreeSet};

pub use authority::Authority;
pub use hook::{Hook, Posted};
pub use rsyslog::{Input, Rsyslog};

/// The key of each notice, in the order of arrival: alert, state, sequence.
pub type Keys = Vec<String>;

/// What was told of each alert, each notice once, in the order of arrival.
pub fn stories(keys: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for key in keys.iter().filter(|key| seen.insert(key.as_str())) {
        let mut parts = key.split('-');
        if let (Some(alert), Some(state)) = (parts.next(), parts.next()) {
            stories.entry(alert.to_owned()).or_default().push(state.to_owned());
        }
    }
    stories
}
