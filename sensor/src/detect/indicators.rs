//! Indicators of compromise: addresses, names and fingerprints that others have met in attacks.
//!
//! Which there are is read before (`intelligence`); here they are looked up. An indicator expires by
//! wall time; the distance from the observation clock is given once, so no clock is read.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use super::{Severity, selector::Network};
use crate::time::{Moment, Timestamp, WallClock};

/// Networks wider than that would hold half the internet, or all of the site.
const SHORTEST_IPV4: u8 = 16;
const SHORTEST_IPV6: u8 = 32;
/// RFC 1035 section 2.3.4, without the root's dot.
const LONGEST_NAME: usize = 253;
/// Sections of a JA4 fingerprint: `t13d1516h2_8daaf6152771_b186095e22b6`.
const JA4_SECTIONS: [usize; 3] = [10, 12, 12];

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    Network(Network),
    /// In small letters; those below it too.
    Domain(Box<str>),
    Ja4(Box<str>),
}

impl Pattern {
    /// An address or a network in CIDR notation.
    ///
    /// # Errors
    ///
    /// A sentence on what is wrong.
    pub fn network(text: &str) -> Result<Self, String> {
        let network: Network = text.trim().parse()?;
        let shortest = if network.address().is_ipv4() { SHORTEST_IPV4 } else { SHORTEST_IPV6 };
        if network.length() < shortest {
            return Err(format!("`{network}` is too wide: at least /{shortest}"));
        }
        Ok(Self::Network(network))
    }

    /// # Errors
    ///
    /// A sentence on what is wrong.
    pub fn domain(text: &str) -> Result<Self, String> {
        let name = text.trim().trim_end_matches('.').to_ascii_lowercase();
        let is_label = |label: &str| {
            let is_allowed =
                |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
            (1..=63).contains(&label.len()) && label.bytes().all(is_allowed)
        };
        let is_name = name.len() <= LONGEST_NAME
            && name.contains('.')
            && name.split('.').all(is_label)
            && name.parse::<IpAddr>().is_err();
        if !is_name {
            return Err("this is no domain name of two labels or more".to_owned());
        }
        Ok(Self::Domain(name.into()))
    }

    /// # Errors
    ///
    /// A sentence on what is wrong.
    pub fn ja4(text: &str) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let sections = text.split('_').map(str::len);
        let is_fingerprint = sections.eq(JA4_SECTIONS)
            && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
        if !is_fingerprint {
            return Err("this is no JA4 fingerprint".to_owned());
        }
        Ok(Self::Ja4(text.into()))
    }
}

/// What is known of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indicator {
    pub severity: Severity,
    /// Who says so.
    pub source: Arc<str>,
    /// Never, if there is none.
    pub expires: Option<Timestamp>,
}

impl Indicator {
    fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    /// Of two on one pattern the worse and the longer counts.
    fn merge(&mut self, other: Self) {
        self.severity = self.severity.max(other.severity);
        self.expires = self.expires.zip(other.expires).map(|(one, two)| one.max(two));
    }
}

/// Networks of one address family, by length.
#[derive(Debug, Default, PartialEq, Eq)]
struct Prefixes(BTreeMap<u8, HashMap<u128, Indicator>>);

impl Prefixes {
    fn get(&self, bits: u128, width: u8, now: Timestamp) -> Option<&Indicator> {
        let by_length = self.0.iter().rev();
        let mut found = by_length.filter_map(|(&length, networks)| {
            networks.get(&prefix(bits, width, length)).filter(|found| found.is_valid(now))
        });
        found.next()
    }
}

/// The first `length` of `width` bits.
fn prefix(bits: u128, width: u8, length: u8) -> u128 {
    bits.checked_shr(u32::from(width - length)).unwrap_or(0)
}

fn bits_of(address: IpAddr) -> (u128, u8) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// All indicators, bounded.
#[derive(Debug, PartialEq, Eq)]
pub struct Indicators {
    clock: WallClock,
    capacity: usize,
    ipv4: Prefixes,
    ipv6: Prefixes,
    domains: HashMap<Box<str>, Indicator>,
    ja4: HashMap<Box<str>, Indicator>,
    len: usize,
}

impl Indicators {
    /// None yet, and at most `capacity`; `clock` tells the wall time of a moment.
    pub fn new(clock: WallClock, capacity: usize) -> Self {
        Self {
            clock,
            capacity,
            ipv4: Prefixes::default(),
            ipv6: Prefixes::default(),
            domains: HashMap::new(),
            ja4: HashMap::new(),
            len: 0,
        }
    }

    /// Returns whether there was room.
    pub fn add(&mut self, pattern: Pattern, indicator: Indicator) -> bool {
        let known = match &pattern {
            Pattern::Network(network) => {
                let (bits, width) = bits_of(network.address());
                let family = if width == 32 { &mut self.ipv4 } else { &mut self.ipv6 };
                let key = prefix(bits, width, network.length());
                family.0.get_mut(&network.length()).and_then(|networks| networks.get_mut(&key))
            }
            Pattern::Domain(name) => self.domains.get_mut(name),
            Pattern::Ja4(fingerprint) => self.ja4.get_mut(fingerprint),
        };
        if let Some(known) = known {
            known.merge(indicator);
            return true;
        }
        if self.len >= self.capacity {
            return false;
        }
        self.len += 1;
        match pattern {
            Pattern::Network(network) => {
                let (bits, width) = bits_of(network.address());
                let family = if width == 32 { &mut self.ipv4 } else { &mut self.ipv6 };
                let networks = family.0.entry(network.length()).or_default();
                networks.insert(prefix(bits, width, network.length()), indicator);
            }
            Pattern::Domain(name) => {
                self.domains.insert(name, indicator);
            }
            Pattern::Ja4(fingerprint) => {
                self.ja4.insert(fingerprint, indicator);
            }
        }
        true
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The longest network that holds the address and is valid at `at`.
    pub fn of_address(&self, address: IpAddr, at: Moment) -> Option<&Indicator> {
        let (bits, width) = bits_of(address);
        let family = if width == 32 { &self.ipv4 } else { &self.ipv6 };
        family.get(bits, width, self.clock.at(at))
    }

    /// The name, or the nearest of those above it, that is listed and valid at `at`.
    pub fn of_name(&self, name: &str, at: Moment) -> Option<(&str, &Indicator)> {
        if name.len() > LONGEST_NAME + 1 || self.domains.is_empty() {
            return None;
        }
        let now = self.clock.at(at);
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let mut rest = name.as_str();
        loop {
            let found = self.domains.get_key_value(rest);
            if let Some((listed, found)) = found.filter(|(_, found)| found.is_valid(now)) {
                return Some((listed, found));
            }
            (_, rest) = rest.split_once('.')?;
        }
    }

    pub fn of_ja4(&self, fingerprint: &str, at: Moment) -> Option<&Indicator> {
        self.ja4.get(fingerprint).filter(|found| found.is_valid(self.clock.at(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::seconds, *};

    fn indicators(patterns: &[(Pattern, Severity, Option<i64>)]) -> Indicators {
        let mut indicators = Indicators::new(WallClock::since_1970(), 100);
        for (pattern, severity, expires) in patterns {
            let expires = expires.map(|seconds| Timestamp::from_micros(seconds * 1_000_000));
            let indicator = Indicator { severity: *severity, source: "test".into(), expires };
            assert!(indicators.add(pattern.clone(), indicator));
        }
        indicators
    }

    fn network(text: &str) -> Pattern {
        Pattern::network(text).unwrap()
    }

    fn severity(indicators: &Indicators, address: &str, at: f64) -> Option<Severity> {
        let found = indicators.of_address(address.parse().unwrap(), seconds(at));
        found.map(|found| found.severity)
    }

    #[test]
    fn the_longest_network_counts_and_a_shorter_one_when_it_has_expired() {
        let all = indicators(&[
            (network("198.51.100.0/24"), Severity::Low, None),
            (network("198.51.100.7"), Severity::Critical, Some(100)),
            (network("2001:db8::/32"), Severity::Medium, None),
        ]);
        assert_eq!(severity(&all, "198.51.100.7", 99.0), Some(Severity::Critical));
        assert_eq!(severity(&all, "198.51.100.7", 100.0), Some(Severity::Low));
        assert_eq!(severity(&all, "198.51.100.8", 0.0), Some(Severity::Low));
        assert_eq!(severity(&all, "198.51.101.7", 0.0), None);
        assert_eq!(severity(&all, "2001:db8:9::1", 0.0), Some(Severity::Medium));
        assert_eq!(severity(&all, "2001:db9::1", 0.0), None);
        assert_eq!(severity(&all, "::ffff:198.51.100.8", 0.0), Some(Severity::Low));
    }

    #[test]
    fn a_domain_holds_those_below_it_and_no_namesakes() {
        let all = indicators(&[(Pattern::domain("Evil.Example.").unwrap(), Severity::High, None)]);
        let listed = |name| all.of_name(name, seconds(0.0)).map(|(listed, _)| listed);
        assert_eq!(listed("evil.example"), Some("evil.example"));
        assert_eq!(listed("a.b.EVIL.example."), Some("evil.example"));
        assert_eq!(listed("notevil.example"), None);
        assert_eq!(listed("example"), None);
        assert_eq!(listed(&"a.".repeat(500)), None);
    }

    #[test]
    fn a_fingerprint_is_compared_whole() {
        let text = "t13d1516h2_8daaf6152771_b186095e22b6";
        let all = indicators(&[(Pattern::ja4(text).unwrap(), Severity::High, Some(5))]);
        assert!(all.of_ja4(text, seconds(4.0)).is_some());
        assert!(all.of_ja4(text, seconds(5.0)).is_none());
        assert!(all.of_ja4("t13d1516h2_8daaf6152771_b186095e22b7", seconds(0.0)).is_none());
    }

    #[test]
    fn what_would_match_everything_is_refused() {
        for text in ["0.0.0.0/0", "10.0.0.0/8", "::/0", "2001::/16", "198.51.100.1/24", "", "a/b"] {
            assert!(Pattern::network(text).is_err(), "{text}");
        }
        for text in ["com", ".", "", "*.example.org", "a..b", "198.51.100.7", &"a.".repeat(200)] {
            assert!(Pattern::domain(text).is_err(), "{text}");
        }
        for text in ["", "t13d", "t13d1516h2_8daaf6152771_b186095e22b", "t13d1516h2-8daaf6152771"] {
            assert!(Pattern::ja4(text).is_err(), "{text}");
        }
    }

    #[test]
    fn there_is_room_for_so_many_and_the_worse_of_two_counts() {
        let mut all = Indicators::new(WallClock::since_1970(), 1);
        let of = |severity, expires| Indicator { severity, source: "test".into(), expires };
        let soon = Some(Timestamp::from_micros(1));
        assert!(all.add(network("198.51.100.7"), of(Severity::High, soon)));
        assert!(all.add(network("198.51.100.7"), of(Severity::Low, None)));
        assert!(!all.add(network("198.51.100.8"), of(Severity::High, None)));
        assert_eq!((all.len(), severity(&all, "198.51.100.7", 9.0)), (1, Some(Severity::High)));
    }
}
