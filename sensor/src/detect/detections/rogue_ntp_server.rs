//! A device of the site that answers NTP and is no time server that anybody knows.

use std::time::Duration;

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        description::{Description, Parameter, Source, Unit},
        opening::Part,
        servers::{Servers, Standing},
        settings::Parameters,
    },
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(RogueNtpServer::new(parameters)),
};

const DAY: Duration = Duration::from_secs(24 * 3600);

static DESCRIPTION: Description = Description {
    id: "WL-022",
    name: "rogue_ntp_server",
    title: "Unexpected time server",
    severity: Severity::Low,
    sees: "A device of the site that answers NTP from port 123 to another port and has not the role ntp_server. \
           Where no device has that role, those that answered during the learning time are known. \
           Left out: clients that ask from port 123, whose answers look like questions.",
    clinical_note: "A wrong clock moves the times of results, images and doses. Modalities often bring a time server of \
                    their own for their parts: give it the role if it belongs here.",
    techniques: &["T1557", "T0830"],
    parameters: &[Parameter {
        name: "learning",
        meaning: "time after the start in which servers are learned, where no device has the role",
        default: 86_400.0,
        minimum: 0.0,
        maximum: 2_592_000.0,
        unit: Unit::Seconds,
        source: Source::Ours,
    }],
    excused_roles: &["ntp_server", "router"],
    clears_after: DAY,
};

#[derive(Debug)]
struct RogueNtpServer {
    servers: Servers,
}

impl RogueNtpServer {
    fn new(parameters: &Parameters) -> Self {
        Self { servers: Servers::new("ntp_server", parameters.duration("learning")) }
    }
}

impl Detector for RogueNtpServer {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let (delta, key) = (flow.delta, &flow.delta.key);
        let opinion = delta.opinion;
        let serves = flow.part == Part::Responder
            && key.source_port() == 123
            && opinion.application == Application::Ntp
            && opinion.evidence >= Basis::Likely;
        let (true, Some(device), Some(address)) = (serves, flow.source, key.source_address())
        else {
            return;
        };
        let at = delta.last_seen;
        if !estate.is_internal(address)
            || self.servers.standing(device, at, estate) != Standing::Unlisted
            || !self.servers.is_to_be_told(device, at)
        {
            return;
        }
        findings.report(Finding {
            device,
            severity: None,
            metric: "ntp_servers",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: "answers NTP requests, and is not one of the time servers known".to_owned(),
            evidence: Evidence::default().peer(key.destination_address()),
            since: delta.first_seen,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.servers.begin(now);
    }

    fn overflowed(&self) -> u64 {
        self.servers.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::segment::{Frame, Segment, host};

    fn answer(from: u32) -> Frame {
        Frame::udp(host(from), host(9), (123, 40_000)).speaking(Application::Ntp)
    }

    #[test]
    fn one_that_is_not_listed_is_told_once() {
        let mut segment = Segment::watched_by("rogue_ntp_server");
        segment.give_role("ntp_server", &[host(1)]);
        for at in 0..9 {
            segment.feed(answer(1), f64::from(at));
            segment.feed(answer(2).again(), f64::from(at));
        }
        let found = segment.advance(9.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].device, segment.device(host(2)));
    }

    #[test]
    fn what_served_while_learning_is_known_to_the_last_moment_of_it() {
        let day = 24.0 * 3600.0;
        for (at, expected) in [(day - 1.0, 0), (day, 0), (day + 1.0, 1)] {
            let mut segment = Segment::watched_by("rogue_ntp_server");
            segment.advance(0.0);
            segment.feed(answer(1), 10.0);
            segment.feed(answer(2), at);
            segment.feed(answer(1), at + 2.0);
            assert_eq!(segment.advance(at + 2.0).len(), expected, "{at}");
        }
    }

    #[test]
    fn clients_serve_nobody() {
        let mut segment = Segment::set("rogue_ntp_server", &[("learning", 0.0)]);
        segment.advance(0.0);
        segment.feed(Frame::udp(host(2), host(9), (123, 123)).speaking(Application::Ntp), 9.0);
        assert_eq!(segment.advance(10.0), []);
    }
}
