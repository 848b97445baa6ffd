//! A device that advertises itself as an IPv6 router (RFC 4861) and is none that anybody knows.

use sensor_common::wire::transport::protocol;

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
        let servers = Servers::new("router", parameters);
        let sentence = "advertises itself as an IPv6 router, and is not one of the routers known";
        Box::new(UnexpectedServer::new(servers, serves, "advertising_routers", sentence))
    },
};

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
    parameters: &[LEARNING],
    excused_roles: &["router"],
    clears_after: DAY,
};

/// RFC 4861 section 4.2.
const ROUTER_ADVERTISEMENT: u16 = 134;

fn serves(flow: &FlowSeen<'_>) -> bool {
    // Nothing answers an advertisement, so it opens nothing.
    flow.part == Part::Responder
        && flow.delta.key.protocol() == protocol::ICMPV6
        && flow.delta.icmp_type_code >> 8 == ROUTER_ADVERTISEMENT
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
    fn what_served_while_learning_is_known() {
        let day = 24.0 * 3600.0;
        for (at, expected) in [(day - 1.0, 0), (day, 1), (day + 1.0, 1)] {
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
