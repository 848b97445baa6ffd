//! A device that begins to administer others which it never reached so before.

use std::{net::IpAddr, time::Duration};

use sensor_common::wire::transport::protocol;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Interest, Severity,
        burst::Distinct,
        description::{Description, Parameter, Source, Unit},
        learning::Learning,
        opening::{Part, is_answered},
        settings::Parameters,
        table::Table,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(LateralMovement::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-008",
    name: "lateral_movement",
    title: "New peers over protocols of administration",
    severity: Severity::Medium,
    sees: "One device that reaches, within the window, many devices of the site over SMB, RDP, \
           WinRM, SSH or DCE/RPC which it had not reached over the same port before, and is \
           answered. What is usual is learned first, for as long as `learning` says, anew after \
           each start; a pair that was not seen for 30 days is new again.",
    clinical_note: "Somebody may be going from device to device with a password that was found. \
                    People of the IT department who work from their own place do the same on a \
                    day of maintenance: ask them before anything is separated, and give the hosts \
                    that they work from the role that excuses them.",
    techniques: &["T1021.001", "T1021.002", "T1021.004", "T1021.006"],
    parameters: &[
        Parameter {
            name: "new_peers",
            meaning: "devices that are reached for the first time",
            default: 5.0,
            minimum: 2.0,
            maximum: 1000.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "within which they are counted",
            default: 3600.0,
            minimum: 60.0,
            maximum: 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
        Parameter {
            name: "learning",
            meaning: "after a start, while nothing is said",
            default: 7.0 * 86_400.0,
            minimum: 3600.0,
            maximum: 30.0 * 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[
        "backup_server",
        "domain_controller",
        "management_server",
        "monitoring",
        "remote_support",
        "scanner",
    ],
    clears_after: Duration::from_secs(2 * 3600),
};

const PAIRS: usize = 65_536;
const CLIENTS: usize = 4096;
const MEMORY: Duration = Duration::from_secs(30 * 86_400);
/// SSH, the endpoint mapper, SMB, RDP, WinRM.
const PORTS: [u16; 6] = [22, 135, 445, 3389, 5985, 5986];

#[derive(Debug)]
struct LateralMovement {
    new_peers: usize,
    window: Duration,
    learning: Learning,
    known: Table<(DeviceId, IpAddr, u16), ()>,
    clients: Table<DeviceId, Distinct<IpAddr>>,
}

impl LateralMovement {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            new_peers: parameters.count("new_peers"),
            window,
            learning: Learning::new(parameters.duration("learning")),
            known: Table::new(PAIRS, MEMORY),
            clients: Table::new(CLIENTS, window * 2),
        }
    }
}

impl Detector for LateralMovement {
    fn interest(&self) -> Interest {
        Interest::TCP
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let key = &flow.delta.key;
        let (port, at) = (key.destination_port(), flow.delta.last_seen);
        let is_learning = self.learning.is_learning(at);
        let is_administration = flow.part == Part::Initiator
            && key.protocol() == protocol::TCP
            && PORTS.contains(&port)
            && is_answered(flow.delta);
        let (true, Some(client), Some(peer)) =
            (is_administration, flow.source, key.destination_address())
        else {
            return;
        };
        if !estate.is_internal(peer) {
            return;
        }
        let pair = (client, peer, port);
        let is_known = self.known.get(&pair).is_some();
        let has_room = self.known.touch(pair, at, || ()).is_some();
        if is_known || !has_room || is_learning {
            return;
        }
        let (limit, window) = (self.new_peers, self.window);
        let Some(peers) = self.clients.touch(client, at, Distinct::default) else { return };
        let Some(since) = peers.add(peer, at, limit, window) else { return };
        let mut evidence = Evidence::default().number("new_peers", limit as f64);
        evidence.add_peers(peers.iter().copied());
        findings.report(Finding {
            device: client,
            severity: None,
            metric: "new_peers",
            value: limit as f64,
            limit: limit as f64,
            window,
            sentence: "reaches many devices, for the first time, over protocols of administration"
                .to_owned(),
            evidence,
            since,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.clients.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.known.overflowed() + self.clients.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{fixture::tcp, rig::Rig};

    const WEEK: f64 = 7.0 * 86_400.0;

    fn reach(rig: &mut Rig, peers: std::ops::Range<u32>, port: u16, at: f64) {
        for peer in peers {
            rig.flow(1, peer, tcp(1, peer, 40_000, port).flags(2, 0x12).at(at));
        }
    }

    #[test]
    fn new_peers_are_found_from_the_limit_on_once_the_usual_ones_were_learned() {
        for port in PORTS {
            let mut rig = Rig::new(DETECTION);
            reach(&mut rig, 2..40, port, 0.0);
            assert_eq!(rig.found(1.0), [], "learning");
            reach(&mut rig, 2..40, port, WEEK);
            reach(&mut rig, 40..44, port, WEEK);
            assert_eq!(rig.found(WEEK), [], "four are new");
            reach(&mut rig, 44..45, port, WEEK + 3599.0);
            assert_eq!(rig.found(WEEK + 3600.0).len(), 1);
        }
    }

    #[test]
    fn other_ports_unanswered_ones_and_slow_growth_are_nothing() {
        let mut rig = Rig::new(DETECTION);
        reach(&mut rig, 2..3, 22, 0.0);
        reach(&mut rig, 3..40, 443, WEEK);
        for peer in 3..40 {
            rig.flow(1, peer, tcp(1, peer, 40_000, 22).at(WEEK));
        }
        for peer in 3..40 {
            reach(&mut rig, peer..peer + 1, 22, WEEK + f64::from(peer) * 1000.0);
        }
        assert_eq!(rig.found(WEEK + 40_000.0), []);
    }
}
