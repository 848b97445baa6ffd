//! DICOM application entities that nobody has met before.

use std::{
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    time::Duration,
};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, Interest, Severity, description::Description,
        learning, learning::Routine, settings::Parameters,
    },
    flow::{FlowRecord, community::community_id},
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DicomUnknownTitle::new(parameters)),
};

/// Titles at addresses, and titles.
const TITLES: usize = 16_384;

static DESCRIPTION: Description = Description {
    id: "WL-035",
    name: "dicom_unknown_title",
    title: "Unknown DICOM application entity",
    severity: Severity::Medium,
    sees: "An association that is asked for under a calling AE title that was not seen since the \
           agent was started (medium), or under a known one from another address (low). Once for \
           each title and address, when the association is over. Titles are those that the sensor \
           sampled; what is learned is kept in memory: a start of the agent begins the learning \
           period anew.",
    clinical_note: "Archives often believe the AE title and nothing else, so an invented one is how \
                    images are stolen or planted. Usual causes: a new modality, a replaced \
                    workstation, a service engineer's test (`ECHOSCU`, `STORESCU`). Ask the PACS \
                    administrator whether the title is theirs.",
    techniques: &["T1078", "T0846"],
    parameters: &[learning::PARAMETER],
    excused_roles: &["imaging_router", "scanner"],
    clears_after: Duration::from_secs(24 * 3600),
};

#[derive(Debug)]
struct DicomUnknownTitle {
    /// Titles are up to 16 characters; their hash is enough to know them again.
    hasher: RandomState,
    titles: Routine<u64>,
    places: Routine<(u64, IpAddr)>,
}

impl DicomUnknownTitle {
    fn new(parameters: &Parameters) -> Self {
        let learning_period = parameters.duration(learning::PARAMETER.name);
        Self {
            hasher: RandomState::new(),
            titles: Routine::new(learning_period, TITLES),
            places: Routine::new(learning_period, TITLES),
        }
    }
}

impl Detector for DicomUnknownTitle {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(&mut self, record: &FlowRecord, _: &Estate<'_>, findings: &mut Findings) {
        let Some(dicom) = record.detail.as_ref().and_then(|detail| detail.dicom.as_ref()) else {
            return;
        };
        let (Some(title), Some(caller)) = (&dicom.calling_ae_title, record.initiator) else {
            return;
        };
        let at = record.end;
        let hash = self.hasher.hash_one(title);
        let is_new_title = self.titles.is_news(hash, at);
        let is_new_place = self.places.is_news((hash, caller), at);
        let Some(device) = record.initiator_device.filter(|_| is_new_title || is_new_place) else {
            return;
        };
        let (severity, sentence) = if is_new_title {
            (None, format!("calls itself `{title}` in DICOM, a title that is new"))
        } else {
            let sentence = "from an address that is new for it";
            (Some(Severity::Low), format!("calls itself `{title}` in DICOM, {sentence}"))
        };
        let mut finding = Finding::of_event(device, "new_titles", at, &sentence);
        finding.severity = severity;
        finding.since = record.start;
        finding.evidence = finding.evidence.peer(record.responder).flow(community_id(record));
        findings.report(finding);
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.titles.advance(now);
        self.places.advance(now);
    }

    fn overflowed(&self) -> u64 {
        self.titles.overflowed() + self.places.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        detect::trial::*,
        interpret::{FlowDetail, detail::DicomDetail},
    };

    const LATE: f64 = 15.0 * 86_400.0;

    fn associate(trial: &mut Trial, title: &str, from: &str, at: f64) -> Vec<Finding> {
        let calling_ae_title = Some(title.to_owned());
        let dicom = DicomDetail { calling_ae_title, ..DicomDetail::default() };
        trial.changed(talk(from, "10.20.0.9").tcp(104).at(at), |record| {
            record.detail = Some(Box::new(FlowDetail::of_dicom(dicom)));
        })
    }

    #[test]
    fn a_title_that_was_not_learned_is_reported_once() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(associate(&mut trial, "CT_1", "10.20.0.1", 0.0).is_empty());
        assert!(associate(&mut trial, "CT_1", "10.20.0.1", LATE).is_empty());
        let found = associate(&mut trial, "GETSCU", "10.20.0.2", LATE);
        assert_eq!((found[0].severity, found.len()), (None, 1));
        assert!(found[0].sentence.contains("`GETSCU`"));
        assert!(associate(&mut trial, "GETSCU", "10.20.0.2", LATE).is_empty());
    }

    #[test]
    fn a_known_title_from_elsewhere_is_low() {
        let mut trial = Trial::new(&DETECTION, &[]);
        associate(&mut trial, "CT_1", "10.20.0.1", 0.0);
        let found = associate(&mut trial, "CT_1", "10.20.0.2", LATE);
        assert_eq!(found[0].severity, Some(Severity::Low));
    }

    #[test]
    fn a_flow_without_a_title_says_nothing() {
        let mut trial = Trial::new(&DETECTION, &[("learning_period", 0.0)]);
        assert!(trial.record(talk("10.20.0.1", "10.20.0.9").tcp(104)).is_empty());
        assert_eq!(associate(&mut trial, "CT_1", "10.20.0.1", 0.0).len(), 1);
    }
}
