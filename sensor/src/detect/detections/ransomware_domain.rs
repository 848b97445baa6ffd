//! Look-ups of the domains that WannaCry asks for before it spreads: it stops if one answers.

use std::time::Duration;

use super::{Detection, resolvers::Resolvers};
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        description::Description, settings::Parameters,
    },
    interpret::Message,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |_: &Parameters| Box::new(RansomwareDomain { resolvers: Resolvers::default() }),
};

static DESCRIPTION: Description = Description {
    id: "WL-006",
    name: "ransomware_domain",
    title: "Look-up of WannaCry's domain",
    severity: Severity::Critical,
    sees: "A DNS query for a domain by which the WannaCry worm decides whether it goes on, in the \
           forms that were published and in those that other letters were put before. A device \
           that answers queries itself asks for others, and is not named.",
    clinical_note: "The device is infected. Never block the domain: the worm encrypts and spreads \
                    where it gets no answer. Separate the device from the network, a medical one \
                    after a word with the ward, and look for others that it reached over SMB. The \
                    security team may look the name up too.",
    techniques: &["T1486", "T1210"],
    parameters: &[],
    excused_roles: &["dns_server"],
    clears_after: Duration::from_secs(3600),
};

/// What the published domains (`iuqerf`..., `ifferf`...) have in common behind their first letters.
const COMMON: &str = "sodp9ifjaposdfjhgosurijfaewrwergwea";

#[derive(Debug)]
struct RansomwareDomain {
    resolvers: Resolvers,
}

fn is_kill_switch(name: &str) -> bool {
    name.split('.').rev().nth(1).is_some_and(|label| label.ends_with(COMMON))
}

impl Detector for RansomwareDomain {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Dns(message) = heard.message else { return };
        self.resolvers.observe(heard, message);
        let asked = message.question.as_ref().is_some_and(|each| is_kill_switch(&each.name));
        let (true, false, Some(device)) = (asked, message.is_response, heard.source) else {
            return;
        };
        if self.resolvers.contain(device) {
            return;
        }
        findings.report(Finding {
            device,
            severity: None,
            metric: "kill_switch_queries",
            value: 1.0,
            limit: 1.0,
            window: Duration::from_secs(60),
            sentence: "asks for the domain by which WannaCry decides whether it spreads".to_owned(),
            evidence: Evidence::default().peer(heard.key.destination_address()),
            since: heard.at,
            at: heard.at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.resolvers.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.resolvers.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rig::{Rig, dns_query, dns_response};

    fn found(name: &str) -> usize {
        let mut rig = Rig::new(DETECTION);
        rig.hear((1, 40_000), (2, 53), 0.0, dns_query(name, 1));
        rig.found(0.0).len()
    }

    #[test]
    fn both_published_domains_are_found_with_and_without_a_host() {
        for letters in ["iuqerf", "ifferf"] {
            assert_eq!(found(&format!("{letters}{COMMON}.com")), 1);
            assert_eq!(found(&format!("www.{letters}{COMMON}.com")), 1);
        }
    }

    #[test]
    fn near_misses_are_not() {
        assert_eq!(found(&format!("iuqerf{}.com", &COMMON[..30])), 0);
        assert_eq!(found(&format!("iuqerf{COMMON}.com.example")), 0, "below another domain");
        assert_eq!(found(COMMON), 0);
        assert_eq!(found(""), 0);
    }

    #[test]
    fn answers_and_resolvers_are_not() {
        let mut rig = Rig::new(DETECTION);
        let name = format!("iuqerf{COMMON}.com");
        rig.hear((2, 53), (1, 40_000), 0.0, dns_response(&name, 1, 0));
        rig.hear((2, 40_000), (3, 53), 0.0, dns_query(&name, 1));
        assert_eq!(rig.found(0.0), []);
    }
}
