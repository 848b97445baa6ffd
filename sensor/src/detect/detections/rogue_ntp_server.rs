//! A device of the site that answers NTP and is no time server that anybody knows.

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
        let servers = Servers::new("ntp_server", parameters);
        let sentence = "answers NTP requests, and is not one of the time servers known";
        Box::new(UnexpectedServer::new(servers, serves, "ntp_servers", sentence))
    },
};

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
    parameters: &[LEARNING],
    excused_roles: &["ntp_server", "router"],
    clears_after: DAY,
};

fn serves(flow: &FlowSeen<'_>) -> bool {
    let opinion = flow.delta.opinion;
    flow.part == Part::Responder
        && flow.delta.key.source_port() == 123
        && opinion.application == Application::Ntp
        && opinion.evidence >= Basis::Likely
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
    fn what_served_while_learning_is_known() {
        let day = 24.0 * 3600.0;
        for (at, expected) in [(day - 1.0, 0), (day, 1), (day + 1.0, 1)] {
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
