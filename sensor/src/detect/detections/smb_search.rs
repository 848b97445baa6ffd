//! A worm among few devices: it looks for every address of its network, and opens SMB to the few that
//! there are.

use std::{net::IpAddr, time::Duration};

use sensor_common::{flow::Network, wire::transport::protocol};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        burst::Distinct,
        description::{Description, Parameter, Source, Unit},
        opening::Part,
        role::ROUTER,
        settings::Parameters,
        table::Table,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(SmbSearch::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-002",
    name: "smb_search",
    title: "Addresses are searched for SMB",
    severity: Severity::High,
    sees: "One device that asks by ARP for many addresses within the window, and opens SMB \
           (TCP 445, 139) to at least two of those. Where most addresses are free, a worm reaches \
           too few peers for smb_fan_out.",
    clinical_note: "A worm in a small network looks so, and also a search for devices by the IT \
                    department that tries SMB. If nobody knows of one, separate the device from \
                    the network, a medical one after a word with the ward.",
    techniques: &["T1046", "T1021.002"],
    parameters: &[
        Parameter {
            name: "addresses",
            meaning: "addresses of the network that the device asks for",
            default: 50.0,
            minimum: 10.0,
            maximum: 1000.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "within which they are counted",
            default: 60.0,
            minimum: 10.0,
            maximum: 3600.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[ROUTER, "backup_server", "management_server", "monitoring", "scanner"],
    clears_after: Duration::from_secs(1800),
};

const DEVICES: usize = 4096;
const SMB_PORTS: [u16; 2] = [139, 445];
/// One server is anybody's.
const SERVERS: usize = 2;
/// The latest are remembered.
const MOST_SERVERS: usize = 8;

#[derive(Debug)]
struct SmbSearch {
    addresses: usize,
    window: Duration,
    devices: Table<DeviceId, Search>,
}

#[derive(Debug, Default)]
struct Search {
    asked: Distinct<IpAddr>,
    opened: Distinct<IpAddr>,
}

impl SmbSearch {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        let addresses = parameters.count("addresses");
        Self { addresses, window, devices: Table::new(DEVICES, window * 2) }
    }
}

impl Detector for SmbSearch {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let key = &flow.delta.key;
        let is_asked = key.network() == Some(Network::Arp);
        let is_opened =
            key.protocol() == protocol::TCP && SMB_PORTS.contains(&key.destination_port());
        let is_begun = flow.part == Part::Initiator && (is_asked || is_opened);
        let (true, Some(device), Some(address)) =
            (is_begun, flow.source, key.destination_address())
        else {
            return;
        };
        let (at, window) = (flow.delta.last_seen, self.window);
        let Some(search) = self.devices.touch(device, at, Search::default) else { return };
        // Both may be what makes it complete: deltas of one reading come in no order.
        if is_asked {
            search.asked.add(address, at, self.addresses, window);
        } else {
            search.opened.add(address, at, MOST_SERVERS, window);
        }
        let asked = search.asked.iter().count();
        let was_asked = |server: &&IpAddr| search.asked.iter().any(|each| each == *server);
        let opened = search.opened.iter().filter(was_asked).count();
        if asked < self.addresses || opened < SERVERS {
            return;
        }
        let mut evidence = Evidence::default().number("addresses", asked as f64);
        evidence.add_peers(search.opened.iter().copied());
        *search = Search::default();
        findings.report(Finding {
            device,
            severity: None,
            metric: "addresses",
            value: asked as f64,
            limit: self.addresses as f64,
            window,
            sentence: "looks for many addresses and opens SMB to those that there are".to_owned(),
            evidence,
            since: at - window,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.devices.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.devices.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{
        fixture::{arp, tcp},
        rig::Rig,
    };

    fn found(asked: u32, apart: f64, opened: std::ops::Range<u32>, port: u16) -> usize {
        let mut rig = Rig::new(DETECTION);
        for target in 0..asked {
            rig.flow(1, 2, arp(1, 2 + target, true).at(f64::from(target) * apart));
        }
        let end = f64::from(asked) * apart;
        for server in opened {
            rig.flow(1, server, tcp(1, server, 40_000, port).at(end));
        }
        rig.found(end).len()
    }

    #[test]
    fn a_search_that_opens_smb_is_found_from_the_limit_on() {
        assert_eq!(found(49, 0.1, 20..23, 445), 0);
        assert_eq!(found(50, 0.1, 20..21, 445), 0, "one server");
        assert_eq!(found(50, 0.1, 20..22, 445), 1);
        assert_eq!(found(50, 0.1, 20..22, 139), 1);
        assert_eq!(found(50, 2.0, 20..22, 445), 0, "too slow");
    }

    #[test]
    fn a_poller_and_servers_that_were_not_searched_are_nothing() {
        assert_eq!(found(90, 0.1, 20..60, 80), 0);
        assert_eq!(found(50, 0.1, 60..90, 445), 0);
        assert_eq!(found(50, 0.1, 20..20, 445), 0);
    }
}
