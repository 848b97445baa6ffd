//! What this hospital tells its sensor: the firewall is a router, and which servers do by duty what
//! would be odd in others.

use std::fmt::Write as _;
use std::path::Path;

use sensor::config::{Config, Overrides};

use super::class::Class;
use super::error::DayError;
use super::site::{Duty, Site, firewall};

/// Roles of servers, by the names that detections know.
const DUTIES: [(&str, &[Duty]); 11] = [
    ("scanner", &[Duty::VulnerabilityScanner]),
    ("monitoring", &[Duty::Poller, Duty::LogCollector]),
    ("backup_server", &[Duty::Backup]),
    ("domain_controller", &[Duty::DirectoryOne, Duty::DirectoryTwo]),
    ("dhcp_server", &[Duty::Leases]),
    ("dns_server", &[Duty::DirectoryOne, Duty::DirectoryTwo]),
    ("ntp_server", &[Duty::DirectoryOne, Duty::DirectoryTwo]),
    ("imaging_router", &[Duty::ImageRouter]),
    ("interface_engine", &[Duty::InterfaceEngine]),
    ("management_server", &[Duty::Patches, Duty::PrintQueue]),
    ("building_engineering", &[Duty::BuildingHeadEnd]),
];

/// Roles of whole segments.
const SEGMENTS: [(&str, &[Class]); 2] = [
    ("medical", &[Class::Monitor, Class::Pump, Class::Modality, Class::Analyser]),
    ("life_critical", &[Class::Monitor, Class::Pump]),
];

/// Which roles are excused from which thresholds, by name.
const EXCUSED: [(&str, &[&str]); 8] = [
    ("smb_fan_out", &["scanner", "backup_server"]),
    ("address_scan", &["scanner", "monitoring"]),
    ("port_scan", &["scanner"]),
    ("half_open_share", &["scanner", "monitoring"]),
    ("syn_without_answer", &["scanner", "monitoring"]),
    ("stealth_scan", &["scanner"]),
    ("unanswered_attempts", &["scanner", "monitoring"]),
    ("udp_port_scan", &["scanner"]),
];

fn text(site: &Site) -> String {
    let mut text = format!("[inventory]\nrouters = [\"{}\"]\n", firewall().station);
    // Writing to a string does not fail.
    for (role, duties) in DUTIES {
        let addresses: Vec<String> =
            duties.iter().map(|&duty| format!("\"{}\"", site.server(duty).address)).collect();
        let _ =
            writeln!(text, "\n[[role]]\nname = \"{role}\"\ndevices = [{}]", addresses.join(", "));
    }
    for (role, classes) in SEGMENTS {
        let networks: Vec<String> = classes
            .iter()
            .map(|class| format!("\"10.{}.0.0/16\"", class.profile().network))
            .collect();
        let _ =
            writeln!(text, "\n[[role]]\nname = \"{role}\"\naddresses = [{}]", networks.join(", "));
    }
    text
}

/// The configuration for this site; everything else is the default.
pub fn settings(site: &Site) -> Result<Config, DayError> {
    let file = Path::new("the hospital day's settings");
    let mut config = Config::parse(file, &text(site), &Overrides::default())?;
    for threshold in &mut config.thresholds {
        let excused = EXCUSED.iter().find(|(name, _)| *name == threshold.name);
        let roles = excused.map_or(&[][..], |(_, roles)| roles);
        for role in roles {
            if !threshold.except_roles.iter().any(|each| each == role) {
                threshold.except_roles.push((*role).to_owned());
            }
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_written_to_a_file_are_the_same() {
        let config = settings(&Site::of(100)).unwrap();
        let file = Path::new("day.toml");
        let again = Config::parse(file, &config.to_toml(), &Overrides::default()).unwrap();
        assert_eq!(again, config);
        assert!(config.thresholds.iter().any(|each| each.except_roles.len() == 2));
    }
}
