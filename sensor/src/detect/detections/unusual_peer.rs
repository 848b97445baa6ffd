//! A device whose ways are known opens a conversation that is none of them.

use super::Detection;
use crate::{
    baseline::{Judgement, Service},
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        clinical::is_clinical,
        description::{DAY, Description, Parameter, Source, Unit},
        reminder::Reminder,
        settings::Parameters,
    },
    flow::FlowRecord,
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(UnusualPeer::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-050",
    name: "unusual_peer",
    title: "Clinical device with a new peer",
    severity: Severity::Low,
    sees: "A device that speaks a clinical protocol, or has the role `medical` or `life_critical`, \
           and whose ways have been learned, opens conversations with a port of a peer that it \
           never used, and is answered. Medium if the peer is outside the site, or if no other \
           device of its role does so. A service that is seen on three days without an alert \
           becomes usual.",
    clinical_note: "A service engineer at work, a new archive or a moved server look the same: ask \
                    clinical engineering before anything is cut off. From a device that nobody \
                    touched it may be the first step of an intruder.",
    techniques: &["T0886", "T1021"],
    parameters: &[Parameter {
        name: "most_peers",
        meaning: "a device with more usual services than this changes its peers in its work, and \
                  is not watched",
        default: 48.0,
        minimum: 1.0,
        maximum: 256.0,
        unit: Unit::Count,
        source: Source::Ours,
    }],
    excused_roles: &["scanner", "monitoring", "interface_engine", "imaging_router"],
    clears_after: DAY,
};

/// New services that were reported within a day, over all devices.
const REPORTED: usize = 16_384;

#[derive(Debug)]
struct UnusualPeer {
    most_peers: usize,
    reported: Reminder<(DeviceId, Service)>,
}

impl UnusualPeer {
    fn new(parameters: &Parameters) -> Self {
        Self {
            most_peers: parameters.count("most_peers"),
            reported: Reminder::every(DAY, REPORTED),
        }
    }
}

impl Detector for UnusualPeer {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(
        &mut self,
        record: &FlowRecord,
        estate: &Estate<'_>,
        findings: &mut Findings,
    ) {
        let (Some(device), Some(peer)) = (record.initiator_device, record.responder) else {
            return;
        };
        let is_answered = record.reverse.packets > 0 && record.responder_port != 0;
        let is_one_host = !peer.is_multicast() && !peer.is_unspecified();
        if !is_answered || !is_one_host || !is_clinical(estate, device) {
            return;
        }
        let (protocol, port) = (record.protocol, record.responder_port);
        let service = Service::Uses { peer, protocol, port };
        let Judgement::Unusual { is_usual_of_role } = estate.baselines.judge(device, &service)
        else {
            return;
        };
        let profile = estate.baselines.profile(device);
        let usual = profile.map_or(0, |profile| profile.usual().count());
        let key = (device, service);
        if usual > self.most_peers || !self.reported.is_due(key, record.end) {
            return;
        }
        let is_external = !estate.is_internal(peer);
        let is_worse = is_external || is_usual_of_role == Some(false);
        let place = if is_external { "outside the site " } else { "" };
        let application = record.opinion.application.name();
        findings.report(Finding {
            device,
            severity: is_worse.then_some(Severity::Medium),
            metric: "new_services",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: format!(
                "opened a conversation with port {port} of {peer} {place}({application}), which is \
                 none of the {usual} services that it is known to use"
            ),
            evidence: Evidence::default().number("usual_services", usual as f64).peer(Some(peer)),
            since: record.start,
            at: record.end,
        });
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use sensor_common::application::Application;

    use super::{super::scene::Scene, *};

    #[test]
    fn a_peer_that_was_learned_is_silent_and_a_new_one_is_not() {
        let scene = Scene::learned(Application::Dicom);
        let found = |peer| {
            let record = scene.conversation(peer, 104, Application::Dicom);
            scene.findings(&DETECTION, &record)
        };
        assert!(found(scene.usual_peer()).is_empty());
        let findings = found(scene.internal_peer());
        assert_eq!((findings.len(), findings[0].severity), (1, None));
        let findings = found(scene.external_peer());
        assert_eq!(findings[0].severity, Some(Severity::Medium));
    }

    #[test]
    fn what_nobody_answers_is_no_conversation() {
        let scene = Scene::learned(Application::Dicom);
        let mut record = scene.conversation(scene.internal_peer(), 104, Application::Dicom);
        record.reverse.packets = 0;
        assert!(scene.findings(&DETECTION, &record).is_empty());
    }

    #[test]
    fn a_workstation_may_meet_whom_it_likes() {
        let scene = Scene::learned(Application::Http);
        let record = scene.conversation(scene.internal_peer(), 80, Application::Http);
        assert!(scene.findings(&DETECTION, &record).is_empty());
    }

    #[test]
    fn while_a_device_is_learned_nothing_is_unusual() {
        let scene = Scene::learning(Application::Dicom);
        let record = scene.conversation(scene.internal_peer(), 104, Application::Dicom);
        assert!(scene.findings(&DETECTION, &record).is_empty());
    }
}
