//! Clinical protocols in clear between the site and an address outside of it.

use std::{net::IpAddr, time::Duration};

use sensor_common::application::Evidence as Basis;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Interest, Severity,
        border::Passage,
        clinical,
        description::{Description, HOUR},
        reminder::Reminder,
        settings::Parameters,
    },
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(ClinicalCleartext::new(parameters)),
};

/// Pairs of device and address.
const PAIRS: usize = 16_384;

static DESCRIPTION: Description = Description {
    id: "WL-027",
    name: "clinical_cleartext_leaves_site",
    title: "Clinical data leaves the site in clear",
    severity: Severity::High,
    sees: "HL7, DICOM, FHIR, DICOMweb, ASTM, POCT1-A, IntelliVue, GE Unity, IHE or IEEE 11073-20601 \
           without TLS, recognised by its payload, between a device of the site and an address \
           outside. Networks of the organisation besides the private ones have to be listed under \
           `internal`; another site with private addresses is not told apart.",
    clinical_note: "Patients' data can be read, and changed, by everybody on the way. Usual causes: \
                    teleradiology or a laboratory's portal that was set up without VPN or TLS, or a \
                    VPN that ends behind the sensor. Do not cut it off: reports may depend on it. \
                    Call those who run the interface, and have it moved to TLS or a VPN.",
    techniques: &["T1040", "T1048.003"],
    parameters: &[],
    excused_roles: &[],
    clears_after: Duration::from_secs(24 * 3600),
};

#[derive(Debug)]
struct ClinicalCleartext {
    reported: Reminder<(DeviceId, IpAddr)>,
}

impl ClinicalCleartext {
    fn new(_: &Parameters) -> Self {
        Self { reported: Reminder::every(HOUR, PAIRS) }
    }
}

impl Detector for ClinicalCleartext {
    fn interest(&self) -> Interest {
        Interest::in_applications(&clinical::APPLICATIONS)
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let opinion = flow.delta.opinion;
        if !clinical::APPLICATIONS.contains(&opinion.application)
            || opinion.evidence < Basis::Likely
        {
            return;
        }
        let Some(passage) = Passage::of(flow, estate) else { return };
        let Some(device) = passage.device else { return };
        let at = flow.delta.last_seen;
        if self.reported.is_due((device, passage.outside), at) {
            let name = opinion.application.name();
            let way = if passage.is_leaving { "to" } else { "from" };
            let sentence = format!("speaks {name} in clear, {way} an address outside the site");
            let mut finding = Finding::of_event(device, "flows", at, &sentence);
            finding.since = flow.delta.first_seen;
            finding.evidence.add_peers([passage.outside]);
            findings.report(finding);
        }
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use sensor_common::application::Application;

    use super::*;
    use crate::detect::trial::*;

    fn hl7(from: &str, to: &str) -> Talk {
        talk(from, to).tcp(2575).speaks(Application::Hl7, Basis::Confirmed)
    }

    #[test]
    fn hl7_to_the_internet_is_reported_in_both_directions_once() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let found = trial.forward(hl7("10.20.0.7", "203.0.113.9"));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.7"));
        assert!(found[0].sentence.contains("hl7 in clear, to"));
        assert!(trial.reply(hl7("10.20.0.7", "203.0.113.9")).is_empty(), "reported");
        assert_eq!(trial.forward(hl7("203.0.113.9", "10.20.0.8")).len(), 1);
    }

    #[test]
    fn what_stays_inside_is_not() {
        let mut trial = Trial::new(&DETECTION, &[]).internal("198.51.100.0/24");
        assert!(trial.forward(hl7("10.20.0.7", "10.20.0.8")).is_empty());
        assert!(trial.forward(hl7("10.20.0.7", "198.51.100.4")).is_empty());
    }

    #[test]
    fn tls_and_what_only_the_port_says_are_not() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let to_port = talk("10.20.0.7", "203.0.113.9").tcp(104);
        assert!(trial.forward(to_port.speaks(Application::Dicom, Basis::Port)).is_empty());
        assert!(trial.forward(to_port.speaks(Application::Tls, Basis::Confirmed)).is_empty());
        assert_eq!(trial.forward(to_port.speaks(Application::Dicom, Basis::Likely)).len(), 1);
    }
}
