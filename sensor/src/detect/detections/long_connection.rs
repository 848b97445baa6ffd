//! Conversations with the outside that last for hours.

use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        border::Crossing,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
    },
    flow::{FlowRecord, community::community_id},
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(LongConnection::new(parameters)),
};

const HOUR: f64 = 3600.0;
const RITA: Source = Source::Published("RITA, tiers of long connections");

const fn tier(name: &'static str, meaning: &'static str, hours: f64) -> Parameter {
    Parameter {
        name,
        meaning,
        default: hours * HOUR,
        minimum: 60.0,
        maximum: 365.0 * 24.0 * HOUR,
        unit: Unit::Seconds,
        source: RITA,
    }
}

static DESCRIPTION: Description = Description {
    id: "WL-017",
    name: "long_connection",
    title: "Long conversation with the outside",
    severity: Severity::Info,
    sees: "A conversation between a device of the site and an address outside, answered, that lasts \
           for an hour and longer: info, and more in tiers. Told when the flow is reported, so up to \
           the active timeout late. A gap longer than the idle timeout ends a conversation; what \
           lasted before the agent's start does not count.",
    clinical_note: "Remote control by an intruder stays connected, but so do suppliers' remote \
                    maintenance, VPNs, mobile phones' notifications and cloud telephony. A medical \
                    device or a server that has no such use is the one to look at.",
    techniques: &["T1071"],
    parameters: &[
        tier("info_after", "is worth a line", 1.0),
        tier("low_after", "is low", 4.0),
        tier("medium_after", "is medium", 8.0),
        tier("high_after", "is high", 12.0),
    ],
    excused_roles: &["remote_support", "router"],
    clears_after: Duration::from_secs(2 * 3600),
};

#[derive(Debug)]
struct LongConnection {
    /// Shortest first.
    tiers: [(Duration, Severity); 4],
}

impl LongConnection {
    fn new(parameters: &Parameters) -> Self {
        let mut tiers = [
            (parameters.duration("info_after"), Severity::Info),
            (parameters.duration("low_after"), Severity::Low),
            (parameters.duration("medium_after"), Severity::Medium),
            (parameters.duration("high_after"), Severity::High),
        ];
        tiers.sort();
        Self { tiers }
    }
}

impl Detector for LongConnection {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(
        &mut self,
        record: &FlowRecord,
        estate: &Estate<'_>,
        findings: &mut Findings,
    ) {
        let lasted = record.end.since(record.start);
        let Some(&(limit, severity)) = self.tiers.iter().rfind(|(limit, _)| lasted >= *limit)
        else {
            return;
        };
        let is_answered = record.forward.packets > 0 && record.reverse.packets > 0;
        let Some(crossing) = Crossing::of(record, estate).filter(|_| is_answered) else { return };
        let Some(device) = crossing.device else { return };
        let hours = lasted.as_secs_f64() / HOUR;
        let evidence = Evidence::default()
            .number("hours", hours)
            .number("responder_port", f64::from(record.responder_port))
            .peer(Some(crossing.outside))
            .flow(community_id(record));
        findings.report(Finding {
            device,
            severity: Some(severity),
            metric: "seconds",
            value: lasted.as_secs_f64(),
            limit: limit.as_secs_f64(),
            window: limit,
            sentence: format!("keeps a conversation with the outside for {hours:.1} h"),
            evidence,
            since: record.start,
            at: record.end,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{detect::trial::*, flow::FlowEndReason};

    fn severity(seconds: f64) -> Option<Severity> {
        let mut trial = Trial::new(&DETECTION, &[]);
        let found = trial.record(talk("10.20.0.7", "203.0.113.9").between(100.0, 100.0 + seconds));
        found.first().and_then(|finding| finding.severity)
    }

    #[test]
    fn each_tier_begins_at_its_limit() {
        assert_eq!(severity(HOUR - 1.0), None);
        assert_eq!(severity(HOUR), Some(Severity::Info));
        assert_eq!(severity(4.0 * HOUR - 1.0), Some(Severity::Info));
        assert_eq!(severity(4.0 * HOUR), Some(Severity::Low));
        assert_eq!(severity(8.0 * HOUR - 1.0), Some(Severity::Low));
        assert_eq!(severity(8.0 * HOUR), Some(Severity::Medium));
        assert_eq!(severity(12.0 * HOUR - 1.0), Some(Severity::Medium));
        assert_eq!(severity(12.0 * HOUR), Some(Severity::High));
    }

    #[test]
    fn one_that_goes_on_is_told_from_its_beginning() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let lasting = talk("10.20.0.7", "203.0.113.9").ends(FlowEndReason::ActiveTimeout);
        let mut told = Vec::new();
        for half_hour in 1..=9 {
            told.extend(trial.record(lasting.between(0.0, f64::from(half_hour) * HOUR / 2.0)));
        }
        let severities: Vec<_> = told.iter().filter_map(|finding| finding.severity).collect();
        assert_eq!(severities[..2], [Severity::Info; 2]);
        assert_eq!((severities.len(), severities[6..].to_vec()), (8, vec![Severity::Low; 2]));
    }

    #[test]
    fn inner_and_unanswered_conversations_are_no_matter() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let day = 24.0 * HOUR;
        assert!(trial.record(talk("10.20.0.7", "10.20.0.8").between(0.0, day)).is_empty());
        let alone = talk("10.20.0.7", "203.0.113.9").packets(1000, 0).between(0.0, day);
        assert!(trial.record(alone).is_empty());
        let inward = talk("203.0.113.9", "10.20.0.7").between(0.0, day);
        assert_eq!(trial.record(inward).len(), 1, "whoever opened it");
    }
}
