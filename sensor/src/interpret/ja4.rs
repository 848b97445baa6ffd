//! JA4, a fingerprint of TLS clients (FoxIO, "JA4: TLS Client Fingerprinting",
//! <https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md>, BSD 3-Clause).
//!
//! The other fingerprints of that family have another licence, and are left out.

use std::fmt::Write;

use ring::digest::{SHA256, digest};

/// What carries the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    Tcp,
    Quic,
    /// Datagram TLS.
    Datagram,
}

impl Carrier {
    fn letter(self) -> char {
        match self {
            Self::Tcp => 't',
            Self::Quic => 'q',
            Self::Datagram => 'd',
        }
    }
}

/// What of a ClientHello goes into its fingerprint: numbers in the client's order, GREASE among
/// them.
#[derive(Clone, Debug)]
pub struct Features<'a> {
    pub carrier: Carrier,
    /// The newest version offered.
    pub version: u16,
    pub has_server_name: bool,
    /// The first application protocol offered (ALPN); empty if there is none.
    pub first_protocol: &'a [u8],
    pub cipher_suites: Vec<u16>,
    pub extensions: Vec<u16>,
    pub signature_algorithms: Vec<u16>,
}

/// The extensions for which the first part of the fingerprint stands: server name and ALPN.
const SAID_BEFORE: [u16; 2] = [0, 16];

/// Hexadecimal digits kept of a digest.
const DIGEST_DIGITS: usize = 12;

/// The digest of an empty list.
const NOTHING: &str = "000000000000";

/// Whether a number means nothing, and is there that others be ignored (RFC 8701).
pub fn is_grease(number: u16) -> bool {
    number & 0x0f0f == 0x0a0a && number >> 8 == number & 0xff
}

/// The fingerprint, as in `t13d1516h2_8daaf6152771_e5627efa2ab1`.
pub fn fingerprint(features: &Features) -> String {
    let mut cipher_suites = without_grease(&features.cipher_suites);
    let mut extensions = without_grease(&features.extensions);
    let signature_algorithms = without_grease(&features.signature_algorithms);
    let [first, last] = ends(features.first_protocol);
    let mut text = format!(
        "{}{}{}{:02}{:02}{first}{last}",
        features.carrier.letter(),
        version_name(features.version),
        if features.has_server_name { 'd' } else { 'i' },
        cipher_suites.len().min(99),
        extensions.len().min(99),
    );

    cipher_suites.sort_unstable();
    extensions.sort_unstable();
    extensions.retain(|number| !SAID_BEFORE.contains(number));
    let extensions_digest = match (extensions.is_empty(), signature_algorithms.is_empty()) {
        (true, _) => NOTHING.to_owned(),
        (false, true) => short_digest(&listed(&extensions)),
        (false, false) => {
            short_digest(&format!("{}_{}", listed(&extensions), listed(&signature_algorithms)))
        }
    };
    let cipher_suites_digest = if cipher_suites.is_empty() {
        NOTHING.to_owned()
    } else {
        short_digest(&listed(&cipher_suites))
    };
    for part in [cipher_suites_digest, extensions_digest] {
        text.push('_');
        text.push_str(&part);
    }
    text
}

fn without_grease(numbers: &[u16]) -> Vec<u16> {
    numbers.iter().copied().filter(|&number| !is_grease(number)).collect()
}

fn version_name(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// The first and last character of a protocol's name; of its hexadecimal form, where one of them is
/// neither letter nor digit.
fn ends(protocol: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (protocol.first(), protocol.last()) else {
        return ['0', '0'];
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first.into(), last.into()];
    }
    [digit(first >> 4), digit(last & 0xf)]
}

/// Numbers of four hexadecimal digits each, with commas between them.
fn listed(numbers: &[u16]) -> String {
    let mut text = String::with_capacity(5 * numbers.len());
    for (place, number) in numbers.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(text, "{comma}{number:04x}").expect("writing to a String does not fail");
    }
    text
}

fn short_digest(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let digits = digest.as_ref().iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 0xf)]);
    digits.take(DIGEST_DIGITS).collect()
}

fn digit(number: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(number & 0xf)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the technical details, with GREASE where browsers put it.
    fn example() -> Features<'static> {
        Features {
            carrier: Carrier::Tcp,
            version: 0x0304,
            has_server_name: true,
            first_protocol: b"h2",
            cipher_suites: vec![
                0x5a5a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8,
                0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
            ],
            extensions: vec![
                0x0a0a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005,
                0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0xfafa,
            ],
            signature_algorithms: vec![
                0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601,
            ],
        }
    }

    #[test]
    fn the_published_example_has_its_published_fingerprint() {
        assert_eq!(fingerprint(&example()), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn without_signature_algorithms_there_is_no_underscore() {
        let features = Features { signature_algorithms: vec![0x1a1a], ..example() };
        assert_eq!(fingerprint(&features), "t13d1516h2_8daaf6152771_6d807ffa2a79");
    }

    #[test]
    fn empty_lists_are_zeros() {
        let features = Features {
            carrier: Carrier::Quic,
            version: 0x7f1c,
            has_server_name: false,
            first_protocol: b"",
            cipher_suites: vec![0xeaea],
            extensions: vec![0x0010, 0x0000],
            signature_algorithms: vec![0x0403],
        };
        assert_eq!(fingerprint(&features), "q00i000200_000000000000_000000000000");
    }

    #[test]
    fn order_of_suites_and_extensions_does_not_matter_that_of_signature_algorithms_does() {
        let mut features = example();
        features.cipher_suites.reverse();
        features.extensions.reverse();
        assert_eq!(fingerprint(&features), fingerprint(&example()));
        features.signature_algorithms.reverse();
        assert_ne!(fingerprint(&features), fingerprint(&example()));
    }

    #[test]
    fn counts_stop_at_99() {
        let many: Vec<u16> = (0x100..0x200).collect();
        let features = Features { cipher_suites: many.clone(), extensions: many, ..example() };
        assert!(fingerprint(&features).starts_with("t13d9999h2_"));
    }

    #[test]
    fn protocols_are_shown_by_their_ends() {
        for (protocol, shown) in [
            (&b""[..], "00"),
            (b"h2", "h2"),
            (b"http/1.1", "h1"),
            (b"x", "xx"),
            // The examples of the technical details.
            (b"\xab", "ab"),
            (b"\x20", "20"),
            (b"\xab\xcd", "ad"),
            (b"\x20\x61", "21"),
            (b"\x30\xab", "3b"),
            (b"\x61\x20", "60"),
            (b"\x30\x31\xab\xcd", "3d"),
            (b"\x30\xab\xcd\x31", "01"),
        ] {
            assert_eq!(ends(protocol).iter().collect::<String>(), shown, "{protocol:?}");
        }
    }

    #[test]
    fn only_the_sixteen_numbers_of_grease_are_grease() {
        let grease: Vec<u16> = (0..=u16::MAX).filter(|&number| is_grease(number)).collect();
        let expected: Vec<u16> = (0..16).map(|high| high * 0x1010 + 0x0a0a).collect();
        assert_eq!(grease, expected);
    }

    #[test]
    fn every_published_version_has_its_name() {
        let versions = [0x0304, 0x0303, 0x0302, 0x0301, 0x0300, 2, 0xfeff, 0xfefd, 0xfefc, 0x0305];
        let names = ["13", "12", "11", "10", "s3", "s2", "d1", "d2", "d3", "00"];
        assert_eq!(versions.map(version_name), names);
    }
}
