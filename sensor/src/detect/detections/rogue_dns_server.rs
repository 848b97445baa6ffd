//! A device of the site that answers DNS and is no name server that anybody knows.

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::detect::{
    FlowSeen, Severity,
    description::{DAY, Description},
    opening::Part,
    servers::{LEARNING, Servers, UnexpectedServer},
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| {
        let servers = Servers::new("dns_server", parameters);
        let sentence = "answers DNS queries, and is not one of the name servers known";
        Box::new(UnexpectedServer::new(servers, serves, "dns_servers", sentence))
    },
};

static DESCRIPTION: Description = Description {
    id: "WL-022",
    name: "rogue_dns_server",
    title: "Unexpected DNS server",
    severity: Severity::Medium,
    sees: "A device of the site that answers DNS queries on port 53 and has not the role dns_server. Where no \
           device has that role, those that answered during the learning time are known. Servers \
           outside the site do not count.",
    clinical_note: "Whoever answers names can send devices to another server: results, images, updates. Often it is a \
                    new name server or a forgotten appliance: give it the role if it belongs here.",
    techniques: &["T1557", "T0830"],
    parameters: &[LEARNING],
    excused_roles: &["dns_server", "router"],
    clears_after: DAY,
};

fn serves(flow: &FlowSeen<'_>) -> bool {
    let opinion = flow.delta.opinion;
    flow.part == Part::Responder
        && flow.delta.key.source_port() == 53
        && opinion.application == Application::Dns
        && opinion.evidence >= Basis::Likely
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::segment::{Frame, Segment, host};

    fn answer(from: u32) -> Frame {
        Frame::udp(host(from), host(9), (53, 40_000)).speaking(Application::Dns)
    }

    #[test]
    fn one_that_is_not_listed_is_told_once() {
        let mut segment = Segment::watched_by("rogue_dns_server");
        segment.give_role("dns_server", &[host(1)]);
        for at in 0..9 {
            segment.feed(answer(1), f64::from(at));
            segment.feed(answer(2).again(), f64::from(at));
        }
        let found = segment.advance(9.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].device, segment.device(host(2)));
    }

    #[test]
    fn what_served_while_learning_is_known() {
        let day = 24.0 * 3600.0;
        for (at, expected) in [(day - 1.0, 0), (day, 1), (day + 1.0, 1)] {
            let mut segment = Segment::watched_by("rogue_dns_server");
            segment.advance(0.0);
            segment.feed(answer(1), 10.0);
            segment.feed(answer(2), at);
            segment.feed(answer(1), at + 2.0);
            assert_eq!(segment.advance(at + 2.0).len(), expected, "{at}");
        }
    }

    #[test]
    fn clients_serve_nobody() {
        let mut segment = Segment::set("rogue_dns_server", &[("learning", 0.0)]);
        segment.advance(0.0);
        segment.feed(Frame::udp(host(2), host(9), (40_000, 53)).speaking(Application::Dns), 9.0);
        assert_eq!(segment.advance(10.0), []);
    }
}
