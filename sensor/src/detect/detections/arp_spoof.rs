//! A station that tells others, again and again, that another's address is its own: what puts it in
//! the middle of their conversations.

use std::{net::Ipv4Addr, time::Duration};

use sensor_common::flow::Network;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        description::{Description, Parameter, Source, Unit},
        opening::Part,
        owners::{Claim, Owners},
        role::ROUTER,
        settings::Parameters,
        table::Table,
    },
    inventory::{DeviceId, router::is_virtual_router},
    observation::FlowDelta,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(ArpSpoof::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-020",
    name: "arp_spoof",
    title: "ARP spoofing",
    severity: Severity::Medium,
    sees: "A station that uses in ARP an address which another station owns and goes on using: the \
           address of a router at once, another's by repetition within the window. High for a \
           router's address, and for two addresses or more. Low: replies to one station that nobody \
           asked for and that are never answered, whoever owns the address. Virtual addresses of \
           routers (VRRP, HSRP, GLBP, CARP), ports of one machine and an address that was free for \
           long do not count. Only IPv4, and only where ARP is seen.",
    clinical_note: "Somebody may be reading or changing what passes between two devices, results \
                    and settings included; a cluster without a virtual address, or a cloned device, \
                    looks like it. Ask whose station it is, and find its switch port; take it off \
                    the network once it is known not to be in clinical use.",
    techniques: &["T1557.002", "T0830"],
    parameters: &[
        Parameter {
            name: "claims",
            meaning: "ARP messages that claim one address, while its owner is heard",
            default: 3.0,
            minimum: 2.0,
            maximum: 1000.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "unanswered_replies",
            meaning: "replies from one address to one station that were not asked for",
            default: 10.0,
            minimum: 3.0,
            maximum: 10_000.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "time within which they count",
            default: 60.0,
            minimum: 1.0,
            maximum: 3600.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
        Parameter {
            name: "reuse_after",
            meaning: "silence after which an address is anybody's",
            default: 600.0,
            minimum: 60.0,
            maximum: 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(600),
};

/// Claims, and pairs that exchange ARP, at a time.
const CLAIMS: usize = 4096;
const PAIRS: usize = 16_384;
/// A finding that goes on is told again so often.
const AGAIN: Duration = Duration::from_secs(10);

/// One address as claimed by one station.
#[derive(Debug)]
struct Contest {
    since: Moment,
    messages: u64,
    told: Option<Moment>,
}

/// Sender station and address, target address, VLANs.
type Pair = (u64, Ipv4Addr, Ipv4Addr, u64);

#[derive(Debug)]
struct Replies {
    since: Moment,
    messages: u64,
    told: Option<Moment>,
}

#[derive(Debug)]
struct ArpSpoof {
    claims: u64,
    unanswered: u64,
    window: Duration,
    owners: Owners,
    contests: Table<(u64, u64, Ipv4Addr), Contest>,
    /// By the addresses of both ends and the VLANs: who replies to whom.
    replies: Table<Pair, Replies>,
    /// When an address last sent ARP to another: asked or answered it.
    spoke: Table<(Ipv4Addr, Ipv4Addr, u64), Moment>,
    /// Until then it is not known who asked for what: there was no room for it.
    blind_until: Moment,
}

impl ArpSpoof {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            claims: parameters.count("claims") as u64,
            unanswered: parameters.count("unanswered_replies") as u64,
            window,
            owners: Owners::new(parameters.duration("reuse_after")),
            contests: Table::new(CLAIMS, window),
            replies: Table::new(PAIRS, window),
            spoke: Table::new(PAIRS, window),
            blind_until: Moment::default(),
        }
    }

    fn observe_claim(&mut self, claim: &Claim, estate: &Estate<'_>, findings: &mut Findings) {
        let window = self.window;
        let Some(device) = estate.inventory.device_of_station(claim.station, claim.vlans) else {
            return;
        };
        let is_router = |station| {
            is_virtual_router(station)
                || estate
                    .inventory
                    .device_of_station(station, claim.vlans)
                    .is_some_and(|id| estate.has_role(id, ROUTER))
        };
        // Routers of a redundant pair take over from each other.
        let is_of_router = is_router(claim.owner);
        if is_of_router && is_router(claim.station) {
            return;
        }
        let key = (claim.station, claim.vlans, claim.address);
        let make = || Contest { since: claim.at, messages: 0, told: None };
        let Some(contest) = self.contests.touch(key, claim.at, make) else {
            return;
        };
        if claim.at.since(contest.since) > window {
            *contest = Contest { since: claim.at, messages: 0, told: contest.told };
        }
        contest.messages += claim.messages;
        let is_heard = claim.owner_seen > contest.since
            || claim.messages > 1 && claim.at.since(claim.owner_seen) < Duration::from_secs(1);
        let limit = if is_of_router { 1 } else { self.claims };
        if contest.messages < limit || !is_of_router && !is_heard {
            return;
        }
        if contest.told.is_some_and(|told| claim.at.since(told) < AGAIN) {
            return;
        }
        contest.told = Some(claim.at);
        let (since, messages) = (contest.since, contest.messages);
        let addresses = self.contested(claim);
        let is_high = is_of_router || addresses > 1;
        let whose = if is_of_router { "a router's address" } else { "another device's address" };
        findings.report(Finding {
            device,
            severity: is_high.then_some(Severity::High),
            metric: "claims",
            value: messages as f64,
            limit: limit as f64,
            window,
            sentence: format!("says in ARP that {whose}, {}, is its own", claim.address),
            evidence: self
                .evidence(device, claim.station, claim.vlans, estate)
                .number("claimed_addresses", addresses as f64)
                .peer(Some(claim.address.into())),
            since,
            at: claim.at,
        });
    }

    /// Addresses that the claimant contests at present.
    fn contested(&self, claim: &Claim) -> usize {
        let of_station = self.contests.iter().filter(|((station, vlans, _), contest)| {
            *station == claim.station
                && *vlans == claim.vlans
                && claim.at.since(contest.since) <= self.window
        });
        of_station.count()
    }

    /// Evidence that tells which addresses are not the device's own.
    fn evidence(
        &self,
        device: DeviceId,
        station: u64,
        vlans: u64,
        estate: &Estate<'_>,
    ) -> Evidence {
        let own = self.owners.own_address(station, vlans).map(Into::into);
        Evidence::default().claimed(estate.device(device), own)
    }

    /// Replies to one station, and whether that station has to do with the sender.
    fn observe_reply(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let FlowDelta { key, last_seen: at, packets, .. } = *flow.delta;
        let (Some(source), Some(target)) =
            (ipv4(key.source_address()), ipv4(key.destination_address()))
        else {
            return;
        };
        let (vlans, window) = (key.vlans(), self.window);
        match self.spoke.touch((source, target, vlans), at, || at) {
            Some(spoke) => *spoke = at,
            None => self.blind_until = at + window,
        }
        let Some(station) = key.source_station() else { return };
        if flow.part != Part::Responder || source == target {
            return;
        }
        let has_spoken = self.spoke.get(&(target, source, vlans));
        let is_wanted = has_spoken.is_some_and(|&spoke| at.since(spoke) <= window);
        let pair = (station, source, target, vlans);
        if is_wanted || at < self.blind_until {
            self.replies.remove(&pair);
            return;
        }
        let make = || Replies { since: at, messages: 0, told: None };
        let Some(replies) = self.replies.touch(pair, at, make) else { return };
        if at.since(replies.since) > window {
            *replies = make();
        }
        replies.messages += packets;
        let is_new = replies.told.is_none_or(|told| at.since(told) >= AGAIN);
        if replies.messages < self.unanswered || !is_new {
            return;
        }
        replies.told = Some(at);
        let (since, messages) = (replies.since, replies.messages);
        let Some(device) = estate.inventory.device_of_station(station, vlans) else { return };
        findings.report(Finding {
            device,
            severity: Some(Severity::Low),
            metric: "unanswered_replies",
            value: messages as f64,
            limit: self.unanswered as f64,
            window,
            sentence: format!("sends ARP replies for {source} that nobody asked for"),
            evidence: self.evidence(device, station, vlans, estate).peer(Some(target.into())),
            since,
            at,
        });
    }
}

fn ipv4(address: Option<std::net::IpAddr>) -> Option<Ipv4Addr> {
    match address? {
        std::net::IpAddr::V4(address) if !address.is_unspecified() => Some(address),
        _ => None,
    }
}

impl Detector for ArpSpoof {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        if let Some(claim) = self.owners.observe(flow.delta)
            && claim.at.since(claim.owner_seen) <= self.window
        {
            self.observe_claim(&claim, estate, findings);
        }
        if flow.delta.key.network() == Some(Network::Arp) {
            self.observe_reply(flow, estate, findings);
        }
    }

    fn overflowed(&self) -> u64 {
        self.owners.overflowed()
            + self.contests.overflowed()
            + self.replies.overflowed()
            + self.spoke.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::segment::{Frame, ROUTER as GATEWAY, Segment, host, posing_as};

    /// Host 1 is asked for by host 3 and answers; host 2 is there.
    fn segment() -> Segment {
        let mut segment = Segment::watched_by("arp_spoof");
        segment.feed(Frame::announcement(host(2)), 0.0);
        segment.feed(Frame::arp_request(host(3), host(1).1), 0.0);
        segment.feed(Frame::arp_reply(host(1), host(3)), 0.0);
        segment
    }

    #[test]
    fn an_address_that_is_claimed_while_its_owner_is_heard_is_spoofed_at_the_third_time() {
        let mut segment = segment();
        let impostor = posing_as(host(2), host(1));
        for (at, expected) in [(1.0, 0), (3.0, 0), (5.0, 1)] {
            segment.feed(Frame::arp_reply(impostor, host(3)), at);
            let found = segment.advance(at);
            assert_eq!(found.len(), expected, "{at}");
            for finding in found {
                assert_eq!(finding.device, segment.device(host(2)));
                assert_eq!((finding.value, finding.limit), (3.0, 3.0));
                assert_eq!(finding.evidence.claimed, [host(1).1]);
                assert_eq!(finding.severity, None);
            }
            segment.feed(Frame::tcp(host(1), host(3), 104), at + 1.0);
        }
        segment.feed(Frame::arp_reply(impostor, host(3)).packets(9).again(), 16.0);
        assert_eq!(segment.advance(16.0)[0].value, 12.0);
    }

    #[test]
    fn an_owner_that_went_silent_has_moved_not_been_robbed() {
        let mut segment = segment();
        let heir = posing_as(host(2), host(1));
        for at in 1..9 {
            segment.feed(Frame::announcement(heir), f64::from(at));
        }
        assert_eq!(segment.advance(9.0), []);
    }

    #[test]
    fn claims_farther_apart_than_the_window_do_not_add_up() {
        let mut segment = segment();
        for step in 1..6 {
            let at = f64::from(step) * 31.0;
            segment.feed(Frame::announcement(posing_as(host(2), host(1))), at);
            segment.feed(Frame::announcement(host(1)).again(), at + 1.0);
        }
        assert_eq!(segment.advance(200.0), []);
    }

    #[test]
    fn two_addresses_are_worse_than_one() {
        let mut segment = segment();
        segment.feed(Frame::announcement(host(3)), 0.0);
        let mut found = Vec::new();
        for step in 1..5 {
            let at = f64::from(step) * 2.0;
            for (victim, other) in [(1, 3), (3, 1)] {
                let impostor = posing_as(host(2), host(victim));
                segment.feed(Frame::arp_reply(impostor, host(other)), at);
                segment.feed(Frame::tcp(host(victim), host(other), 80), at + 1.0);
            }
            found.extend(segment.advance(at + 1.0));
        }
        assert!(found.iter().any(|finding| finding.severity == Some(Severity::High)));
    }

    #[test]
    fn the_address_of_a_router_is_spoofed_at_once_but_not_by_another_router() {
        for (claimant, expected) in [(host(2).0, 1), (0x0000_5e00_0101, 0), (0x0000_0c07_ac05, 0)] {
            let mut segment = segment();
            segment.feed(Frame::announcement(GATEWAY), 0.0);
            let claimant = crate::detect::segment::Host(claimant, GATEWAY.1);
            segment.feed(Frame::announcement(claimant), 1.0);
            let found = segment.advance(1.0);
            assert_eq!(found.len(), expected);
            assert!(found.iter().all(|each| each.severity == Some(Severity::High)));
        }
    }

    #[test]
    fn a_second_port_of_the_card_and_the_same_station_on_another_vlan_are_no_impostors() {
        let mut segment = segment();
        let port = crate::detect::segment::Host(host(1).0 + 1, host(1).1);
        for at in 1..9 {
            segment.feed(Frame::announcement(port), f64::from(at));
            segment.feed(Frame::announcement(host(1)).again(), f64::from(at) + 0.5);
            segment.feed(Frame::announcement(host(1)).vlan(30), f64::from(at) + 0.6);
        }
        assert_eq!(segment.advance(9.0), []);
    }

    #[test]
    fn an_address_is_reused_after_a_long_silence() {
        let mut segment = segment();
        for step in 0..9 {
            segment.feed(Frame::announcement(posing_as(host(2), host(1))), 601.0 + f64::from(step));
        }
        // The earlier owner is now the one who claims, and only once.
        segment.feed(Frame::announcement(host(1)), 612.0);
        assert_eq!(segment.advance(612.0), []);
    }

    #[test]
    fn replies_that_nobody_asked_for_are_told_at_the_tenth() {
        let mut segment = segment();
        for (messages, expected) in [(9, 0), (1, 1)] {
            segment.feed(Frame::arp_reply(host(2), host(3)).packets(messages), 1.0);
            let found = segment.advance(1.0);
            assert_eq!(found.len(), expected);
            assert!(found.iter().all(|each| each.metric == "unanswered_replies"));
        }
    }

    #[test]
    fn asking_one_station_and_being_answered_is_the_habit_of_neighbours() {
        let mut segment = segment();
        for step in 0..30 {
            let at = f64::from(step);
            segment.feed(Frame::arp_reply(host(2), host(3)), at);
            segment.feed(Frame::arp_reply(host(3), host(2)), at + 0.01);
        }
        assert_eq!(segment.advance(30.0), []);
    }

    #[test]
    fn a_flood_of_forged_senders_displace_no_owner() {
        let mut segment = segment();
        for number in 0..50_000 {
            segment.feed(Frame::announcement(host(100 + number)), 1.0);
        }
        assert!(segment.overflowed() > 0);
        for at in [2.0, 4.0, 6.0] {
            segment.feed(Frame::announcement(posing_as(host(2), host(1))), at);
            segment.feed(Frame::announcement(host(1)), at + 1.0);
        }
        assert_eq!(segment.advance(7.0).len(), 1);
    }
}
