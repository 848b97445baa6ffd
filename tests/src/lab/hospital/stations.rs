//! Who is connected to the hospital's network.

use super::Segment;
use Segment::{Clinical, Core};

/// One device or server.
#[derive(Clone, Copy, Debug)]
pub struct Station {
    /// Also the last part of its namespace's name.
    pub name: &'static str,
    /// What a clinician would call it.
    pub role: &'static str,
    /// The organisation its hardware prefix is assigned to.
    pub maker: &'static str,
    pub maker_prefix: u32,
    pub segment: Segment,
    /// Last octet of its address.
    pub host: u8,
    /// DHCP host name and vendor class, for stations that ask for a lease.
    pub lease: Option<(&'static str, &'static str)>,
}

const fn station(
    name: &'static str,
    role: &'static str,
    (maker, maker_prefix): (&'static str, u32),
    segment: Segment,
    host: u8,
) -> Station {
    Station { name, role, maker, maker_prefix, segment, host, lease: None }
}

impl Station {
    const fn with_lease(mut self, host_name: &'static str, vendor_class: &'static str) -> Self {
        self.lease = Some((host_name, vendor_class));
        self
    }
}

const ABBOTT: (&str, u32) = ("Abbott Diagnostics", 0x00_13dd);
const BAXTER: (&str, u32) = ("Baxter International", 0x58_42e4);
const DELL: (&str, u32) = ("Dell", 0xd4_ae52);
const DRAEGER: (&str, u32) = ("Dräger Medical Systems", 0x00_30e6);
const FRESENIUS: (&str, u32) = ("Fresenius", 0x00_1338);
const GE: (&str, u32) = ("GE Medical Systems (China)", 0xa0_f217);
const HILL_ROM: (&str, u32) = ("Hill-Rom", 0x00_14b8);
const HONEYWELL: (&str, u32) = ("Honeywell", 0x00_4084);
const HP: (&str, u32) = ("Hewlett Packard", 0x3c_d92b);
const MINDRAY: (&str, u32) = ("Mindray", 0x00_0f14);
const SIEMENS: (&str, u32) = ("Siemens Healthcare Diagnostics", 0x20_e791);

pub const STATIONS: [Station; 18] = [
    station("monitor", "bedside monitor", MINDRAY, Clinical, 11)
        .with_lease("MON-ICU3-BED03", "BeneVision"),
    station("ventilator", "ventilator", DRAEGER, Clinical, 12),
    station("pump-gw", "infusion pump gateway", BAXTER, Clinical, 13)
        .with_lease("PUMPGW-ICU3", "pump-gateway"),
    station("dialysis", "dialysis machine", FRESENIUS, Clinical, 14)
        .with_lease("DIALYSIS-04", "udhcp 1.31"),
    station("bed", "smart bed", HILL_ROM, Clinical, 15).with_lease("BED-12", "smartbed"),
    station("ct", "CT scanner", SIEMENS, Clinical, 21),
    station("ultrasound", "ultrasound scanner", GE, Clinical, 22),
    station("analyser", "blood analyser", ABBOTT, Clinical, 31),
    station("bms", "building controller", HONEYWELL, Clinical, 41),
    station("ward-pc", "ward computer", DELL, Clinical, 51).with_lease("WARD-PC-51", "MSFT 5.0"),
    station("pacs", "image archive", DELL, Core, 10),
    station("engine", "integration engine", HP, Core, 20),
    station("epr", "patient record server", HP, Core, 30),
    station("files", "file server", DELL, Core, 40),
    station("infra", "name, time and lease server", HP, Core, 53),
    station("bms-head", "building head end", DELL, Core, 60),
    station("printer", "printer", HP, Core, 70),
    station("admin", "administrator's computer", DELL, Core, 80),
];

/// A station of the table.
pub fn named(name: &str) -> &'static Station {
    STATIONS
        .iter()
        .find(|station| station.name == name)
        .expect("the name is in the table of stations")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn stations_differ_in_name_address_and_hardware() {
        let names: BTreeSet<_> = STATIONS.iter().map(|station| station.name).collect();
        let addresses: BTreeSet<_> = STATIONS.iter().map(Station::address).collect();
        let hardware: BTreeSet<_> = STATIONS.iter().map(Station::hardware).collect();
        assert_eq!((names.len(), addresses.len(), hardware.len()), (18, 18, 18));
        assert_eq!(named("infra").address_v6().to_string(), "fd00:30::53");
    }
}
