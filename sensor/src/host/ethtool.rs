//! What a driver says of its card (the kernel's `ethtool.h`, asked by `SIOCETHTOOL`). Every command
//! and answer is a row of 32-bit words and fixed texts, read here octet by octet.

use std::{collections::BTreeMap, io};

use super::system_calls::ethtool;

const GET_DRIVER: u32 = 0x03;
const GET_RINGS: u32 = 0x10;
const GET_STRINGS: u32 = 0x1b;
const GET_SET_SIZES: u32 = 0x37;
const GET_FEATURES: u32 = 0x3a;
const GET_CHANNELS: u32 = 0x3c;
/// `ETH_SS_FEATURES`: the set of names of features.
const FEATURE_NAMES: u32 = 4;
/// `ETH_GSTRING_LEN`, and octets of each text in the answer to [`GET_DRIVER`].
const TEXT: usize = 32;
/// More features than any kernel has.
const MOST_FEATURES: usize = 1024;

/// Offloads that decide what an XDP program sees, by the names of features: VLAN tags taken off the
/// frame, segments joined by the card.
pub const VLAN_STRIPPING: &str = "rx-vlan-hw-parse";
pub const LARGE_RECEIVE: &str = "rx-lro";
pub const HARDWARE_GRO: &str = "rx-gro-hw";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    pub is_on: bool,
    /// Nobody can change it.
    pub is_fixed: bool,
}

/// A number that is set, and the largest the driver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    pub now: u32,
    pub maximum: u32,
}

/// A card as its driver describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    pub driver: String,
    pub version: String,
    pub firmware: String,
    pub bus: String,
    pub features: BTreeMap<String, Feature>,
    /// Descriptors of the receive ring.
    pub receive_ring: Option<Setting>,
    /// Channels that receive: combined ones and those for receiving only.
    pub channels: Option<Setting>,
}

impl Card {
    /// Asks the driver of `interface`. What it does not tell is left empty.
    ///
    /// # Errors
    ///
    /// ENODEV when the interface is gone. A driver that answers nothing is no error.
    pub fn of(interface: &str) -> io::Result<Self> {
        let mut card = Self::default();
        let mut driver = command(GET_DRIVER, 4 + 5 * TEXT + 12 + 20);
        match ethtool(interface, &mut driver) {
            Ok(()) => {
                let text = |number: usize| text(&driver, 4 + number * TEXT);
                [card.driver, card.version, card.firmware, card.bus] =
                    [text(0), text(1), text(2), text(3)];
            }
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => return Err(error),
            Err(_) => {}
        }
        card.features = features(interface).unwrap_or_default();
        let mut rings = command(GET_RINGS, 9 * 4);
        if ethtool(interface, &mut rings).is_ok() {
            card.receive_ring = setting(word(&rings, 5), word(&rings, 1));
        }
        let mut channels = command(GET_CHANNELS, 9 * 4);
        if ethtool(interface, &mut channels).is_ok() {
            let sum = |receive, combined| word(&channels, receive) + word(&channels, combined);
            card.channels = setting(sum(5, 8), sum(1, 4));
        }
        Ok(card)
    }

    pub fn feature(&self, name: &str) -> Option<Feature> {
        self.features.get(name).copied()
    }
}

fn features(interface: &str) -> io::Result<BTreeMap<String, Feature>> {
    // cmd, reserved, a mask of 64 bits, one length.
    let mut sizes = command(GET_SET_SIZES, 4 * 5);
    sizes[8..16].copy_from_slice(&(1_u64 << FEATURE_NAMES).to_ne_bytes());
    ethtool(interface, &mut sizes)?;
    let count = word(&sizes, 4) as usize;
    // The kernel answers as many names as it has, whatever room it is told of.
    if count > MOST_FEATURES {
        return Err(io::Error::from(io::ErrorKind::Unsupported));
    }
    let mut names = command(GET_STRINGS, 12 + count * TEXT);
    names[4..8].copy_from_slice(&FEATURE_NAMES.to_ne_bytes());
    names[8..12].copy_from_slice(&(count as u32).to_ne_bytes());
    ethtool(interface, &mut names)?;
    let blocks = count.div_ceil(32);
    let mut states = command(GET_FEATURES, 8 + blocks * 16);
    states[4..8].copy_from_slice(&(blocks as u32).to_ne_bytes());
    ethtool(interface, &mut states)?;
    Ok(named_features(&names, &states, count))
}

/// Blocks of four words: available, requested, active, never changed; 32 features each.
fn named_features(names: &[u8], states: &[u8], count: usize) -> BTreeMap<String, Feature> {
    let feature = |number: usize| {
        let block = 2 + number / 32 * 4;
        let is_set = |place: usize| word(states, block + place) >> (number % 32) & 1 == 1;
        let (is_available, is_on, is_fixed) = (is_set(0), is_set(2), is_set(3));
        Feature { is_on, is_fixed: is_fixed || !is_available }
    };
    (0..count)
        .map(|number| (text(names, 12 + number * TEXT), feature(number)))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// A command with room for an answer of `length` octets.
fn command(number: u32, length: usize) -> Vec<u8> {
    let mut command = vec![0; length];
    command[..4].copy_from_slice(&number.to_ne_bytes());
    command
}

fn setting(now: u32, maximum: u32) -> Option<Setting> {
    (maximum > 0).then_some(Setting { now, maximum })
}

fn word(octets: &[u8], number: usize) -> u32 {
    let word = octets.get(number * 4..).and_then(|rest| rest.first_chunk().copied());
    word.map_or(0, u32::from_ne_bytes)
}

fn text(octets: &[u8], at: usize) -> String {
    let text = octets.get(at..).unwrap_or_default();
    let text = &text[..text.len().min(TEXT)];
    let text = text.split(|octet| *octet == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_by_name_from_both_answers() {
        let mut names = vec![0; 12 + 34 * TEXT];
        for (number, name) in [(0, "rx-checksum"), (33, LARGE_RECEIVE)] {
            let at = 12 + number * TEXT;
            names[at..at + name.len()].copy_from_slice(name.as_bytes());
        }
        let mut states = vec![0; 8 + 2 * 16];
        // Second block: available, active.
        states[24..28].copy_from_slice(&2_u32.to_ne_bytes());
        states[32..36].copy_from_slice(&2_u32.to_ne_bytes());
        let features = named_features(&names, &states, 34);
        assert_eq!(features.len(), 2);
        assert_eq!(features[LARGE_RECEIVE], Feature { is_on: true, is_fixed: false });
        assert_eq!(features["rx-checksum"], Feature { is_on: false, is_fixed: true });
    }

    #[test]
    fn the_loopback_interface_has_features_and_no_rings() {
        let card = Card::of("lo").unwrap();
        assert!(card.features.contains_key("rx-checksum"), "{card:?}");
        assert_eq!((card.receive_ring, card.channels), (None, None));
        assert_eq!(Card::of("nowhere0").unwrap_err().raw_os_error(), Some(libc::ENODEV));
    }
}
