//! A device sends far more than it does in this hour of the week.

use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        description::{Description, HOUR, Parameter, Source, Unit},
        settings::Parameters,
    },
    flow::FlowRecord,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(UnusualVolume::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-052",
    name: "unusual_volume",
    title: "Far more sent than usual",
    severity: Severity::Medium,
    sees: "A device whose ways have been learned sent more octets in this hour than is usual for \
           the hour of the week: above the median of the hours like it by five (robust) standard \
           deviations, and at least four times the median.",
    clinical_note: "A migration, a restore or a batch of studies sent again look the same, and are \
                    often planned. Look at whom it sends to: an archive of the site is harmless, \
                    an address outside is not.",
    techniques: &["T1030", "T1048"],
    parameters: &[Parameter {
        name: "floor",
        meaning: "octets in the hour below which nothing is unusual",
        default: 50_000_000.0,
        minimum: 1_000_000.0,
        maximum: 1e12,
        unit: Unit::Octets,
        source: Source::Published("RITA, threat intelligence contacts from 25 MB, doubled"),
    }],
    excused_roles: &["backup_server", "imaging_router", "management_server"],
    clears_after: Duration::from_secs(2 * 3600),
};

#[derive(Debug)]
struct UnusualVolume {
    floor: f64,
}

impl UnusualVolume {
    fn new(parameters: &Parameters) -> Self {
        Self { floor: parameters.number("floor") }
    }
}

impl Detector for UnusualVolume {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(
        &mut self,
        record: &FlowRecord,
        estate: &Estate<'_>,
        findings: &mut Findings,
    ) {
        let ends = [
            (record.initiator_device, record.forward.octets, record.responder),
            (record.responder_device, record.reverse.octets, record.initiator),
        ];
        for (device, octets, peer) in ends {
            let Some(device) = device else { continue };
            let (before, Some(limit)) = estate.baselines.sent_in_hour(device) else { continue };
            let sent = (before + octets) as f64;
            let limit = (limit as f64).max(self.floor);
            if sent <= limit {
                continue;
            }
            let mega = |octets: f64| octets / 1e6;
            findings.report(Finding {
                device,
                severity: None,
                metric: "octets_sent_in_hour",
                value: sent,
                limit,
                window: HOUR,
                sentence: format!(
                    "sent {:.0} MB in this hour; up to {:.0} MB are usual at this time of the week",
                    mega(sent),
                    mega(limit)
                ),
                evidence: Evidence::default().peer(peer),
                since: record.start,
                at: record.end,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use sensor_common::application::Application;

    use super::{super::scene::Scene, *};

    #[test]
    fn an_hour_fires_above_its_limit_and_not_at_it() {
        let scene = Scene::learned(Application::Dicom);
        let mut record = scene.conversation(scene.usual_peer(), 104, Application::Dicom);
        record.forward.octets = 50_000_000;
        assert!(scene.findings(&DETECTION, &record).is_empty());
        record.forward.octets += 1;
        let findings = scene.findings(&DETECTION, &record);
        assert_eq!((findings.len(), findings[0].value), (1, 50_000_001.0));
    }

    #[test]
    fn a_device_that_is_being_learned_may_send_what_it_likes() {
        let scene = Scene::learning(Application::Dicom);
        let mut record = scene.conversation(scene.usual_peer(), 104, Application::Dicom);
        record.forward.octets = 10_000_000_000;
        assert!(scene.findings(&DETECTION, &record).is_empty());
    }
}
