//! What the core has counted, for the metrics.

use std::collections::BTreeMap;

use super::Core;
use crate::detect::Severity;

impl Core {
    /// Announced flows, by what became of them.
    pub fn announcements(&self) -> [(&'static str, u64); 5] {
        let counts = self.interpreter.announcements();
        [
            ("believed", counts.announced),
            ("met", counts.met),
            ("ended", counts.ended),
            ("displaced", counts.displaced),
            ("refused", counts.refused.iter().sum()),
        ]
    }

    /// What samples said that was lost, by reason.
    pub fn samples_unread(&self) -> [(&'static str, u64); 3] {
        [
            ("hello_displaced", self.interpreter.displaced()),
            ("flow_not_read", self.lessons_dropped),
            ("no_room", self.flows.undescribed()),
        ]
    }

    /// Findings that raised no alert, by reason.
    pub fn findings_passed_over(&self) -> [(&'static str, u64); 2] {
        [("excused_by_role", self.watch.excused()), ("unknown_device", self.watch.unattributed())]
    }

    pub fn firing_by_severity(&self) -> BTreeMap<Severity, u64> {
        let mut firing = BTreeMap::new();
        for alert in self.raised().chain(self.desk.digest()) {
            *firing.entry(alert.severity).or_default() += 1;
        }
        firing
    }

    pub fn fired_by_rule(&self) -> &BTreeMap<String, u64> {
        &self.fired_by_rule
    }

    pub fn records_by_reason(&self) -> &BTreeMap<&'static str, u64> {
        &self.records_by_reason
    }
}
