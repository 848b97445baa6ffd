//! One device that starts programs on several others: by services, tasks or management
//! instrumentation, as NotPetya and people who move through a network do.

use std::{net::IpAddr, time::Duration};

use sensor_common::wire::transport::protocol;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Heard, Interest, Severity,
        burst::Distinct,
        description::{Description, Parameter, Source, Unit},
        opening::Part,
        settings::Parameters,
        table::Table,
    },
    interpret::Message,
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(RemoteExecution::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-007",
    name: "remote_execution",
    title: "Programs are started on several devices",
    severity: Severity::Medium,
    sees: "One client that binds, over DCE/RPC, an interface by which programs are started \
           (svcctl, atsvc, ITaskSchedulerService, IWbemServices) on several servers within the \
           window; of high severity where it also opened SMB to as many of them. Pipes within SMB \
           are not read, so what goes through them alone is not seen.",
    clinical_note: "Distribution of software, inventories and monitoring over WMI do this daily: \
                    give those servers the role that excuses them. From a workstation or a \
                    modality it is an attack that is under way; separate that device before the \
                    ones it reached.",
    techniques: &["T1021.002", "T1047", "T1569.002", "T1053.005"],
    parameters: &[
        Parameter {
            name: "servers",
            meaning: "servers on which one client starts programs",
            default: 3.0,
            minimum: 2.0,
            maximum: 1000.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "within which they are counted",
            default: 600.0,
            minimum: 60.0,
            maximum: 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &["management_server", "monitoring", "scanner", "domain_controller"],
    clears_after: Duration::from_secs(3600),
};

const CLIENTS: usize = 4096;
const INTERFACES: [&str; 5] =
    ["svcctl", "atsvc", "ITaskSchedulerService", "IWbemServices", "IWbemLevel1Login"];
const SMB_PORTS: [u16; 2] = [139, 445];
/// Servers of SMB that are remembered of a client, the latest.
const SMB_SERVERS: usize = 32;

#[derive(Debug)]
struct RemoteExecution {
    servers: usize,
    window: Duration,
    clients: Table<DeviceId, Reached>,
}

#[derive(Debug, Default)]
struct Reached {
    started_on: Distinct<IpAddr>,
    over_smb: Distinct<IpAddr>,
}

impl RemoteExecution {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        let servers = parameters.count("servers");
        Self { servers, window, clients: Table::new(CLIENTS, window * 2) }
    }
}

impl Detector for RemoteExecution {
    fn interest(&self) -> Interest {
        Interest::OPENINGS
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, _: &Estate<'_>, _: &mut Findings) {
        let key = &flow.delta.key;
        let is_opened = flow.delta.is_new
            && flow.part == Part::Initiator
            && key.protocol() == protocol::TCP
            && SMB_PORTS.contains(&key.destination_port());
        let (true, Some(client), Some(server)) =
            (is_opened, flow.source, key.destination_address())
        else {
            return;
        };
        let at = flow.delta.last_seen;
        if let Some(reached) = self.clients.touch(client, at, Reached::default) {
            reached.over_smb.add(server, at, SMB_SERVERS, self.window);
        }
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Detail(detail) = heard.message else { return };
        let starts = |name: &String| INTERFACES.contains(&name.as_str());
        let is_start = detail.rpc_interfaces.iter().any(starts);
        let (true, Some(client), Some(server)) =
            (is_start, heard.source, heard.key.destination_address())
        else {
            return;
        };
        let (at, limit, window) = (heard.at, self.servers, self.window);
        let Some(reached) = self.clients.touch(client, at, Reached::default) else { return };
        let Some(since) = reached.started_on.add(server, at, limit, window) else { return };
        let over_smb = |server: &&IpAddr| reached.over_smb.iter().any(|each| each == *server);
        let with_smb = reached.started_on.iter().filter(over_smb).count();
        let mut evidence = Evidence::default().number("servers_over_smb", with_smb as f64);
        evidence.add_peers(reached.started_on.iter().copied());
        findings.report(Finding {
            device: client,
            severity: (with_smb >= limit).then_some(Severity::High),
            metric: "servers",
            value: limit as f64,
            limit: limit as f64,
            window,
            sentence: "starts programs on several other devices".to_owned(),
            evidence,
            since,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.clients.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.clients.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{
        fixture::tcp,
        rig::{Rig, rpc_bind},
    };

    fn severities(
        servers: u32,
        interface: &str,
        apart: f64,
        is_with_smb: bool,
    ) -> Vec<Option<Severity>> {
        let mut rig = Rig::new(DETECTION);
        for server in 2..2 + servers {
            let at = f64::from(server) * apart;
            if is_with_smb {
                rig.flow(1, server, tcp(1, server, 40_000, 445).at(at));
            }
            rig.hear((1, 40_001), (server, 49_152), at, rpc_bind(interface));
        }
        rig.found(servers as f64 * apart).iter().map(|each| each.severity).collect()
    }

    #[test]
    fn several_servers_within_the_window_are_found_from_the_limit_on() {
        for interface in INTERFACES {
            assert_eq!(severities(2, interface, 10.0, false), []);
            assert_eq!(severities(3, interface, 10.0, false), [None]);
            assert_eq!(severities(3, interface, 10.0, true), [Some(Severity::High)]);
        }
        assert_eq!(severities(30, "svcctl", 301.0, false), [], "too slow");
    }

    #[test]
    fn other_interfaces_start_nothing() {
        for interface in ["epmapper", "samr", "netlogon", "spoolss"] {
            assert_eq!(severities(30, interface, 1.0, true), []);
        }
    }
}
