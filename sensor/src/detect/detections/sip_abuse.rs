//! Telephony: registrations and calls that are refused again and again, and searches for telephones.

use std::{net::IpAddr, time::Duration};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        burst::Burst,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    interpret::{Message, message::SipMessage},
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(SipAbuse::new(parameters)),
};

const fn count(name: &'static str, meaning: &'static str, default: f64) -> Parameter {
    let (unit, source) = (Unit::Count, Source::Ours);
    Parameter { name, meaning, default, minimum: 3.0, maximum: 1000.0, unit, source }
}

static DESCRIPTION: Description = Description {
    id: "WL-034",
    name: "sip_abuse",
    title: "Telephony is abused",
    severity: Severity::Medium,
    sees: "One client whose registrations or calls one telephone exchange refuses, within the \
           window, with no success between; or one that asks many addresses for their options \
           (OPTIONS) and gets no answer from them. A refusal that asks for a password and is \
           followed by success is how every telephone registers.",
    clinical_note: "After an outage, or with a password that was changed, telephones retry; those \
                    are many devices with few refusals each. One device with many is somebody who \
                    guesses passwords to make calls at the site's cost, or to listen. Nurse call \
                    and emergency numbers may hang on the same exchange: separate the client, not \
                    the exchange.",
    techniques: &["T1110", "T1046"],
    parameters: &[
        count("refusals", "registrations or calls of one client that are refused in a row", 20.0),
        count("targets", "addresses that are asked and do not answer", 10.0),
        Parameter {
            name: "window",
            meaning: "within which they are counted",
            default: 300.0,
            minimum: 10.0,
            maximum: 3600.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &["monitoring", "scanner"],
    clears_after: Duration::from_secs(1800),
};

const PAIRS: usize = 8192;
const CLIENTS: usize = 2048;
/// RFC 3261 section 17.1.2.2: a request is repeated for 64 times T1; who answers does so sooner.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
struct SipAbuse {
    refusals: usize,
    targets: usize,
    window: Duration,
    refused: Table<(DeviceId, Option<IpAddr>), Burst>,
    /// Addresses that a client has asked and that did not answer yet.
    asked: Table<DeviceId, Vec<(IpAddr, Moment)>>,
}

impl SipAbuse {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            refusals: parameters.count("refusals"),
            targets: parameters.count("targets"),
            window,
            refused: Table::new(PAIRS, window * 2),
            asked: Table::new(CLIENTS, window * 2),
        }
    }

    fn ask(&mut self, client: DeviceId, target: IpAddr, at: Moment) {
        let most = self.targets * 4;
        let Some(asked) = self.asked.touch(client, at, Vec::new) else { return };
        if asked.len() < most && !asked.iter().any(|(address, _)| *address == target) {
            asked.push((target, at));
        }
    }

    /// The first moment of so many refusals in a row.
    fn answer(&mut self, message: &SipMessage, heard: &Heard<'_>) -> Option<Moment> {
        let (client, server) = (heard.destination?, heard.key.source_address());
        if let Some(asked) = self.asked.get_mut(&client) {
            asked.retain(|(address, _)| Some(*address) != server);
        }
        // Of a response that does not say to what it is, nothing is known.
        if !matches!(message.method?, "REGISTER" | "INVITE") {
            return None;
        }
        match message.status? {
            // RFC 3261 section 21.4: unauthorized, forbidden, not found, proxy authentication.
            401 | 403 | 404 | 407 => {
                let burst = self.refused.touch((client, server), heard.at, Burst::default)?;
                burst.add(heard.at, self.refusals, self.window)
            }
            180..=299 => {
                self.refused.remove(&(client, server));
                None
            }
            _ => None,
        }
    }
}

impl Detector for SipAbuse {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Sip(message) = heard.message else { return };
        if message.status.is_none() {
            if let (Some("OPTIONS"), Some(client), Some(target)) =
                (message.method, heard.source, heard.key.destination_address())
            {
                self.ask(client, target, heard.at);
            }
            return;
        }
        let since = self.answer(message, heard);
        let (Some(since), Some(device)) = (since, heard.destination) else { return };
        findings.report(Finding {
            device,
            severity: None,
            metric: "refusals",
            value: self.refusals as f64,
            limit: self.refusals as f64,
            window: self.window,
            sentence: "is refused again and again by a telephone exchange".to_owned(),
            evidence: Evidence::default().peer(heard.key.source_address()),
            since,
            at: heard.at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, findings: &mut Findings) {
        let (window, limit) = (self.window, self.targets);
        for (&device, asked) in self.asked.iter_mut() {
            asked.retain(|(_, moment)| now.since(*moment) <= window);
            let is_silent = |each: &&(IpAddr, Moment)| now.since(each.1) >= PATIENCE;
            let silent = asked.iter().filter(is_silent).count();
            if silent < limit {
                continue;
            }
            let mut evidence = Evidence::default().number("targets", silent as f64);
            evidence.add_peers(asked.iter().map(|(address, _)| *address));
            findings.report(Finding {
                device,
                severity: None,
                metric: "silent_targets",
                value: silent as f64,
                limit: limit as f64,
                window,
                sentence: "looks for telephones at many addresses that do not answer".to_owned(),
                evidence,
                since: asked.iter().map(|(_, moment)| *moment).min().unwrap_or(now),
                at: now,
            });
            asked.clear();
        }
        self.refused.expire(now);
        self.asked.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.refused.overflowed() + self.asked.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rig::Rig;

    fn message(method: &'static str, status: Option<u16>) -> Message {
        Message::Sip(SipMessage { method: Some(method), status, prefix: None })
    }

    /// What an exchange answers a telephone, a second apart.
    fn answered(method: &'static str, statuses: &[u16]) -> Vec<Finding> {
        let mut rig = Rig::new(DETECTION);
        for (second, status) in statuses.iter().enumerate() {
            rig.hear((2, 5060), (1, 5060), second as f64, message(method, Some(*status)));
        }
        rig.found(statuses.len() as f64)
    }

    #[test]
    fn refusals_in_a_row_are_found_from_the_limit_on() {
        for (method, status) in [("REGISTER", 401), ("REGISTER", 403), ("INVITE", 404)] {
            assert_eq!(answered(method, &[status; 19]), []);
            let found = answered(method, &[status; 20]);
            assert_eq!((found.len(), found[0].device.0), (1, 1));
        }
    }

    #[test]
    fn telephones_that_register_and_call_stay_silent() {
        assert_eq!(answered("REGISTER", &[401, 200].repeat(100)), []);
        assert_eq!(answered("INVITE", &[407, 100, 180, 200].repeat(100)), []);
        assert_eq!(answered("OPTIONS", &[404; 100]), []);
        assert_eq!(answered("INVITE", &[486; 100]), [], "busy");
    }

    fn asked(targets: u32, answers: u32) -> usize {
        let mut rig = Rig::new(DETECTION);
        for target in 2..2 + targets {
            rig.hear((1, 5060), (target, 5060), 0.0, message("OPTIONS", None));
        }
        assert_eq!(rig.found(1.0), [], "an answer takes its time");
        for target in 2..2 + answers {
            rig.hear((target, 5060), (1, 5060), 2.0, message("OPTIONS", Some(200)));
        }
        rig.found(5.0).len()
    }

    #[test]
    fn a_search_is_told_from_an_exchange_that_looks_after_its_telephones() {
        assert_eq!(asked(9, 0), 0);
        assert_eq!(asked(10, 0), 1);
        assert_eq!(asked(30, 5), 1);
        assert_eq!(asked(30, 21), 0);
        assert_eq!(asked(30, 30), 0);
    }
}
