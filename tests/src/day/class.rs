//! The classes of devices in the hospital: how many, whose, where.

/// A class of devices that behave alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Monitor,
    Pump,
    Modality,
    Analyser,
    Workstation,
    LegacyWindows,
    Phone,
    Printer,
    Camera,
    BuildingController,
    Tablet,
    Server,
}

/// The time to live that a system begins with.
const LINUX: u8 = 64;
const WINDOWS: u8 = 128;
const EMBEDDED: u8 = 255;

/// What all devices of a class have in common.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    pub class: Class,
    pub name: &'static str,
    /// Of a thousand devices. Workstations are the rest.
    pub share: usize,
    pub vlan: u16,
    /// Second octet of the segment's network 10.x.0.0/16.
    pub network: u8,
    /// Registered prefixes of makers, used in turn.
    pub prefixes: &'static [u32],
    pub host_name: &'static str,
    /// DHCP option 60; `None` for devices with a fixed address.
    pub vendor_class: Option<&'static str>,
    pub time_to_live: u8,
}

const PHILIPS: u32 = 0x00_09fb;
const PHILIPS_CARDIAC: u32 = 0x00_095c;
const BRAUN: u32 = 0x00_1221;
const BAXTER: u32 = 0x58_42e4;
const SIEMENS_DIAGNOSTICS: u32 = 0x20_e791;
const GE: u32 = 0xa0_f217;
const CANON: u32 = 0x00_0085;
const AGFA: u32 = 0x08_0066;
const ABBOTT: u32 = 0x00_13dd;
const ROCHE: u32 = 0x00_0e2f;
const SYSMEX: u32 = 0x00_066b;
const DELL: [u32; 3] = [0xa4_bb6d, 0x8c_ec4b, 0x50_9a4c];
const HP: [u32; 2] = [0xf8_b46a, 0x48_ba4e];
const LENOVO: u32 = 0x50_7b9d;
const OLD_HP: u32 = 0x00_237d;
const OLD_DELL: u32 = 0x00_0d56;
const YEALINK: u32 = 0x00_1565;
const POLYCOM: u32 = 0x00_04f2;
const KYOCERA: u32 = 0x00_17c8;
const LEXMARK: u32 = 0x00_21b7;
const ZEBRA: u32 = 0x00_074d;
const AXIS: u32 = 0xac_cc8e;
const SIEMENS_BUILDING: u32 = 0x00_a003;
const JOHNSON: u32 = 0x00_108d;
const LOYTEC: u32 = 0x00_0ab0;
const APPLE: [u32; 2] = [0x3c_2eff, 0xf0_d1a9];
const VMWARE: u32 = 0x00_5056;

pub const PROFILES: [Profile; 12] = [
    Profile {
        class: Class::Monitor,
        name: "patient monitor",
        share: 110,
        vlan: 110,
        network: 110,
        // All of the maker whose protocol they speak.
        prefixes: &[PHILIPS, PHILIPS_CARDIAC],
        host_name: "MON",
        vendor_class: None,
        time_to_live: EMBEDDED,
    },
    Profile {
        class: Class::Pump,
        name: "infusion pump",
        share: 100,
        vlan: 120,
        network: 120,
        prefixes: &[BRAUN, BAXTER],
        host_name: "PUMP",
        vendor_class: Some("udhcp 1.24.2"),
        time_to_live: LINUX,
    },
    Profile {
        class: Class::Modality,
        name: "imaging modality",
        share: 35,
        vlan: 130,
        network: 130,
        prefixes: &[SIEMENS_DIAGNOSTICS, GE, CANON, AGFA],
        host_name: "MODALITY",
        vendor_class: None,
        time_to_live: WINDOWS,
    },
    Profile {
        class: Class::Analyser,
        name: "laboratory analyser",
        share: 25,
        vlan: 140,
        network: 140,
        prefixes: &[ABBOTT, ROCHE, SYSMEX],
        host_name: "LAB",
        vendor_class: None,
        time_to_live: WINDOWS,
    },
    Profile {
        class: Class::Workstation,
        name: "workstation",
        share: 0,
        vlan: 150,
        network: 150,
        prefixes: &[DELL[0], DELL[1], HP[0], LENOVO, DELL[2], HP[1]],
        host_name: "PC",
        vendor_class: Some("MSFT 5.0"),
        time_to_live: WINDOWS,
    },
    Profile {
        class: Class::LegacyWindows,
        name: "legacy Windows",
        share: 6,
        vlan: 155,
        network: 155,
        prefixes: &[OLD_HP, OLD_DELL],
        host_name: "OLDPC",
        vendor_class: Some("MSFT 5.0"),
        time_to_live: WINDOWS,
    },
    Profile {
        class: Class::Phone,
        name: "telephone",
        share: 130,
        vlan: 160,
        network: 160,
        prefixes: &[YEALINK, POLYCOM],
        host_name: "SIP",
        vendor_class: Some("yealink"),
        time_to_live: LINUX,
    },
    Profile {
        class: Class::Printer,
        name: "printer",
        share: 60,
        vlan: 170,
        network: 170,
        prefixes: &[KYOCERA, LEXMARK, ZEBRA],
        host_name: "PRN",
        vendor_class: Some("Mfg=Kyocera"),
        time_to_live: LINUX,
    },
    Profile {
        class: Class::Camera,
        name: "camera",
        share: 50,
        vlan: 185,
        network: 185,
        prefixes: &[AXIS],
        host_name: "CAM",
        vendor_class: Some("axis"),
        time_to_live: LINUX,
    },
    Profile {
        class: Class::BuildingController,
        name: "building controller",
        share: 30,
        vlan: 180,
        network: 180,
        prefixes: &[SIEMENS_BUILDING, JOHNSON, LOYTEC],
        host_name: "BMS",
        vendor_class: None,
        time_to_live: EMBEDDED,
    },
    Profile {
        class: Class::Tablet,
        name: "tablet",
        share: 50,
        vlan: 165,
        network: 165,
        prefixes: &APPLE,
        host_name: "iPad",
        vendor_class: Some("iOS"),
        time_to_live: LINUX,
    },
    Profile {
        class: Class::Server,
        name: "server",
        share: 0,
        vlan: 190,
        network: 190,
        prefixes: &[VMWARE],
        host_name: "SRV",
        vendor_class: None,
        time_to_live: WINDOWS,
    },
];

impl Class {
    pub fn profile(self) -> &'static Profile {
        &PROFILES[self as usize]
    }

    /// Whether the class hangs on switches without an emergency supply.
    pub fn loses_power(self) -> bool {
        self != Self::Server
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_stand_in_the_order_of_the_classes() {
        for (position, profile) in PROFILES.iter().enumerate() {
            assert_eq!(profile.class as usize, position, "{}", profile.name);
        }
    }
}
