//! `[capture]`: where packets are counted, and how much memory that may take.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    duration, number, path, size,
    sizes::{self, DEFAULT_MEMORY, Sizes},
};

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
    /// How long a link may be without a carrier after the program was attached to it, before the
    /// program is taken off again; zero: for ever.
    #[serde(serialize_with = "duration::serialize")]
    pub link_patience: Duration,
    /// Octets of kernel memory that tables and rings may take together. `None` only where a size
    /// is given and this is not: then nothing is held against it.
    #[serde(serialize_with = "size::serialize_given", skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Slots of the flow table, all CPUs together; without it they follow from the memory, as do
    /// the other two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flows: Option<u32>,
    /// Whether the kernel measures the time spent in the program (about 20 ns a packet).
    pub run_statistics: bool,
    /// Endpoints that totals are kept for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<u32>,
    /// Octets of the ring of records: a power of two.
    #[serde(serialize_with = "size::serialize_given", skip_serializing_if = "Option::is_none")]
    pub ring: Option<u64>,
}

impl Capture {
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
            link_patience: Duration::from_secs(15),
            memory: Some(DEFAULT_MEMORY),
            flows: None,
            run_statistics: false,
            endpoints: None,
            ring: None,
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
    #[serde(deserialize_with = "link_patience")]
    link_patience: Duration,
    #[serde(deserialize_with = "memory")]
    memory: Option<u64>,
    #[serde(deserialize_with = "flows")]
    flows: Option<u32>,
    run_statistics: bool,
    #[serde(deserialize_with = "endpoints")]
    endpoints: Option<u32>,
    #[serde(deserialize_with = "ring")]
    ring: Option<u64>,
}

impl Default for Written {
    fn default() -> Self {
        let capture = Capture::default();
        Self {
            interfaces: capture.interfaces,
            mode: capture.mode,
            pin_directory: capture.pin_directory,
            persist: capture.persist,
            link_patience: capture.link_patience,
            memory: None,
            flows: None,
            run_statistics: capture.run_statistics,
            endpoints: None,
            ring: None,
        }
    }
}

impl TryFrom<Written> for Capture {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { flows, endpoints, ring, .. } = written;
        let is_any_given = flows.is_some() || endpoints.is_some() || ring.is_some();
        let capture = Self {
            interfaces: written.interfaces,
            mode: written.mode,
            pin_directory: written.pin_directory,
            persist: written.persist,
            link_patience: written.link_patience,
            memory: written.memory.or((!is_any_given).then_some(DEFAULT_MEMORY)),
            flows,
            run_statistics: written.run_statistics,
            endpoints,
            ring: ring.map(u64::next_power_of_two),
        };
        match written.memory.and_then(|memory| Sizes::of(&capture).conflict(memory)) {
            Some(conflict) => Err(conflict),
            None => Ok(capture),
        }
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

fn link_patience<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    duration::between(deserializer, Duration::ZERO, Duration::from_secs(3600))
}

fn memory<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    size::within(deserializer, 2 * size::MIB..=64 * size::GIB).map(Some)
}

/// 64 KiB to 64 GiB of slots.
fn flows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    number::within(deserializer, 512..=1 << 29).map(Some)
}

fn endpoints<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    number::within(deserializer, sizes::ENDPOINTS).map(Some)
}

/// A quarter of it is still a page.
fn ring<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    size::within(deserializer, sizes::RING).map(Some)
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
    fn the_ring_is_rounded_up() {
        let capture: Capture = toml::from_str("ring = \"5MiB\"").unwrap();
        assert_eq!(capture.ring, Some(8 * size::MIB));
        assert_eq!(Sizes::of(&capture).notices_ring(), 2 * size::MIB);
    }
}
