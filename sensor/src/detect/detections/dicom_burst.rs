//! DICOM associations that are too many of a kind: refused ones, and those that search or fetch.

use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
        window::Sums,
    },
    flow::{FlowEndReason, FlowRecord, community::community_id},
    interpret::detail::DicomDetail,
    inventory::DeviceId,
};

pub const REJECTIONS: Detection = Detection {
    description: &OF_REJECTIONS,
    detector: |parameters| Box::new(DicomBurst::new(Kind::Rejected, parameters)),
};
pub const RETRIEVALS: Detection = Detection {
    description: &OF_RETRIEVALS,
    detector: |parameters| Box::new(DicomBurst::new(Kind::Retrieval, parameters)),
};
pub const QUERIES: Detection = Detection {
    description: &OF_QUERIES,
    detector: |parameters| Box::new(DicomBurst::new(Kind::Query, parameters)),
};

const HOUR: f64 = 3600.0;
/// Devices that ask for associations.
const DEVICES: usize = 16_384;

const fn associations(meaning: &'static str, default: f64) -> Parameter {
    Parameter {
        name: "associations",
        meaning,
        default,
        minimum: 1.0,
        maximum: 1e6,
        unit: Unit::Count,
        source: Source::Ours,
    }
}

const fn window(seconds: f64) -> Parameter {
    Parameter {
        name: "window",
        meaning: "in which they are counted",
        default: seconds,
        minimum: 10.0,
        maximum: 24.0 * HOUR,
        unit: Unit::Seconds,
        source: Source::Ours,
    }
}

static OF_REJECTIONS: Description = Description {
    id: "WL-035",
    name: "dicom_rejections",
    title: "DICOM associations refused",
    severity: Severity::Medium,
    sees: "A device of which several associations were refused (A-ASSOCIATE-RJ, DICOM PS3.8 section \
           9.3.4) within a window; counted when each is over.",
    clinical_note: "Somebody tries AE titles, or a modality was set up wrongly and cannot send its \
                    images: then the images are missing in the archive. Ask radiology whether images \
                    arrive.",
    techniques: &["T1078", "T0846"],
    parameters: &[associations("that were refused", 5.0), window(600.0)],
    excused_roles: &["scanner"],
    clears_after: Duration::from_secs(1800),
};

static OF_RETRIEVALS: Description = Description {
    id: "WL-036",
    name: "dicom_bulk_retrieval",
    title: "Many DICOM retrievals",
    severity: Severity::Medium,
    sees: "A device that fetched by C-MOVE or C-GET over many associations within a window. Images \
           within one association are not counted, and a tool that fetches everything over one is \
           not seen.",
    clinical_note: "Whole archives have been copied this way. Usual causes: a migration, an AI \
                    engine, prefetching before a clinic, teleradiology. Ask the PACS administrator; \
                    give routers of images their role.",
    techniques: &["T1213", "T1041"],
    parameters: &[associations("that fetched", 200.0), window(HOUR)],
    excused_roles: &["imaging_router", "backup_server"],
    clears_after: Duration::from_secs(2 * 3600),
};

static OF_QUERIES: Description = Description {
    id: "WL-036",
    name: "dicom_query_burst",
    title: "Many DICOM queries",
    severity: Severity::Medium,
    sees: "A device that searched by C-FIND over many associations within a window. What was searched \
           for is not looked at, and several queries of one association count once.",
    clinical_note: "Somebody lists patients and studies. Usual causes: modalities that ask for their \
                    worklist too often, a migration. Ask the PACS administrator.",
    techniques: &["T1213"],
    parameters: &[associations("that searched", 60.0), window(60.0)],
    excused_roles: &["imaging_router", "backup_server"],
    clears_after: Duration::from_secs(1800),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rejected,
    Retrieval,
    Query,
}

impl Kind {
    fn holds(self, dicom: &DicomDetail) -> bool {
        let does = |names: &[&str]| dicom.operations.iter().any(|each| names.contains(each));
        match self {
            Self::Rejected => dicom.rejection.is_some(),
            Self::Retrieval => does(&["C-MOVE", "C-GET"]),
            Self::Query => does(&["C-FIND"]),
        }
    }

    const fn metric(self) -> &'static str {
        match self {
            Self::Rejected => "refused_associations",
            Self::Retrieval => "retrieving_associations",
            Self::Query => "querying_associations",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Rejected => "was refused",
            Self::Retrieval => "fetched over",
            Self::Query => "searched over",
        }
    }
}

#[derive(Debug)]
struct DicomBurst {
    kind: Kind,
    limit: u64,
    window: Duration,
    devices: Table<DeviceId, Sums>,
}

impl DicomBurst {
    fn new(kind: Kind, parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        let limit = parameters.count("associations") as u64;
        Self { kind, limit, window, devices: Table::new(DEVICES, window) }
    }
}

impl Detector for DicomBurst {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(&mut self, record: &FlowRecord, _: &Estate<'_>, findings: &mut Findings) {
        // An association that lasts is reported again and again; its end counts.
        let is_over = record.end_reason != FlowEndReason::ActiveTimeout;
        let dicom = record.detail.as_ref().and_then(|detail| detail.dicom.as_ref());
        let (true, Some(_), Some(device)) =
            (is_over, dicom.filter(|dicom| self.kind.holds(dicom)), record.initiator_device)
        else {
            return;
        };
        let at = record.end;
        let window = self.window;
        let Some(sums) = self.devices.touch(device, at, || Sums::new(window)) else { return };
        sums.add(at, 1);
        let count = sums.total();
        if count < self.limit {
            return;
        }
        let words = self.kind.words();
        let length = crate::config::duration::written(window);
        findings.report(Finding {
            device,
            severity: None,
            metric: self.kind.metric(),
            value: count as f64,
            limit: self.limit as f64,
            window,
            sentence: format!("{words} {count} DICOM associations within {length}"),
            evidence: Evidence::default().peer(record.responder).flow(community_id(record)),
            since: at - window,
            at,
        });
    }

    fn overflowed(&self) -> u64 {
        self.devices.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{detect::trial::*, interpret::FlowDetail};

    fn associate(trial: &mut Trial, from: &str, at: f64, dicom: &DicomDetail) -> Vec<Finding> {
        trial.changed(talk(from, "10.20.0.9").tcp(104).at(at), |record| {
            record.detail = Some(Box::new(FlowDetail::of_dicom(dicom.clone())));
        })
    }

    fn refused() -> DicomDetail {
        DicomDetail { rejection: Some("permanent".to_owned()), ..DicomDetail::default() }
    }

    fn with(operation: &'static str) -> DicomDetail {
        DicomDetail { operations: vec![operation], ..DicomDetail::default() }
    }

    #[test]
    fn five_refusals_in_ten_minutes_are_too_many_and_four_are_not() {
        let mut trial = Trial::new(&REJECTIONS, &[]);
        for at in 0..4 {
            assert!(associate(&mut trial, "10.20.0.1", f64::from(at), &refused()).is_empty());
        }
        assert!(associate(&mut trial, "10.20.0.2", 5.0, &refused()).is_empty(), "another's");
        assert_eq!(associate(&mut trial, "10.20.0.1", 500.0, &refused())[0].value, 5.0);
    }

    #[test]
    fn refusals_that_come_slowly_or_are_none_do_not_add_up() {
        let mut trial = Trial::new(&REJECTIONS, &[]);
        for at in 0..40 {
            assert!(
                associate(&mut trial, "10.20.0.1", f64::from(at) * 150.0, &refused()).is_empty()
            );
        }
        for _ in 0..40 {
            assert!(associate(&mut trial, "10.20.0.3", 0.0, &with("C-STORE")).is_empty());
        }
    }

    #[test]
    fn retrievals_and_queries_are_counted_apart() {
        for (detection, operation, limit) in
            [(&RETRIEVALS, "C-MOVE", 200), (&RETRIEVALS, "C-GET", 200), (&QUERIES, "C-FIND", 60)]
        {
            let mut trial = Trial::new(detection, &[]);
            for _ in 0..limit - 1 {
                assert!(associate(&mut trial, "10.20.0.1", 1.0, &with(operation)).is_empty());
                assert!(associate(&mut trial, "10.20.0.1", 1.0, &with("C-STORE")).is_empty());
            }
            assert_eq!(associate(&mut trial, "10.20.0.1", 2.0, &with(operation)).len(), 1);
        }
    }

    #[test]
    fn an_association_that_lasts_counts_once() {
        let mut trial = Trial::new(&REJECTIONS, &[("associations", 2.0)]);
        let lasting = talk("10.20.0.1", "10.20.0.9").ends(FlowEndReason::ActiveTimeout);
        for _ in 0..5 {
            let found = trial.changed(lasting, |record| {
                record.detail = Some(Box::new(FlowDetail::of_dicom(refused())));
            });
            assert!(found.is_empty());
        }
    }
}
