//! A server that answers in SMB 1 (MS-CIFS): the protocol that WannaCry and NotPetya spread by.

use std::net::IpAddr;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        description::{DAY, Description},
        reminder::Reminder,
        settings::Parameters,
    },
    interpret::Message,
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(Smb1InUse::new(parameters)),
};

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
    reported: Reminder<(DeviceId, Option<IpAddr>)>,
}

impl Smb1InUse {
    fn new(_: &Parameters) -> Self {
        Self { reported: Reminder::every(DAY, PAIRS) }
    }
}

impl Detector for Smb1InUse {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Smb1(message) = heard.message else { return };
        let (true, Some(server)) = (message.is_reply, heard.source) else { return };
        let (client, at) = (heard.key.destination_address(), heard.at);
        if !self.reported.is_due((server, client), at) {
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
            since: at,
            at,
        });
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rig::{Rig, smb1, smb2};
    use crate::interpret::message::{Smb1Message, Smb2Message};

    #[test]
    fn who_answers_in_version_1_is_told_of_once_a_day_for_each_client() {
        let mut rig = Rig::new(DETECTION);
        let answer = Message::Smb1(Smb1Message { is_reply: true, ..smb1(0x72) });
        for (client, at) in [(1, 0.0), (1, 86_000.0), (3, 10.0)] {
            rig.hear((2, 445), (client, 40_000), at, answer.clone());
        }
        let devices: Vec<_> = rig.found(86_000.0).iter().map(|each| each.device.0).collect();
        assert_eq!(devices, [2, 2]);
    }

    #[test]
    fn an_offer_that_is_answered_in_a_later_version_is_none() {
        let mut rig = Rig::new(DETECTION);
        rig.hear((1, 40_000), (2, 445), 0.0, Message::Smb1(smb1(0x72)));
        let answer = Message::Smb2(Smb2Message { is_reply: true, ..smb2(0) });
        rig.hear((2, 445), (1, 40_000), 0.0, answer);
        assert_eq!(rig.found(1.0), []);
    }
}
