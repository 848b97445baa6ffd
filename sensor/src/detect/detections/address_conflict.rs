//! Two stations with one address.

use std::{net::Ipv4Addr, time::Duration};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        description::{Description, Parameter, Source, Unit},
        owners::Owners,
        settings::Parameters,
        table::Table,
    },
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(AddressConflict::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-026",
    name: "address_conflict",
    title: "Two stations with one address",
    severity: Severity::Low,
    sees: "A station that uses in ARP an IPv4 address which another station used within the window. \
           Medium when the first one uses it again after that, so that both have it. Virtual \
           addresses of routers, ports of one machine and a station that is seen on two VLANs do \
           not count; an address that was free for longer than the window is not in conflict.",
    clinical_note: "Both devices lose connections by turns: results may be late, and a monitor may \
                    drop off its central station. Often it is a cloned configuration, a device back \
                    from repair, or a cluster that has just failed over, which is told once and \
                    ends by itself. Ask which of the two was configured last.",
    techniques: &["T1557.002"],
    parameters: &[Parameter {
        name: "window",
        meaning: "how long ago the first station may have used the address",
        default: 60.0,
        minimum: 1.0,
        maximum: 600.0,
        unit: Unit::Seconds,
        source: Source::Ours,
    }],
    excused_roles: &[],
    clears_after: Duration::from_secs(600),
};

/// Conflicts at a time.
const CONFLICTS: usize = 4096;
/// A finding that goes on is told again so often.
const AGAIN: Duration = Duration::from_secs(30);
/// Silence after which an address is anybody's.
const REUSE_AFTER: Duration = Duration::from_secs(600);

#[derive(Debug)]
struct Conflict {
    since: Moment,
    messages: u64,
    told: Option<(Moment, bool)>,
}

#[derive(Debug)]
struct AddressConflict {
    window: Duration,
    owners: Owners,
    /// By claimant, VLANs and address.
    conflicts: Table<(u64, u64, Ipv4Addr), Conflict>,
}

impl AddressConflict {
    fn new(parameters: &Parameters) -> Self {
        Self {
            window: parameters.duration("window"),
            owners: Owners::new(REUSE_AFTER),
            conflicts: Table::new(CONFLICTS, REUSE_AFTER),
        }
    }
}

impl Detector for AddressConflict {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let Some(claim) = self.owners.observe(flow.delta) else { return };
        if claim.at.since(claim.owner_seen) > self.window {
            return;
        }
        let Some(device) = estate.inventory.device_of_station(claim.station, claim.vlans) else {
            return;
        };
        let key = (claim.station, claim.vlans, claim.address);
        let make = || Conflict { since: claim.at, messages: 0, told: None };
        let Some(conflict) = self.conflicts.touch(key, claim.at, make) else { return };
        conflict.messages += claim.messages;
        let both_have_it = claim.owner_seen > conflict.since;
        let is_new = conflict.told.is_none_or(|(told, as_both)| {
            claim.at.since(told) >= AGAIN || both_have_it && !as_both
        });
        if !is_new {
            return;
        }
        conflict.told = Some((claim.at, both_have_it));
        let own = self.owners.own_address(claim.station, claim.vlans).map(Into::into);
        findings.report(Finding {
            device,
            severity: both_have_it.then_some(Severity::Medium),
            metric: "claims",
            value: conflict.messages as f64,
            limit: 1.0,
            window: self.window,
            sentence: format!("uses {}, which another station has", claim.address),
            evidence: Evidence::default()
                .claimed(estate.device(device), own)
                .peer(Some(claim.address.into())),
            since: conflict.since,
            at: claim.at,
        });
    }

    fn overflowed(&self) -> u64 {
        self.owners.overflowed() + self.conflicts.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::segment::{Frame, Host, Segment, host, posing_as};

    fn segment() -> Segment {
        let mut segment = Segment::watched_by("address_conflict");
        segment.feed(Frame::announcement(host(1)), 0.0);
        segment
    }

    #[test]
    fn an_address_that_was_in_use_within_the_window_is_in_conflict() {
        for (at, expected) in [(59.0, 1), (60.0, 1), (61.0, 0)] {
            let mut segment = segment();
            segment.feed(Frame::announcement(posing_as(host(2), host(1))), at);
            let found = segment.advance(at);
            assert_eq!(found.len(), expected, "{at}");
            for finding in found {
                assert_eq!(finding.device, segment.device(host(2)));
                assert_eq!((finding.severity, finding.value), (None, 1.0));
                assert_eq!(finding.evidence.claimed, [host(1).1]);
            }
        }
    }

    #[test]
    fn it_is_worse_when_both_go_on_using_it() {
        let mut segment = segment();
        segment.feed(Frame::announcement(posing_as(host(2), host(1))), 1.0);
        segment.feed(Frame::announcement(host(1)).again(), 2.0);
        segment.feed(Frame::announcement(posing_as(host(2), host(1))).again(), 3.0);
        let severities: Vec<_> = segment.advance(3.0).iter().map(|each| each.severity).collect();
        assert_eq!(severities, [None, Some(Severity::Medium)]);
    }

    #[test]
    fn a_virtual_router_a_second_port_and_a_cluster_take_over_in_peace() {
        let members = [(0x0000_5e00_0101, 0x0013_dd00_0010), (0x0013_dd00_0013, 0x0013_dd00_0010)];
        let cluster = [(0x0201_0a14_0001, 0x0202_0a14_0001)];
        for (new, old) in members.into_iter().chain(cluster) {
            let mut segment = Segment::watched_by("address_conflict");
            segment.feed(Frame::announcement(Host(old, host(1).1)), 0.0);
            for at in 1..9 {
                segment.feed(Frame::announcement(Host(new, host(1).1)), f64::from(at));
            }
            assert_eq!(segment.advance(9.0).len(), 0, "{new:x}");
        }
    }

    #[test]
    fn a_station_that_roams_and_a_probe_for_an_address_claim_nothing() {
        let mut segment = segment();
        segment.feed(Frame::announcement(host(1)).vlan(30), 1.0);
        let nobody = Host(host(2).0, Ipv4Addr::UNSPECIFIED.into());
        segment.feed(Frame::arp_request(nobody, host(1).1), 2.0);
        assert_eq!(segment.advance(3.0), []);
    }
}
