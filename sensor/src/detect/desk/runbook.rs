//! Where it is written what to do about an alert.

use std::collections::BTreeSet;

use super::storm::DIGEST;
use crate::detect::listing;

/// The address of a runbook, with `{name}` for the alert's name, unless the configuration has
/// another: where packages put them.
pub const RUNBOOKS: &str = "file:///usr/share/doc/wardline/runbooks/{name}.md";

/// Finds runbooks by the names of alerts.
#[derive(Debug, Default)]
pub struct Runbooks {
    /// Empty: there are none.
    template: String,
    /// The alerts that have one; `None`: whoever set the address sees to all of them.
    names: Option<BTreeSet<String>>,
}

impl Runbooks {
    pub fn new(template: &str) -> Self {
        // What ships has a page for what is built in, and for nothing else.
        let names = (template == RUNBOOKS).then(|| {
            let built_in = listing::lines().into_iter().map(|line| line.name);
            built_in.chain([DIGEST.1.to_owned()]).collect()
        });
        Self { template: template.to_owned(), names }
    }

    /// `None` for a name that would not be the same in an address.
    pub fn of(&self, name: &str) -> Option<String> {
        let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || b"_-".contains(&octet);
        let is_known = self.names.as_ref().is_none_or(|names| names.contains(name));
        let has_one = !self.template.is_empty() && name.bytes().all(is_plain) && is_known;
        has_one.then(|| self.template.replace("{name}", name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ships_has_pages_for_what_is_built_in() {
        let shipped = Runbooks::new(RUNBOOKS);
        for name in ["smb_sweep", "smb_fan_out", "alert_digest"] {
            let url = format!("file:///usr/share/doc/wardline/runbooks/{name}.md");
            assert_eq!(shipped.of(name), Some(url));
        }
        assert_eq!(shipped.of("monitor_silent_at_night"), None);
    }

    #[test]
    fn a_site_has_its_own_or_none() {
        let own = Runbooks::new("https://wiki.example/{name}?from={name}");
        assert_eq!(own.of("mine").as_deref(), Some("https://wiki.example/mine?from=mine"));
        assert_eq!(own.of("a b"), None);
        assert_eq!(Runbooks::new("").of("smb_sweep"), None);
    }
}
