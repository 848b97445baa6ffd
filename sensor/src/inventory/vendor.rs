//! Who made a station, by the prefix of its address.
//!
//! The table is `sensor/data/oui.txt`, made from the IEEE registries (see the README beside it).
//! A prefix names who registered it, which for a module built into others' devices is not the
//! device's maker; such vendors are marked.

use std::sync::LazyLock;

/// What a station address tells of its vendor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StationVendor {
    /// As in the registry; `None` for group, locally administered and unlisted addresses.
    pub vendor: Option<&'static str>,
    /// The vendor makes network modules or virtual interfaces for others' devices.
    pub is_module_maker: bool,
    /// The address was not given by a vendor: randomised, virtual, or set by hand.
    pub is_locally_administered: bool,
}

/// IEEE 802 clause 8.2: the lowest bits of the first octet.
const GROUP: u64 = 1 << 40;
const LOCALLY_ADMINISTERED: u64 = 1 << 41;

/// Beginnings of vendor names, in lower case.
const MODULE_MAKERS: [&str; 60] = [
    "alpsalpine",
    "ampak technology",
    "asix electronics",
    "atheros",
    "azurewave",
    "b&b electronics",
    "bluegiga",
    "broadcom",
    "connect one",
    "digiboard",
    "espressif",
    "ezurio",
    "fibocom",
    "foxconn",
    "freescale",
    "gainspan",
    "gemtek technology",
    "hms industrial networks",
    "hon hai",
    "intel corporat",
    "laird connectivity",
    "laird technologies",
    "lantronix",
    "lite-on",
    "liteon",
    "marvell semiconductor",
    "maxstream",
    "microchip technology",
    "moxa",
    "murata manufacturing",
    "netburner",
    "nordic semiconductor",
    "parallels",
    "pcs systemtechnik",
    "perle systems",
    // Holds the prefix 00204A, which Lantronix modules carry.
    "pronet gmbh",
    "qualcomm",
    "quectel",
    "raspberry pi",
    "realtek",
    "redpine signals",
    "roving networks",
    "samsung electro mechanics",
    "samsung electro-mechanics",
    "sena technologies",
    "sierra wireless",
    "silex technology",
    "silicon laboratories",
    "simcom wireless",
    "summit data communications",
    "telit communication",
    "telit wireless",
    "texas instruments",
    "tuya",
    "u-blox",
    "universal global scientific",
    "vmware",
    "wistron neweb",
    "wiznet",
    "xensource",
];

/// Prefixes (24 bits) of virtual interfaces whose vendor also makes devices: Hyper-V.
const VIRTUAL_INTERFACES: [u64; 1] = [0x00_155d];

/// Looks a station address (48 bits) up, the longest prefix first.
pub fn vendor_of(station: u64) -> StationVendor {
    if station & GROUP != 0 {
        return StationVendor::default();
    }
    if station & LOCALLY_ADMINISTERED != 0 {
        return StationVendor { is_locally_administered: true, ..StationVendor::default() };
    }
    let vendor = REGISTRIES.vendor(station);
    StationVendor {
        vendor,
        is_module_maker: vendor.is_some_and(is_module_maker)
            || VIRTUAL_INTERFACES.contains(&(station >> 24)),
        is_locally_administered: false,
    }
}

fn is_module_maker(vendor: &str) -> bool {
    MODULE_MAKERS.iter().any(|maker| {
        vendor.get(..maker.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(maker))
    })
}

static REGISTRIES: LazyLock<Registries> =
    LazyLock::new(|| Registries::read(include_str!("../../data/oui.txt")));

/// Sorted prefixes of 36, 28 and 24 bits.
struct Registries {
    small: Vec<(u64, &'static str)>,
    medium: Vec<(u64, &'static str)>,
    large: Vec<(u64, &'static str)>,
}

impl Registries {
    /// Reads lines of prefix, tab, vendor; others (the header) are passed over.
    fn read(text: &'static str) -> Self {
        let mut registries = Self {
            small: Vec::with_capacity(10_000),
            medium: Vec::with_capacity(5_000),
            large: Vec::with_capacity(40_000),
        };
        for line in text.lines() {
            let Some((digits, vendor)) = line.split_once('\t') else {
                continue;
            };
            let Ok(prefix) = u64::from_str_radix(digits, 16) else {
                continue;
            };
            match digits.len() {
                6 => registries.large.push((prefix, vendor)),
                7 => registries.medium.push((prefix, vendor)),
                9 => registries.small.push((prefix, vendor)),
                _ => {}
            }
        }
        for registry in [&mut registries.small, &mut registries.medium, &mut registries.large] {
            registry.sort_unstable_by_key(|&(prefix, _)| prefix);
        }
        registries
    }

    fn vendor(&self, station: u64) -> Option<&'static str> {
        find(&self.small, station >> 12)
            .or_else(|| find(&self.medium, station >> 20))
            .or_else(|| find(&self.large, station >> 24))
    }
}

fn find(registry: &[(u64, &'static str)], prefix: u64) -> Option<&'static str> {
    let position = registry.binary_search_by_key(&prefix, |&(prefix, _)| prefix);
    position.ok().map(|position| registry[position].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor(station: u64) -> &'static str {
        vendor_of(station).vendor.unwrap_or("-")
    }

    #[test]
    fn medical_vendors_are_found_by_24_bits() {
        assert!(vendor(0x0030_e601_0203).starts_with("Draeger"));
        assert!(vendor(0x001a_fa00_0001).starts_with("Welch Allyn"));
        assert!(vendor(0x0013_ddff_ffff).starts_with("Abbott"));
        assert!(vendor(0x0014_b800_0000).starts_with("Hill-Rom"));
    }

    #[test]
    fn longer_prefixes_go_before_the_block_they_were_cut_from() {
        assert_eq!(vendor(0x2085_93b0_0001), "IOG Products LLC");
        assert_eq!(vendor(0x70b3_d5f2_f123), "TELEPLATFORMS");
        assert_eq!(vendor(0x70b3_d571_9000), "2M Technology");
        // IAB.
        assert_eq!(vendor(0x0050_c27d_5fff), "DEUTA-WERKE GmbH");
        // Private, in a block of the registration authority.
        assert_eq!(vendor(0xb0c5_caf0_0000), "-");
    }

    #[test]
    fn the_next_prefix_is_another_vendors() {
        assert_eq!(vendor(0x70b3_d5f2_ffff), "TELEPLATFORMS");
        assert_ne!(vendor(0x70b3_d5f3_0000), "TELEPLATFORMS");
        assert_ne!(vendor(0x70b3_d5f2_efff), "TELEPLATFORMS");
    }

    #[test]
    fn locally_administered_addresses_have_a_flag_and_no_vendor() {
        let random = vendor_of(0xda1b_2c3d_4e5f);
        assert!(random.is_locally_administered && random.vendor.is_none());
        // Registered before the bit had its meaning; today it is as likely anyone's.
        let historical = vendor_of(0x0260_8c01_0203);
        assert!(historical.is_locally_administered && historical.vendor.is_none());
        // QEMU.
        assert!(vendor_of(0x5254_0012_3456).is_locally_administered);
        assert!(!vendor_of(0x001a_fa00_0001).is_locally_administered);
    }

    #[test]
    fn group_addresses_are_nobodys() {
        assert_eq!(vendor_of(0x0100_5e00_0001), StationVendor::default());
        assert_eq!(vendor_of(0xffff_ffff_ffff), StationVendor::default());
    }

    #[test]
    fn module_makers_are_marked_and_device_makers_are_not() {
        for station in [
            0x0020_4a01_0203, // Lantronix
            0x0090_e801_0203, // Moxa
            0x0040_9d01_0203, // Digi
            0x0080_9201_0203, // Silex
            0x000c_2901_0203, // VMware
            0x0016_3e01_0203, // Xen
            0x0015_5d01_0203, // Hyper-V
            0x0800_2701_0203, // VirtualBox
            0x00e0_4c01_0203, // Realtek
        ] {
            let found = vendor_of(station);
            assert!(found.is_module_maker && found.vendor.is_some(), "{station:012x}");
        }
        assert!(!vendor_of(0x0030_e601_0203).is_module_maker);
        assert!(!vendor_of(0x001a_fa00_0001).is_module_maker);
    }

    #[test]
    fn every_module_maker_is_in_the_registries() {
        for maker in MODULE_MAKERS {
            let all = [&REGISTRIES.small, &REGISTRIES.medium, &REGISTRIES.large];
            assert!(
                all.into_iter()
                    .flatten()
                    .any(|(_, vendor)| vendor.to_ascii_lowercase().starts_with(maker)),
                "{maker}"
            );
        }
    }

    #[test]
    fn the_embedded_table_is_whole_sorted_and_small() {
        let text = include_str!("../../data/oui.txt");
        assert!(text.len() < 2_000_000);
        assert!(text.lines().any(|line| line.starts_with("# Version: ")));
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted());
        let read = REGISTRIES.small.len() + REGISTRIES.medium.len() + REGISTRIES.large.len();
        assert_eq!(lines.len(), read);
        assert!(read > 45_000);
    }
}
