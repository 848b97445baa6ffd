//! A device that advertises itself as an IPv6 router (RFC 4861) and is none that anybody knows.

use std::time::Duration;

use sensor_common::wire::transport::protocol;

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
    detector: |parameters| Box::new(RogueRouter::new(parameters)),
};

const DAY: Duration = Duration::from_secs(24 * 3600);

static DESCRIPTION: Description = Description {
    id: "WL-022",
    name: "rogue_router",
    title: "Unexpected IPv6 router",
    severity: Severity::High,
    sees: "A device that sends IPv6 router advertisements (ICMPv6 type 134, RFC 4861 section 4.2) and has not \
           the role router, nor is seen to be one. Where no device has that role, those that \
           advertised during the learning time are known.",
    clinical_note: "Every device with IPv6 on that segment may send its traffic through this one at once, and most take \
                    the address of a name server from it. Often it is a laptop that shares its \
                    connection. Take it off the segment; filter router advertisements on access ports.",
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
    excused_roles: &["router"],
    clears_after: DAY,
};

/// RFC 4861 section 4.2.
const ROUTER_ADVERTISEMENT: u16 = 134;

#[derive(Debug)]
struct RogueRouter {
    servers: Servers,
}

impl RogueRouter {
    fn new(parameters: &Parameters) -> Self {
        Self { servers: Servers::new("router", parameters.duration("learning")) }
    }
}

impl Detector for RogueRouter {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let (delta, key) = (flow.delta, &flow.delta.key);
        // Nothing answers an advertisement, so it opens nothing.
        let serves = flow.part == Part::Responder
            && key.protocol() == protocol::ICMPV6
            && delta.icmp_type_code >> 8 == ROUTER_ADVERTISEMENT;
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
            metric: "advertising_routers",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: "advertises itself as an IPv6 router, and is not one of the routers known"
                .to_owned(),
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
    use crate::detect::segment::{Frame, Host, Segment, host, link_local};

    /// ff02::1
    const EVERY_NODE: Host = Host(0x3333_0000_0001, std::net::IpAddr::V6(ALL_NODES));
    const ALL_NODES: std::net::Ipv6Addr = std::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

    fn answer(from: u32) -> Frame {
        Frame::icmp6(link_local(host(from)), EVERY_NODE, 134)
    }

    #[test]
    fn one_that_is_not_listed_is_told_once() {
        let mut segment = Segment::watched_by("rogue_router");
        segment.give_role("router", &[link_local(host(1))]);
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
            let mut segment = Segment::watched_by("rogue_router");
            segment.advance(0.0);
            segment.feed(answer(1), 10.0);
            segment.feed(answer(2), at);
            segment.feed(answer(1), at + 2.0);
            assert_eq!(segment.advance(at + 2.0).len(), expected, "{at}");
        }
    }

    #[test]
    fn clients_serve_nobody() {
        let mut segment = Segment::set("rogue_router", &[("learning", 0.0)]);
        segment.advance(0.0);
        segment.feed(Frame::icmp6(link_local(host(2)), EVERY_NODE, 133), 9.0);
        assert_eq!(segment.advance(10.0), []);
    }
}
