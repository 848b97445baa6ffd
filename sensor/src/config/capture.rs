//! `[capture]`: where packets are counted, and how much memory that may take.

use std::path::PathBuf;

use sensor_common::flow::FlowSlot;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{number, path, size};

/// How the program is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// In the driver; refused where the driver cannot.
    #[default]
    Native,
    /// Behind the driver: slower, works everywhere.
    Generic,
    /// Native where the driver can, else generic; which one is logged.
    Auto,
}

/// `[capture]`, validated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Capture {
    /// Interface names; `*` stands for any characters. Empty is enough for everything but `run`.
    pub interfaces: Vec<String>,
    pub mode: Mode,
    /// Where programs and maps stay while no agent runs.
    pub pin_directory: PathBuf,
    /// Whether the program stays attached and counts on when the agent stops.
    pub persist: bool,
    /// Octets of the flow table, of all CPUs together.
    #[serde(serialize_with = "size::serialize")]
    pub memory: u64,
    /// Whether the kernel measures the time spent in the program (about 20 ns a packet).
    pub run_statistics: bool,
    /// Endpoints that totals are kept for.
    pub endpoints: u32,
    /// Octets of the ring of records: a power of two.
    #[serde(serialize_with = "size::serialize")]
    pub ring: u64,
}

impl Capture {
    /// Octets of the ring of notices: a quarter of the ring of records.
    pub const fn notices_ring(&self) -> u64 {
        self.ring / 4
    }

    /// Flows that the table has room for.
    pub const fn flows(&self) -> u64 {
        self.memory / size_of::<FlowSlot>() as u64
    }

    /// Whether the interface called `name` is one of those to watch.
    pub fn watches(&self, name: &str) -> bool {
        let mut patterns = self.interfaces.iter();
        patterns.any(|pattern| is_match(pattern.as_bytes(), name.as_bytes()))
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            mode: Mode::default(),
            pin_directory: PathBuf::from("/sys/fs/bpf/wardline"),
            persist: true,
            memory: 64 * size::MIB,
            run_statistics: false,
            endpoints: 8192,
            ring: 8 * size::MIB,
        }
    }
}

/// Whether `name` fits `pattern`, in which `*` stands for any characters.
pub fn is_match(pattern: &[u8], name: &[u8]) -> bool {
    // The last star and where its text ends; on a mismatch that text grows by one.
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, read));
            at += 1;
        } else if pattern.get(at) == Some(&name[read]) {
            at += 1;
            read += 1;
        } else if let Some((star_at, end)) = star {
            star = Some((star_at, end + 1));
            at = star_at + 1;
            read = end + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|&each| each == b'*')
}

/// `[capture]` as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename = "capture", expecting = "a table of keys")]
struct Written {
    #[serde(deserialize_with = "interfaces")]
    interfaces: Vec<String>,
    mode: Mode,
    #[serde(deserialize_with = "path::absolute")]
    pin_directory: PathBuf,
    persist: bool,
    #[serde(deserialize_with = "memory")]
    memory: Option<u64>,
    #[serde(deserialize_with = "flows")]
    flows: Option<u32>,
    run_statistics: bool,
    #[serde(deserialize_with = "endpoints")]
    endpoints: u32,
    #[serde(deserialize_with = "ring")]
    ring: u64,
}

impl Default for Written {
    fn default() -> Self {
        let capture = Capture::default();
        Self {
            interfaces: capture.interfaces,
            mode: capture.mode,
            pin_directory: capture.pin_directory,
            persist: capture.persist,
            memory: None,
            flows: None,
            run_statistics: capture.run_statistics,
            endpoints: capture.endpoints,
            ring: capture.ring,
        }
    }
}

impl TryFrom<Written> for Capture {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let memory = match (written.memory, written.flows) {
            (Some(_), Some(_)) => {
                return Err("`memory` and `flows` say the same: give one of them".to_owned());
            }
            (Some(memory), None) => memory,
            (None, Some(flows)) => u64::from(flows) * size_of::<FlowSlot>() as u64,
            (None, None) => Self::default().memory,
        };
        Ok(Self {
            interfaces: written.interfaces,
            mode: written.mode,
            pin_directory: written.pin_directory,
            persist: written.persist,
            memory,
            run_statistics: written.run_statistics,
            endpoints: written.endpoints,
            ring: written.ring.next_power_of_two(),
        })
    }
}

/// Linux names of interfaces have 1 to 15 octets, without `/`, `:` and white space (dev_valid_name).
pub(super) fn check_interfaces(interfaces: &[String]) -> Result<(), String> {
    if interfaces.len() > 64 {
        return Err("`interfaces` holds at most 64 names".to_owned());
    }
    let is_name = |name: &&String| {
        (1..=15).contains(&name.len())
            && !name
                .chars()
                .any(|each| each == '/' || each == ':' || each.is_whitespace() || each.is_control())
            && *name != "."
            && *name != ".."
    };
    match interfaces.iter().find(|name| !is_name(name)) {
        Some(name) => Err(format!(
            "{name:?} is no interface name: 1 to 15 characters, `*` for any, without `/`, `:` and spaces"
        )),
        None => Ok(()),
    }
}

fn interfaces<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let interfaces = Vec::deserialize(deserializer)?;
    check_interfaces(&interfaces).map_err(de::Error::custom)?;
    Ok(interfaces)
}

fn memory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    size::within(deserializer, 64 * size::KIB..=64 * size::GIB).map(Some)
}

/// 64 KiB to 64 GiB of slots.
fn flows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    number::within(deserializer, 512..=1 << 29).map(Some)
}

fn endpoints<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    number::within(deserializer, 256..=65_536)
}

/// A quarter of it is still a page.
fn ring<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    size::within(deserializer, 16 * size::KIB..=size::GIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        let fits = |pattern: &str, name: &str| is_match(pattern.as_bytes(), name.as_bytes());
        assert!(fits("clin0", "clin0"));
        assert!(!fits("clin0", "clin01"));
        assert!(fits("clin*", "clin0"));
        assert!(fits("*", "x"));
        assert!(fits("*n*0", "clin10"));
        assert!(!fits("*n*0", "clin11"));
        assert!(fits("a**", "a"));
        assert!(!fits("", "a"));
    }

    #[test]
    fn the_ring_is_rounded_up_and_flows_become_memory() {
        let capture: Capture = toml::from_str("ring = \"5MiB\"\nflows = 1024").unwrap();
        assert_eq!(capture.ring, 8 * size::MIB);
        assert_eq!(capture.notices_ring(), 2 * size::MIB);
        assert_eq!(capture.memory, 128 * 1024);
        assert_eq!(capture.flows(), 1024);
    }
}
