//! A device that answers DHCP and is no server that anybody knows.

use std::time::Duration;

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Interest, Severity,
        description::{DAY, Description, Parameter, Source, Unit},
        role::ROUTER,
        servers::{LEARNING, Servers, Standing},
        settings::Parameters,
        table::Table,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(RogueDhcpServer::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-021",
    name: "rogue_dhcp_server",
    title: "Unexpected DHCP server",
    severity: Severity::High,
    sees: "A device that answers DHCP clients (UDP port 67 to 68) and has not the role dhcp_server. \
           Where no device has that role, those that answered during the learning time are known; \
           two that answer on one VLAN within the window are then both told at once, as medium, for \
           the sensor cannot know which of them belongs there. Routers are excused: they relay.",
    clinical_note: "Devices that start now may get a wrong address, gateway or name server from it, \
                    and drop off the network or send their data through it. Imaging carts and \
                    service laptops bring such servers. Find its switch port and unplug it; then \
                    let the devices on that VLAN renew. Give your own servers the role.",
    techniques: &["T1557.003", "T1200"],
    parameters: &[
        LEARNING,
        Parameter {
            name: "window",
            meaning: "time within which two servers are thought to answer the same clients",
            default: 600.0,
            minimum: 1.0,
            maximum: 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &["dhcp_server", ROUTER],
    clears_after: DAY,
};

/// VLANs, and servers on them.
const VLANS: usize = 4096;
const SERVERS_OF_A_VLAN: usize = 8;

// UDP ports (RFC 2131 section 4.1).
const SERVER: u16 = 67;
const CLIENT: u16 = 68;

#[derive(Debug)]
struct RogueDhcpServer {
    window: Duration,
    servers: Servers,
    /// Who answered on a VLAN, since when and when last.
    answering: Table<u64, Vec<(DeviceId, Moment, Moment)>>,
}

impl RogueDhcpServer {
    fn new(parameters: &Parameters) -> Self {
        Self {
            window: parameters.duration("window"),
            servers: Servers::new("dhcp_server", parameters),
            answering: Table::new(VLANS, DAY),
        }
    }

    /// The servers that answered on a VLAN within the window, the first one first.
    fn rivals(&mut self, vlans: u64, server: DeviceId, at: Moment) -> Vec<(DeviceId, Moment)> {
        let window = self.window;
        let Some(answering) = self.answering.touch(vlans, at, Vec::new) else {
            return Vec::new();
        };
        answering.retain(|&(_, _, last)| at.since(last) <= window);
        if let Some(known) = answering.iter_mut().find(|(id, ..)| *id == server) {
            known.2 = known.2.max(at);
        } else if answering.len() < SERVERS_OF_A_VLAN {
            answering.push((server, at, at));
        }
        answering.iter().map(|&(id, since, _)| (id, since)).collect()
    }
}

impl Detector for RogueDhcpServer {
    fn interest(&self) -> Interest {
        Interest::in_applications(&[Application::Dhcp])
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let (delta, key) = (flow.delta, &flow.delta.key);
        let (at, opinion) = (delta.last_seen, delta.opinion);
        if key.source_port() != SERVER
            || key.destination_port() != CLIENT
            || opinion.application != Application::Dhcp
            || opinion.evidence < Basis::Likely
        {
            return;
        }
        let Some(server) = flow.source else { return };
        let standing = self.servers.standing(server, at, estate);
        // A relay, or a server of another network.
        if standing == Standing::Listed || estate.is_from_router(key) {
            return;
        }
        let window = self.window;
        let mut report = |device, severity, count: usize, sentence: &str, since| {
            findings.report(Finding {
                device,
                severity,
                metric: "dhcp_servers",
                value: count as f64,
                limit: count.min(2) as f64,
                window,
                sentence: sentence.to_owned(),
                evidence: Evidence::default(),
                since,
                at,
            });
        };
        if standing == Standing::Unlisted {
            if self.servers.is_to_be_told(server, at) {
                let sentence = "answers DHCP requests, and is not one of the DHCP servers known";
                report(server, None, 1, sentence, delta.first_seen);
            }
            return;
        }
        let rivals = self.rivals(key.vlans(), server, at);
        if rivals.len() < 2 {
            return;
        }
        for &(rival, since) in &rivals {
            if self.servers.is_to_be_told(rival, at) {
                let sentence = "answers DHCP requests on a VLAN where another server does, and none \
                                of them has the role dhcp_server";
                report(rival, Some(Severity::Medium), rivals.len(), sentence, since);
            }
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.servers.begin(now);
    }

    fn overflowed(&self) -> u64 {
        self.servers.overflowed() + self.answering.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::segment::{Frame, Host, ROUTER as GATEWAY, Segment, host};

    fn offer(from: Host) -> Frame {
        Frame::udp(from, host(99), (67, 68)).speaking(Application::Dhcp)
    }

    #[test]
    fn who_answers_beside_the_servers_with_the_role_is_rogue_at_once() {
        let mut segment = Segment::watched_by("rogue_dhcp_server");
        segment.give_role("dhcp_server", &[host(1), host(2)]);
        for server in [host(1), host(2), host(3), GATEWAY] {
            segment.feed(offer(server), 1.0);
        }
        let found = segment.advance(1.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].device, segment.device(host(3)));
        assert_eq!(found[0].severity, None);
    }

    #[test]
    fn two_that_answer_on_one_vlan_within_the_window_are_both_told() {
        for (at, expected) in [(599.0, 2), (600.0, 2), (601.0, 0)] {
            let mut segment = Segment::watched_by("rogue_dhcp_server");
            segment.feed(offer(host(1)), 0.0);
            segment.feed(offer(host(2)), at);
            let found = segment.advance(at);
            assert_eq!(found.len(), expected, "{at}");
            assert!(found.iter().all(|each| each.severity == Some(Severity::Medium)));
        }
    }

    #[test]
    fn one_server_a_vlan_is_as_it_should_be() {
        let mut segment = Segment::watched_by("rogue_dhcp_server");
        for at in 0..9 {
            segment.feed(offer(host(1)), f64::from(at));
            segment.feed(offer(host(2)).vlan(20), f64::from(at));
            // A relay.
            segment.feed(offer(GATEWAY), f64::from(at));
        }
        assert_eq!(segment.advance(9.0), []);
    }

    #[test]
    fn a_server_that_comes_after_the_learning_is_rogue() {
        let day = 24.0 * 3600.0;
        for (at, expected) in [(day - 1.0, 0), (day, 1), (day + 1.0, 1)] {
            let mut segment = Segment::watched_by("rogue_dhcp_server");
            segment.feed(offer(host(1)), 0.0);
            segment.feed(offer(host(2)), at);
            segment.feed(offer(host(1)), at + 700.0);
            assert_eq!(segment.advance(at + 700.0).len(), expected, "{at}");
        }
    }

    #[test]
    fn clients_are_no_servers() {
        let mut segment = Segment::set("rogue_dhcp_server", &[("learning", 0.0)]);
        segment.advance(0.0);
        for number in 1..9 {
            let request = Frame::udp(host(number), host(99), (68, 67));
            segment.feed(request.speaking(Application::Dhcp), 9.0);
        }
        assert_eq!(segment.advance(9.0), []);
    }
}
