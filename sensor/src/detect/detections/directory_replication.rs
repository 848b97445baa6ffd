//! Who asks for the replication of the directory, with the secrets of all accounts, and is no domain
//! controller.

use std::{net::IpAddr, time::Duration};

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Heard, Interest, Severity,
        description::{DAY, Description, Parameter, Source, Unit},
        opening::Part,
        reminder::Reminder,
        settings::Parameters,
        table::Table,
    },
    flow::FlowRecord,
    interpret::Message,
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DirectoryReplication::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-008",
    name: "directory_replication",
    title: "Replication asked for by no domain controller",
    severity: Severity::Medium,
    sees: "A client that binds the replication interface of the directory (drsuapi) over DCE/RPC \
           and neither has the role domain_controller nor was seen to answer Kerberos. Once a day \
           for each pair; of high severity if it is answered with as much as a replication \
           brings. Names are looked up over the same interface, which brings little.",
    clinical_note: "With a copy of the directory an attacker has every password of the site. \
                    Servers that carry accounts to a cloud replicate too: give them the role. If \
                    it is neither, treat all passwords as known to others.",
    techniques: &["T1003.006"],
    parameters: &[Parameter {
        name: "octets",
        meaning: "answered over the connection, from which on it is a replication",
        default: 262_144.0,
        minimum: 10_000.0,
        maximum: 1e9,
        unit: Unit::Octets,
        source: Source::Ours,
    }],
    excused_roles: &["domain_controller", "management_server"],
    clears_after: Duration::from_secs(24 * 3600),
};

const PAIRS: usize = 4096;
const CONTROLLERS: usize = 1024;
const INTERFACE: &str = "drsuapi";

#[derive(Debug)]
struct DirectoryReplication {
    octets: u64,
    reported: Reminder<(DeviceId, Option<IpAddr>)>,
    /// Devices that answered Kerberos.
    controllers: Table<DeviceId, ()>,
}

impl DirectoryReplication {
    fn new(parameters: &Parameters) -> Self {
        Self {
            octets: parameters.number("octets") as u64,
            reported: Reminder::every(DAY, PAIRS),
            controllers: Table::new(CONTROLLERS, DAY),
        }
    }
}

impl Detector for DirectoryReplication {
    fn interest(&self) -> Interest {
        Interest::in_applications(&[Application::Kerberos])
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, _: &Estate<'_>, _: &mut Findings) {
        let opinion = flow.delta.opinion;
        let is_kerberos =
            opinion.application == Application::Kerberos && opinion.evidence >= Basis::Likely;
        if let (true, Part::Responder, Some(server)) = (is_kerberos, flow.part, flow.source) {
            self.controllers.touch(server, flow.delta.last_seen, || ());
        }
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Detail(detail) = heard.message else { return };
        let is_bound = detail.rpc_interfaces.iter().any(|name| name == INTERFACE);
        let (true, Some(device), at) = (is_bound, heard.source, heard.at) else { return };
        let server = heard.key.destination_address();
        if self.controllers.get(&device).is_some() || !self.reported.is_due((device, server), at) {
            return;
        }
        findings.report(Finding {
            device,
            severity: None,
            metric: "replication_binds",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: "asks a domain controller for the interface of replication".to_owned(),
            evidence: Evidence::default().peer(server),
            since: at,
            at,
        });
    }

    fn observe_record(&mut self, record: &FlowRecord, _: &Estate<'_>, findings: &mut Findings) {
        let Some(detail) = &record.detail else { return };
        let is_bound = detail.rpc_interfaces.iter().any(|name| name == INTERFACE);
        let (true, Some(device)) = (is_bound, record.initiator_device) else { return };
        if self.controllers.get(&device).is_some() || record.reverse.octets < self.octets {
            return;
        }
        findings.report(Finding {
            device,
            severity: Some(Severity::High),
            metric: "replicated_octets",
            value: record.reverse.octets as f64,
            limit: self.octets as f64,
            window: DAY,
            sentence: "copies the directory from a domain controller".to_owned(),
            evidence: Evidence::default().peer(record.responder),
            since: record.start,
            at: record.end,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.controllers.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed() + self.controllers.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        detect::{
            fixture::udp,
            rig::{Rig, rpc_bind},
        },
        flow::{HalfFlow, Opinion, fixture},
        interpret::FlowDetail,
    };

    fn record(octets: u64) -> FlowRecord {
        let rpc_interfaces = vec![INTERFACE.to_owned()];
        FlowRecord {
            initiator_device: Some(DeviceId(1)),
            detail: Some(Box::new(FlowDetail { rpc_interfaces, ..FlowDetail::default() })),
            reverse: HalfFlow { packets: 9, octets, tcp_flags: 0x1b },
            ..fixture::record()
        }
    }

    #[test]
    fn a_bind_is_told_of_once_a_day() {
        let mut rig = Rig::new(DETECTION);
        for _ in 0..3 {
            rig.hear((1, 40_000), (2, 49_155), 0.0, rpc_bind(INTERFACE));
            rig.hear((1, 40_000), (2, 49_155), 0.0, rpc_bind("samr"));
        }
        let found: Vec<_> =
            rig.found(0.0).iter().map(|each| (each.device.0, each.severity)).collect();
        assert_eq!(found, [(1, None)]);
    }

    #[test]
    fn a_replication_is_told_by_what_it_brings() {
        let mut rig = Rig::new(DETECTION);
        rig.record(&record(262_143));
        assert_eq!(rig.found(0.0), []);
        rig.record(&record(262_144));
        assert_eq!(rig.found(0.0)[0].severity, Some(Severity::High));
    }

    #[test]
    fn domain_controllers_replicate_among_themselves() {
        let mut rig = Rig::new(DETECTION);
        let mut answer = udp(1, 3, 88, 40_000);
        answer.delta.opinion = Opinion::of_packet_path(Application::Kerberos, Basis::Confirmed);
        rig.flow(1, 3, answer);
        rig.hear((1, 40_000), (2, 49_155), 1.0, rpc_bind(INTERFACE));
        rig.record(&record(1_000_000));
        assert_eq!(rig.found(1.0), []);
    }
}
