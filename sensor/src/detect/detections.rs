//! Every detection, one a file: its description and its detector.

mod beaconing;
mod building_write;
mod clinical_cleartext;
mod contec_address;
mod dicom_burst;
mod dicom_unknown_title;
mod exfiltration_volume;
mod first_destination;
mod icmp_tunnel;
mod indicator_match;
mod long_connection;
mod monitor_impostor;
mod one_way_traffic;
mod pump_service;
mod remote_access_exposed;
#[cfg(test)]
mod scene;
mod smb1_in_use;
mod unexpected_peer;
mod unusual_application;
mod unusual_peer;
mod unusual_volume;

use super::{Detector, description::Description, settings::Parameters};

/// A description, and how its detector is made.
#[derive(Clone, Copy, Debug)]
pub struct Detection {
    pub description: &'static Description,
    pub detector: fn(&Parameters) -> Box<dyn Detector>,
}

/// In the order of their ids.
pub const ALL: &[Detection] = &[
    smb1_in_use::DETECTION,
    beaconing::DETECTION,
    long_connection::DETECTION,
    clinical_cleartext::DETECTION,
    first_destination::DETECTION,
    exfiltration_volume::DETECTION,
    icmp_tunnel::DETECTION,
    dicom_burst::REJECTIONS,
    dicom_unknown_title::DETECTION,
    dicom_burst::QUERIES,
    dicom_burst::RETRIEVALS,
    unexpected_peer::HL7,
    unexpected_peer::LABORATORY,
    monitor_impostor::DETECTION,
    contec_address::DETECTION,
    pump_service::DETECTION,
    building_write::DETECTION,
    indicator_match::DETECTION,
    remote_access_exposed::DETECTION,
    one_way_traffic::DETECTION,
    unusual_peer::DETECTION,
    unusual_application::DETECTION,
    unusual_volume::DETECTION,
];

/// The description of the detection called `name`.
pub fn find(name: &str) -> Option<&'static Description> {
    ALL.iter().map(|detection| detection.description).find(|each| each.name == name)
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, time::Duration};

    use super::*;
    use crate::detect::builtin;

    #[test]
    fn every_detection_can_be_made_and_is_described_once() {
        let mut names: HashSet<String> =
            builtin::thresholds().into_iter().map(|rule| rule.name).collect();
        for Detection { description, detector } in ALL {
            let parameters = Parameters::new(description);
            assert_eq!(detector(&parameters).overflowed(), 0);
            let name = description.name;
            assert!(names.insert(name.to_owned()), "{name} is there twice");
            assert!(description.id.starts_with("WL-0"), "{name}");
            assert!(description.clears_after >= Duration::from_secs(60), "{name}");
            let texts = [description.title, description.sees, description.clinical_note];
            assert!(texts.iter().all(|text| !text.is_empty()), "{name}");
            for each in description.parameters {
                let allowed = each.minimum..=each.maximum;
                assert!(allowed.contains(&each.default), "{name}: {}", each.name);
            }
        }
    }

    #[test]
    fn they_stand_in_the_order_of_their_ids() {
        assert!(ALL.is_sorted_by_key(|each| each.description.id));
    }
}
