//! Somebody tries the ports of a life-critical or medical device.

use std::{collections::HashSet, time::Duration};

use sensor_common::wire::transport::protocol;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        description::{Description, Parameter, Source, Unit},
        opening::{self, Part},
        settings::Parameters,
        table::Table,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(LifeCriticalScan::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-013",
    name: "life_critical_scan",
    title: "Scan of a life-critical device",
    severity: Severity::High,
    sees: "A device that tries several ports of one device with the role life_critical or medical \
           within the window, over TCP without getting a connection or with impossible first \
           segments, or over UDP without an answer. Told of the one who tries. Far below the limits \
           of other port scans, and nobody is excused; medium from a device with the role scanner.",
    clinical_note: "Old device software can hang or restart when its ports are tried: ask the ward to \
                    look at the device now. Even a scan by IT outside its window is told: stop it, \
                    and leave such devices out of scans.",
    techniques: &["T0846", "T0814", "T1046"],
    parameters: &[
        Parameter {
            name: "ports",
            meaning: "ports of one device",
            default: 5.0,
            minimum: 2.0,
            maximum: 64.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "time within which they are tried",
            default: 300.0,
            minimum: 1.0,
            maximum: 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(900),
};

const ROLES: [&str; 2] = ["life_critical", "medical"];
/// Pairs at a time, and ports that are told apart of each.
const PAIRS: usize = 8192;
const PORTS: usize = 256;

#[derive(Debug)]
struct Tried {
    since: Moment,
    /// Protocol and port.
    ports: HashSet<(u8, u16)>,
    told: usize,
}

#[derive(Debug)]
struct LifeCriticalScan {
    ports: usize,
    window: Duration,
    /// By who tries and whom.
    tried: Table<(DeviceId, DeviceId), Tried>,
}

impl LifeCriticalScan {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self { ports: parameters.count("ports"), window, tried: Table::new(PAIRS, window) }
    }

    fn forget(&mut self, pair: (DeviceId, DeviceId), port: (u8, u16)) {
        if let Some(tried) = self.tried.get_mut(&pair) {
            tried.ports.remove(&port);
        }
    }
}

fn is_protected(estate: &Estate<'_>, target: DeviceId) -> bool {
    let mut named = estate.roles.iter().filter(|role| ROLES.contains(&role.name.as_str()));
    named.any(|role| estate.has_role(target, &role.name))
}

impl Detector for LifeCriticalScan {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, _: &mut Findings) {
        let (Some(source), Some(destination)) = (flow.source, flow.destination) else { return };
        let (delta, key) = (flow.delta, &flow.delta.key);
        let is_tcp = key.protocol() == protocol::TCP;
        if !is_tcp && key.protocol() != protocol::UDP || source == destination {
            return;
        }
        if flow.part != Part::Initiator {
            // An answer over UDP: it was no probe.
            if !is_tcp && flow.part == Part::Responder {
                self.forget((destination, source), (protocol::UDP, key.source_port()));
            }
            return;
        }
        let (pair, port) = ((source, destination), (key.protocol(), key.destination_port()));
        if is_tcp && opening::is_answered(delta) && !opening::is_invalid_opening(delta) {
            self.forget(pair, port);
            return;
        }
        if !delta.is_new || port.1 == 0 || !is_protected(estate, destination) {
            return;
        }
        let at = delta.last_seen;
        let make = || Tried { since: at, ports: HashSet::new(), told: 0 };
        let Some(tried) = self.tried.touch(pair, at, make) else { return };
        if at.since(tried.since) > self.window {
            *tried = make();
        }
        if tried.ports.len() < PORTS {
            tried.ports.insert(port);
        }
    }

    /// Looked at once a step, so that what is answered within it does not count.
    fn advance(&mut self, now: Moment, estate: &Estate<'_>, findings: &mut Findings) {
        for (&(device, target), tried) in self.tried.iter_mut() {
            let ports = tried.ports.len();
            if ports < self.ports || ports < tried.told * 2 {
                continue;
            }
            tried.told = ports;
            let address = estate.device(target).and_then(|target| target.addresses.first());
            findings.report(Finding {
                device,
                severity: estate.has_role(device, "scanner").then_some(Severity::Medium),
                metric: "distinct_ports",
                value: ports as f64,
                limit: self.ports as f64,
                window: self.window,
                sentence: format!(
                    "tries {ports} ports of device {}, which is life-critical or medical",
                    target.0
                ),
                evidence: Evidence::default().peer(address.copied()),
                since: tried.since,
                at: now,
            });
        }
    }

    fn overflowed(&self) -> u64 {
        self.tried.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::segment::{Frame, Segment, host};

    const PUMP: u32 = 1;

    fn segment() -> Segment {
        let mut segment = Segment::watched_by("life_critical_scan");
        segment.give_role("life_critical", &[host(PUMP)]);
        for number in [PUMP, 2, 3] {
            segment.feed(Frame::announcement(host(number)), 0.0);
        }
        segment
    }

    #[test]
    fn five_ports_of_a_life_critical_device_are_a_scan() {
        for (ports, expected) in [(4, 0), (5, 1), (6, 1)] {
            let mut segment = segment();
            for port in 1..=ports {
                segment.feed(Frame::tcp(host(2), host(PUMP), port), 1.0);
            }
            let found = segment.advance(1.0);
            assert_eq!(found.len(), expected, "{ports}");
            assert!(found.iter().all(|each| each.device == segment.device(host(2))));
        }
    }

    #[test]
    fn datagrams_count_until_they_are_answered() {
        let mut segment = segment();
        for port in 1..=5 {
            segment.feed(Frame::udp(host(2), host(PUMP), (50_000, port)), 1.0);
            segment.feed(Frame::udp(host(3), host(PUMP), (50_000, port)), 1.0);
            segment.feed(Frame::udp(host(PUMP), host(3), (port, 50_000)), 1.0);
        }
        let found = segment.advance(1.0);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].device, segment.device(host(2)));
    }

    #[test]
    fn a_central_station_that_is_answered_on_many_ports_does_not_scan() {
        let mut segment = segment();
        for port in 1..=50 {
            segment.feed(Frame::tcp(host(2), host(PUMP), port), 1.0);
            segment.feed(Frame::tcp(host(2), host(PUMP), port).answered(), 1.1);
        }
        assert_eq!(segment.advance(2.0), []);
    }

    #[test]
    fn ports_over_a_longer_time_or_of_other_devices_do_not_add_up() {
        let mut segment = segment();
        for port in 1..=9 {
            segment.feed(Frame::tcp(host(2), host(PUMP), port), f64::from(port) * 76.0);
            segment.feed(Frame::tcp(host(2), host(3), port), 1.0);
        }
        assert_eq!(segment.advance(700.0), []);
    }
}
