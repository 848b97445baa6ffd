//! Every detection, one a file: its description and its detector.

mod address_conflict;
mod arp_spoof;
mod beaconing;
mod building_write;
mod clear_text_administration;
mod clinical_cleartext;
mod contec_address;
mod darknet_touch;
mod default_access;
mod deprecated_tls;
mod device_changed;
mod dhcp_forged_clients;
mod dhcp_starvation;
mod dicom_burst;
mod dicom_unknown_title;
mod directory_replication;
mod dns_tunnel;
mod domain;
mod doublepulsar;
mod eternalblue;
mod exfiltration_volume;
mod first_destination;
mod forged_sources;
mod generated_domains;
mod icmp_tunnel;
mod indicator_match;
mod knock_pattern;
mod lateral_movement;
mod life_critical_scan;
mod long_connection;
mod monitor_impostor;
mod new_device;
mod one_way_traffic;
mod password_guessing;
mod pump_service;
mod ransomware_domain;
mod ransomware_share;
mod remote_access_exposed;
mod remote_execution;
mod resolvers;
mod rogue_dhcp_server;
mod rogue_dns_server;
mod rogue_ntp_server;
mod rogue_router;
#[cfg(test)]
mod scene;
mod silent_device;
mod sip_abuse;
mod smb1_in_use;
mod smb1_invariants;
mod smb_exchange;
mod smb_sweep;
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
    smb_sweep::DETECTION,
    eternalblue::DETECTION,
    smb1_invariants::DETECTION,
    doublepulsar::DETECTION,
    ransomware_domain::DETECTION,
    remote_execution::DETECTION,
    lateral_movement::DETECTION,
    directory_replication::DETECTION,
    ransomware_share::DETECTION,
    life_critical_scan::DETECTION,
    darknet_touch::DETECTION,
    knock_pattern::DETECTION,
    beaconing::DETECTION,
    long_connection::DETECTION,
    dns_tunnel::DETECTION,
    generated_domains::DETECTION,
    arp_spoof::DETECTION,
    rogue_dhcp_server::DETECTION,
    rogue_dns_server::DETECTION,
    rogue_ntp_server::DETECTION,
    rogue_router::DETECTION,
    new_device::DETECTION,
    device_changed::DETECTION,
    silent_device::DETECTION,
    address_conflict::DETECTION,
    clinical_cleartext::DETECTION,
    password_guessing::DETECTION,
    clear_text_administration::DETECTION,
    default_access::DETECTION,
    deprecated_tls::DETECTION,
    first_destination::DETECTION,
    exfiltration_volume::DETECTION,
    forged_sources::DETECTION,
    icmp_tunnel::DETECTION,
    sip_abuse::DETECTION,
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
    dhcp_starvation::DETECTION,
    dhcp_forged_clients::DETECTION,
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
