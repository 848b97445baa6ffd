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
mod tests;
