//! Who is connected: devices by class, servers by duty, hosts of the internet.

use std::net::Ipv4Addr;

use super::class::{Class, PROFILES};
use super::host::Host;
use crate::frames::MacAddress;

/// The gateway's own station address, where all routed frames go.
pub const GATEWAY: MacAddress = MacAddress::vendor(0x00_1b17, 1);
/// The segment between gateway and firewall.
const UPLINK_VLAN: u16 = 199;
const FIREWALL: MacAddress = MacAddress::vendor(0x00_090f, 0x0a_0001);
/// Fewer would leave a class empty.
pub const FEWEST_DEVICES: usize = 80;
pub const MOST_DEVICES: usize = 4000;

/// What a server is there for. Each is one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    DirectoryOne,
    DirectoryTwo,
    Leases,
    Files,
    PrintQueue,
    Patches,
    CentralMonitoring,
    PumpServer,
    InterfaceEngine,
    PatientRecord,
    LaboratorySystem,
    ImageArchive,
    ImageRouter,
    Worklist,
    OldStorage,
    Backup,
    Poller,
    VulnerabilityScanner,
    TelephoneExchange,
    VideoRecorder,
    BuildingHeadEnd,
    LogCollector,
}

/// Duty, host name, segment and system of each server; in the order of [`Duty`].
const SERVERS: [(Duty, &str, u16, u8); 22] = [
    (Duty::DirectoryOne, "DC01", 190, 128),
    (Duty::DirectoryTwo, "DC02", 190, 128),
    (Duty::Leases, "DHCP01", 190, 128),
    (Duty::Files, "FS01", 190, 128),
    (Duty::PrintQueue, "PRINT01", 190, 128),
    (Duty::Patches, "WSUS01", 190, 128),
    (Duty::CentralMonitoring, "CMS01", 191, 128),
    (Duty::PumpServer, "PUMPSRV01", 191, 64),
    (Duty::InterfaceEngine, "ENGINE01", 191, 64),
    (Duty::PatientRecord, "EPR01", 194, 64),
    (Duty::LaboratorySystem, "LIS01", 195, 128),
    (Duty::ImageArchive, "PACS01", 192, 64),
    (Duty::ImageRouter, "DICOMRT01", 196, 64),
    (Duty::Worklist, "RIS01", 192, 128),
    (Duty::OldStorage, "NAS-OLD", 192, 64),
    (Duty::Backup, "BACKUP01", 193, 64),
    (Duty::Poller, "NMS01", 193, 64),
    (Duty::VulnerabilityScanner, "SCAN01", 193, 64),
    (Duty::TelephoneExchange, "PBX01", 197, 64),
    (Duty::VideoRecorder, "NVR01", 197, 64),
    (Duty::BuildingHeadEnd, "BMS01", 197, 128),
    (Duty::LogCollector, "SYSLOG01", 193, 64),
];

/// One device of the hospital.
#[derive(Clone, Debug)]
pub struct Station {
    pub class: Class,
    /// Position within its class.
    pub number: usize,
    pub name: String,
    pub host: Host,
}

/// Everything that is connected, the same for the same number of devices.
#[derive(Clone, Debug)]
pub struct Site {
    pub stations: Vec<Station>,
}

impl Site {
    /// A hospital of so many devices, within the bounds above.
    pub fn of(devices: usize) -> Self {
        let devices = devices.clamp(FEWEST_DEVICES, MOST_DEVICES);
        let mut stations: Vec<Station> = SERVERS.iter().map(server).collect();
        for profile in PROFILES {
            let count = (profile.share * devices).div_ceil(1000);
            stations.extend((0..count).map(|number| station(profile.class, number)));
        }
        let rest = devices.saturating_sub(stations.len());
        stations.extend((0..rest).map(|number| station(Class::Workstation, number)));
        Self { stations }
    }

    pub fn server(&self, duty: Duty) -> Host {
        self.stations[duty as usize].host
    }

    /// The position of the server among the stations.
    pub fn position_of(&self, duty: Duty) -> usize {
        duty as usize
    }

    /// Positions of all stations of a class.
    pub fn of_class(&self, class: Class) -> impl Iterator<Item = usize> + '_ {
        let stations = self.stations.iter().enumerate();
        stations.filter(move |(_, station)| station.class == class).map(|(position, _)| position)
    }

    /// A station of a class by its number, from the first one again after the last.
    pub fn member(&self, class: Class, number: usize) -> usize {
        let members: Vec<usize> = self.of_class(class).collect();
        members[number % members.len()]
    }
}

fn server(&(duty, name, vlan, time_to_live): &(Duty, &str, u16, u8)) -> Station {
    let number = duty as usize;
    let prefix = Class::Server.profile().prefixes[0];
    let host = Host {
        station: MacAddress::vendor(prefix, 0x90_0000 + number as u32),
        address: Ipv4Addr::new(10, vlan as u8, 0, 10 + number as u8),
        vlan,
        time_to_live,
    };
    Station { class: Class::Server, number, name: name.to_owned(), host }
}

fn station(class: Class, number: usize) -> Station {
    let profile = class.profile();
    let prefix = profile.prefixes[number % profile.prefixes.len()];
    let host = Host {
        station: MacAddress::vendor(prefix, 0x1_0000 + number as u32),
        // Hosts 20 to 219 of each 256 addresses.
        address: Ipv4Addr::new(
            10,
            profile.network,
            (number / 200) as u8,
            20 + (number % 200) as u8,
        ),
        vlan: profile.vlan,
        time_to_live: profile.time_to_live,
    };
    Station { class, number, name: format!("{}-{number:04}", profile.host_name), host }
}

/// The gateway's address on the segment of `host`.
pub fn gateway_address(host: &Host) -> Ipv4Addr {
    let [first, second, ..] = host.address.octets();
    Ipv4Addr::new(first, second, 0, 1)
}

/// A host of the internet, as it is seen behind the firewall.
pub fn outside(address: Ipv4Addr) -> Host {
    Host { station: FIREWALL, address, vlan: UPLINK_VLAN, time_to_live: 52 }
}

/// The firewall itself.
pub fn firewall() -> Host {
    Host { address: Ipv4Addr::new(10, 199, 0, 2), time_to_live: 64, ..outside(Ipv4Addr::LOCALHOST) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn stations_are_as_many_as_asked_for_and_differ() {
        for devices in [FEWEST_DEVICES, 100, 1000, MOST_DEVICES] {
            let site = Site::of(devices);
            assert_eq!(site.stations.len(), devices);
            let of = |each: &Station| (each.host.station, each.host.address);
            let hardware: BTreeSet<_> = site.stations.iter().map(|each| of(each).0).collect();
            let addresses: BTreeSet<_> = site.stations.iter().map(|each| of(each).1).collect();
            assert_eq!((hardware.len(), addresses.len()), (devices, devices));
            assert!(site.stations.iter().all(|each| of(each).1 != gateway_address(&each.host)));
        }
    }

    #[test]
    fn servers_stand_in_the_order_of_their_duties() {
        let site = Site::of(FEWEST_DEVICES);
        for (position, (duty, name, ..)) in SERVERS.iter().enumerate() {
            assert_eq!(*duty as usize, position);
            assert_eq!(site.stations[position].name, *name);
        }
    }

    #[test]
    fn every_class_has_a_member() {
        let site = Site::of(FEWEST_DEVICES);
        for profile in PROFILES {
            assert!(site.of_class(profile.class).count() > 0, "{}", profile.name);
        }
    }
}
