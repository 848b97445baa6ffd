//! A server that answers in SMB 1 (MS-CIFS): the protocol that WannaCry and NotPetya spread by.

use std::{net::IpAddr, time::Duration};

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        description::Description, opening::Part, settings::Parameters, table::Table,
    },
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(Smb1InUse::new(parameters)),
};

const DAY: Duration = Duration::from_secs(24 * 3600);

static DESCRIPTION: Description = Description {
    id: "WL-001",
    name: "smb1_in_use",
    title: "SMB 1 in use",
    severity: Severity::Low,
    sees: "A server that answers a client in SMB version 1. An offer alone, which is answered in a \
           later version, does not count. Once a day for each pair.",
    clinical_note: "Old modalities, laboratory machines and storage speak it daily, and stop \
                    working without it. It is a risk to be planned away or walled off, not an \
                    incident: do not block it on a device in use.",
    techniques: &["T1021.002", "T1210"],
    parameters: &[],
    excused_roles: &[],
    clears_after: DAY,
};

/// Pairs that were reported within a day.
const PAIRS: usize = 16_384;

#[derive(Debug)]
struct Smb1InUse {
    reported: Table<(DeviceId, Option<IpAddr>), ()>,
}

impl Smb1InUse {
    fn new(_: &Parameters) -> Self {
        Self { reported: Table::new(PAIRS, DAY) }
    }
}

impl Detector for Smb1InUse {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let opinion = flow.delta.opinion;
        let is_smb1 =
            opinion.application == Application::Smb1 && opinion.evidence == Basis::Confirmed;
        let (Part::Responder, true, Some(server)) = (flow.part, is_smb1, flow.source) else {
            return;
        };
        let client = flow.delta.key.destination_address();
        let at = flow.delta.last_seen;
        let pair = (server, client);
        if self.reported.get(&pair).is_some() {
            return;
        }
        if self.reported.touch(pair, at, || ()).is_none() {
            return;
        }
        findings.report(Finding {
            device: server,
            severity: None,
            metric: "smb1_clients",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: "serves files or printers over SMB version 1".to_owned(),
            evidence: Evidence::default().peer(client),
            since: flow.delta.first_seen,
            at,
        });
    }

    fn advance(&mut self, now: crate::time::Moment, _: &Estate<'_>, _: &mut Findings) {
        self.reported.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}
