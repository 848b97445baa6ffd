//! Unique identifiers (PS3.5 section 9).

use std::fmt;

/// PS3.5 section 9.1.
const LONGEST: usize = 64;

/// Digits in components: nothing else can be in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uid(Box<str>);

impl Uid {
    /// The UID in these octets, which a zero or a space may fill up to an even number.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let octets = match octets {
            [beginning @ .., 0 | b' '] => beginning,
            _ => octets,
        };
        let has_components = octets
            .split(|&octet| octet == b'.')
            .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit));
        let text = str::from_utf8(octets).ok()?;
        (has_components && octets.len() <= LONGEST).then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is `root` or one that its owner gave.
    pub fn is_below(&self, root: &str) -> bool {
        self.0.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_is_digits_in_components() {
        for octets in [&b"1.2.840.10008.1.1"[..], b"1.2.840.10008.1.1\0", b"1.2.840.10008.1.1 "] {
            assert_eq!(Uid::read(octets).unwrap().as_str(), "1.2.840.10008.1.1");
        }
        for octets in [&b""[..], b"\0", b"1..2", b".1", b"1.", b"1.2a", b"1.2\0\0", b"1,2", b"-1"] {
            assert_eq!(Uid::read(octets), None, "{octets:?}");
        }
        assert!(Uid::read(&[b'1'; LONGEST]).is_some());
        assert_eq!(Uid::read(&[b'1'; LONGEST + 1]), None);
    }

    #[test]
    fn a_root_ends_at_a_component() {
        let uid = Uid::read(b"1.2.840.113619.6.5").unwrap();
        assert!(uid.is_below("1.2.840.113619") && uid.is_below("1.2.840.113619.6.5"));
        assert!(!uid.is_below("1.2.840.11361") && !uid.is_below("1.2.840.113619.6.5.1"));
    }
}
