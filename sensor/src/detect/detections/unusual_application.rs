//! A device whose ways are known speaks an application that it never spoke.

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    baseline::{Judgement, Service},
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        clinical::is_clinical,
        description::{DAY, Description},
        reminder::Reminder,
        settings::Parameters,
    },
    flow::FlowRecord,
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(UnusualApplication::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-051",
    name: "unusual_application",
    title: "Clinical device speaks something new",
    severity: Severity::Low,
    sees: "A device that speaks a clinical protocol, or has the role `medical` or `life_critical`, \
           and whose ways have been learned, speaks an application that it never spoke, told by its \
           payload and answered. Medium if no other device of its role speaks it, or if it is made \
           for administration (SSH, RDP, VNC, Telnet, SMB 1).",
    clinical_note: "New firmware may speak something new, and so does a device that is used as a \
                    stepping stone. Compare with the maintenance log first.",
    techniques: &["T0884", "T1071"],
    parameters: &[],
    excused_roles: &["scanner", "monitoring"],
    clears_after: DAY,
};

/// For administration, or fit for spreading.
const ADMINISTRATION: [Application; 5] =
    [Application::Ssh, Application::Rdp, Application::Vnc, Application::Telnet, Application::Smb1];

/// Pairs that were reported within a day.
const REPORTED: usize = 16_384;

#[derive(Debug)]
struct UnusualApplication {
    reported: Reminder<(DeviceId, Application)>,
}

impl UnusualApplication {
    fn new(_: &Parameters) -> Self {
        Self { reported: Reminder::every(DAY, REPORTED) }
    }

    fn judge(
        &mut self,
        device: DeviceId,
        record: &FlowRecord,
        estate: &Estate<'_>,
    ) -> Option<Finding> {
        let application = record.opinion.application;
        let service = Service::Speaks(application);
        let Judgement::Unusual { is_usual_of_role } = estate.baselines.judge(device, &service)
        else {
            return None;
        };
        let key = (device, application);
        if !is_clinical(estate, device) || !self.reported.is_due(key, record.end) {
            return None;
        }
        let is_worse = is_usual_of_role == Some(false) || ADMINISTRATION.contains(&application);
        let is_initiator = record.initiator_device == Some(device);
        let peer = if is_initiator { record.responder } else { record.initiator };
        let deed = if is_initiator { "asks" } else { "answers" };
        Some(Finding {
            device,
            severity: is_worse.then_some(Severity::Medium),
            metric: "new_applications",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: format!(
                "{deed} in {}, which it never spoke since it is known",
                application.name()
            ),
            evidence: Evidence::default().peer(peer),
            since: record.start,
            at: record.end,
        })
    }
}

impl Detector for UnusualApplication {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(
        &mut self,
        record: &FlowRecord,
        estate: &Estate<'_>,
        findings: &mut Findings,
    ) {
        let opinion = record.opinion;
        let is_told = opinion.evidence == Basis::Confirmed
            && opinion.application != Application::Unknown
            && !opinion.application.is_told_by_headers();
        if !is_told || record.reverse.packets == 0 || record.forward.packets == 0 {
            return;
        }
        for device in [record.initiator_device, record.responder_device].into_iter().flatten() {
            if let Some(finding) = self.judge(device, record, estate) {
                findings.report(finding);
            }
        }
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::scene::Scene, *};

    #[test]
    fn an_application_that_was_never_spoken_is_found_once_a_day() {
        let scene = Scene::learned(Application::Dicom);
        let usual = scene.conversation(scene.usual_peer(), 11112, Application::Dicom);
        assert!(scene.findings(&DETECTION, &usual).is_empty());
        let new = scene.conversation(scene.usual_peer(), 21, Application::Ftp);
        let shell = scene.conversation(scene.usual_peer(), 22, Application::Ssh);
        let findings = scene.findings_of_all(&DETECTION, &[&new, &new, &shell]);
        let severities: Vec<_> = findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [None, Some(Severity::Medium)]);
    }

    #[test]
    fn a_port_alone_is_no_application() {
        let scene = Scene::learned(Application::Dicom);
        let mut record = scene.conversation(scene.usual_peer(), 22, Application::Ssh);
        record.opinion.evidence = Basis::Port;
        assert!(scene.findings(&DETECTION, &record).is_empty());
    }
}
