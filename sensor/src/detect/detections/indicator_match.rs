//! Devices of the site that meet what a feed of indicators of compromise lists.

use std::{net::IpAddr, sync::Arc, time::Duration};

use sensor_common::{
    application::Application,
    wire::transport::{protocol, tcp_flags::RST},
};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Heard, Indicators, Interest, Severity,
        description::{Description, HOUR},
        indicators::Indicator,
        opening::Part,
        reminder::Reminder,
        settings::Parameters,
    },
    flow::{FlowRecord, community::community_id},
    interpret::{FlowDetail, Message},
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(IndicatorMatch::new(parameters)),
};

/// Pairs of device and what it met.
const MEETINGS: usize = 16_384;

static DESCRIPTION: Description = Description {
    id: "WL-045",
    name: "indicator_match",
    title: "Indicator of compromise",
    severity: Severity::High,
    sees: "A device that sends to an address, or names a domain in a question of DNS or a hello of TLS \
           or QUIC, that a file of `[intelligence]` lists; or whose hello has a JA4 fingerprint that is listed. Networks \
           hold their addresses, domains those below them. Refusals of connections from outside do \
           not count. The severity is the entry's. Questions and hellos are those that the sensor \
           sampled. A resolver is reported beside the device \
           that asked it, unless it has the role `dns_server`.",
    clinical_note: "Somebody else has met this address or name in an attack. It may be old, or belong \
                    to a host that thousands share: look what the file says of it. If the device is \
                    a workstation, take it off the network; if it treats patients, block the \
                    address at the edge and call clinical engineering.",
    techniques: &["T1071"],
    parameters: &[],
    excused_roles: &["dns_server", "scanner"],
    clears_after: Duration::from_secs(24 * 3600),
};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Met {
    Address(IpAddr),
    Name(Box<str>),
    Fingerprint(Box<str>),
}

#[derive(Debug)]
struct IndicatorMatch {
    indicators: Option<Arc<Indicators>>,
    reported: Reminder<(DeviceId, Met)>,
}

impl IndicatorMatch {
    fn new(_: &Parameters) -> Self {
        Self { indicators: None, reported: Reminder::every(HOUR, MEETINGS) }
    }
}

/// What is said of a meeting.
struct Meeting<'a> {
    device: DeviceId,
    met: Met,
    indicator: &'a Indicator,
    at: Moment,
    peer: Option<IpAddr>,
}

impl Meeting<'_> {
    fn report(
        self,
        reported: &mut Reminder<(DeviceId, Met)>,
        flow: Option<String>,
        findings: &mut Findings,
    ) {
        let Self { device, met, indicator, at, peer } = self;
        let source = &indicator.source;
        let sentence = match &met {
            Met::Address(address) => format!("sends to {address}, which `{source}` lists"),
            Met::Name(name) => format!("asks for `{name}`, which `{source}` lists"),
            Met::Fingerprint(ja4) => format!("says hello as `{ja4}`, which `{source}` lists"),
        };
        if reported.is_due((device, met), at) {
            let mut finding = Finding::of_event(device, "indicators", at, &sentence);
            finding.severity = Some(indicator.severity);
            finding.evidence = finding.evidence.peer(peer).flow(flow);
            findings.report(finding);
        }
    }
}

/// Whether the sender only turned somebody away.
fn is_refusal(flow: &FlowSeen<'_>) -> bool {
    let delta = flow.delta;
    let is_reset = delta.key.protocol() == protocol::TCP && delta.first_tcp_flags & RST != 0;
    let is_told = matches!(delta.opinion.application, Application::Icmp | Application::Icmpv6);
    is_reset || is_told && flow.part != Part::Initiator
}

impl Detector for IndicatorMatch {
    fn interest(&self) -> Interest {
        Interest::OPENINGS
    }

    fn take_indicators(&mut self, indicators: &Arc<Indicators>) {
        self.indicators = Some(Arc::clone(indicators)).filter(|indicators| !indicators.is_empty());
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let (true, Some(indicators), Some(device), Some(destination)) = (
            flow.delta.is_new,
            &self.indicators,
            flow.source,
            flow.delta.key.destination_address(),
        ) else {
            return;
        };
        let at = flow.delta.first_seen;
        let Some(indicator) = indicators.of_address(destination, at) else { return };
        if is_refusal(flow) {
            return;
        }
        let met = Met::Address(destination);
        let meeting = Meeting { device, met, indicator, at, peer: Some(destination) };
        meeting.report(&mut self.reported, None, findings);
    }

    fn observe_record(&mut self, record: &FlowRecord, _: &Estate<'_>, findings: &mut Findings) {
        let (Some(detail), Some(device)) = (&record.detail, record.initiator_device) else {
            return;
        };
        let at_end = (record.end, record.responder, community_id(record));
        self.look_at_hello(detail, device, at_end, findings);
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Some(device) = heard.source else { return };
        let (at, peer) = (heard.at, heard.key.destination_address());
        match heard.message {
            Message::Dns(dns) if !dns.is_response => {
                let (Some(indicators), Some(question)) = (&self.indicators, &dns.question) else {
                    return;
                };
                if let Some((name, indicator)) = indicators.of_name(&question.name, at) {
                    let met = Met::Name(name.into());
                    let meeting = Meeting { device, met, indicator, at, peer };
                    meeting.report(&mut self.reported, None, findings);
                }
            }
            Message::Detail(detail) => {
                self.look_at_hello(detail, device, (at, peer, None), findings);
            }
            _ => {}
        }
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

impl IndicatorMatch {
    /// A hello is looked at when its message was sampled, and again in the flow's record, if its
    /// sender was not known before.
    fn look_at_hello(
        &mut self,
        detail: &FlowDetail,
        device: DeviceId,
        (at, peer, flow): (Moment, Option<IpAddr>, Option<String>),
        findings: &mut Findings,
    ) {
        let (Some(indicators), Some(tls)) = (&self.indicators, &detail.tls) else { return };
        let name = tls.server_name.as_deref().and_then(|name| indicators.of_name(name, at));
        if let Some((name, indicator)) = name {
            let meeting = Meeting { device, met: Met::Name(name.into()), indicator, at, peer };
            meeting.report(&mut self.reported, flow.clone(), findings);
        }
        let listed = tls.ja4.as_deref().and_then(|ja4| Some((ja4, indicators.of_ja4(ja4, at)?)));
        if let Some((ja4, indicator)) = listed {
            let met = Met::Fingerprint(ja4.into());
            let meeting = Meeting { device, met, indicator, at, peer };
            meeting.report(&mut self.reported, flow, findings);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        detect::{indicators::Pattern, trial::*},
        interpret::{
            FlowDetail,
            detail::TlsDetail,
            message::{DnsMessage, DnsQuestion},
        },
        time::{Timestamp, WallClock},
    };

    const JA4: &str = "t13d1516h2_8daaf6152771_b186095e22b6";

    fn trial() -> Trial {
        let mut trial = Trial::new(&DETECTION, &[]);
        let mut indicators = Indicators::new(WallClock::since_1970(), 10);
        let expires = Some(Timestamp::from_micros(1_000_000_000));
        let severity = Severity::Critical;
        for pattern in
            [Pattern::network("203.0.113.0/24"), Pattern::domain("evil.example"), Pattern::ja4(JA4)]
        {
            let indicator = Indicator { severity, source: "isac".into(), expires };
            assert!(indicators.add(pattern.unwrap(), indicator));
        }
        trial.bed.detector.take_indicators(&Arc::new(indicators));
        trial
    }

    fn hello(trial: &mut Trial, name: &str, ja4: &str, at: f64) -> Vec<Finding> {
        let tls = TlsDetail {
            server_name: Some(name.to_owned()),
            ja4: Some(ja4.to_owned()),
            ..TlsDetail::default()
        };
        trial.changed(talk("10.20.0.7", "198.51.100.1").at(at), |record| {
            record.detail = Some(Box::new(FlowDetail::of_tls(tls)));
        })
    }

    #[test]
    fn who_sends_to_a_listed_address_is_reported_once_an_hour_until_it_expires() {
        let mut trial = trial();
        assert!(trial.forward(talk("10.20.0.7", "203.0.114.1")).is_empty());
        let found = trial.forward(talk("10.20.0.7", "203.0.113.9"));
        assert_eq!(found[0].severity, Some(Severity::Critical));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.7"));
        assert!(found[0].sentence.contains("`isac`"));
        assert!(trial.forward(talk("10.20.0.7", "203.0.113.9").at(1.0)).is_empty());
        assert_eq!(trial.forward(talk("10.20.0.7", "203.0.113.10").at(999.0)).len(), 1);
        assert!(trial.forward(talk("10.20.0.7", "203.0.113.11").at(1000.0)).is_empty());
    }

    #[test]
    fn an_answer_counts_and_turning_somebody_away_does_not() {
        let mut trial = trial();
        let knock = talk("203.0.113.9", "10.20.0.7").tcp(22);
        assert!(trial.forward(knock).is_empty(), "of whom it is not known");
        let mut refusal = knock.delta(true);
        refusal.first_tcp_flags = RST | 0x10;
        assert!(trial.flow(refusal).is_empty());
        assert_eq!(trial.reply(knock).len(), 1);
    }

    #[test]
    fn names_and_fingerprints_of_hellos_are_looked_up() {
        let mut trial = trial();
        assert!(hello(&mut trial, "good.example", "t13d", 0.0).is_empty());
        let found = hello(&mut trial, "c2.Evil.example", "t13d", 0.0);
        assert!(found[0].sentence.contains("`evil.example`"));
        let tls = TlsDetail { ja4: Some(JA4.to_owned()), ..TlsDetail::default() };
        let at_once = Message::Detail(Box::new(FlowDetail::of_tls(tls)));
        assert_eq!(trial.message(talk("10.20.0.8", "198.51.100.1"), &at_once).len(), 1);
        let found = hello(&mut trial, "good.example", JA4, 0.0);
        assert!(found[0].sentence.contains(JA4));
        assert!(hello(&mut trial, "evil.example", JA4, 1000.0).is_empty(), "expired");
    }

    #[test]
    fn questions_of_dns_are_looked_up_and_answers_are_not() {
        let ask = |name: &str, is_response| {
            Message::Dns(DnsMessage {
                is_response,
                operation: 0,
                response_code: 0,
                length: 40,
                answers: 0,
                question: Some(DnsQuestion { name: name.to_owned(), record_type: 1 }),
            })
        };
        let mut trial = trial();
        let to_resolver = talk("10.20.0.7", "10.20.0.1").udp(40_000, 53);
        assert!(trial.message(to_resolver, &ask("good.example", false)).is_empty());
        assert!(trial.message(to_resolver, &ask("a.evil.example", true)).is_empty());
        let found = trial.message(to_resolver, &ask("a.evil.example", false));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.7"));
        assert!(trial.message(to_resolver, &ask("b.evil.example", false)).is_empty(), "said");
    }

    #[test]
    fn without_a_file_nothing_is_looked_up() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let none = Indicators::new(WallClock::since_1970(), 10);
        trial.bed.detector.take_indicators(&Arc::new(none));
        assert!(trial.forward(talk("10.20.0.7", "203.0.113.9")).is_empty());
    }
}
