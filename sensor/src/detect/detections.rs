//! Every detection, one a file: its description and its detector.

mod clear_text_administration;
mod default_access;
mod deprecated_tls;
mod directory_replication;
mod dns_tunnel;
mod domain;
mod doublepulsar;
mod eternalblue;
mod generated_domains;
mod lateral_movement;
mod password_guessing;
mod ransomware_domain;
mod ransomware_share;
mod remote_execution;
mod resolvers;
#[cfg(test)]
mod scene;
mod sip_abuse;
mod smb1_in_use;
mod smb1_invariants;
mod smb_exchange;
mod smb_search;
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
    smb_search::DETECTION,
    eternalblue::DETECTION,
    smb1_invariants::DETECTION,
    doublepulsar::DETECTION,
    ransomware_domain::DETECTION,
    remote_execution::DETECTION,
    lateral_movement::DETECTION,
    directory_replication::DETECTION,
    ransomware_share::DETECTION,
    dns_tunnel::DETECTION,
    generated_domains::DETECTION,
    password_guessing::DETECTION,
    clear_text_administration::DETECTION,
    default_access::DETECTION,
    deprecated_tls::DETECTION,
    sip_abuse::DETECTION,
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
