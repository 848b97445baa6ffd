//! Text of samples: lines, numbers, addresses, and names that may be repeated elsewhere.

use std::net::IpAddr;

/// Lines that are looked at in one sample.
const LINES: usize = 128;

/// A name from the wire, without the spaces and zeros around it.
///
/// It goes into JSON, logs and syslog later: one that is empty, longer than `longest`, or holds
/// anything but printable ASCII without quotes and backslashes, is dropped as a whole.
pub fn name(octets: &[u8], longest: usize) -> Option<String> {
    let is_padding = |octet: &u8| matches!(octet, b' ' | 0);
    let start = octets.iter().position(|octet| !is_padding(octet))?;
    let end = octets.iter().rposition(|octet| !is_padding(octet))? + 1;
    let octets = &octets[start..end];
    let is_plain =
        |octet: &u8| matches!(octet, b' '..=b'~') && !matches!(octet, b'"' | b'\'' | b'`' | b'\\');
    if octets.len() > longest || !octets.iter().all(is_plain) {
        return None;
    }
    str::from_utf8(octets).ok().map(str::to_owned)
}

/// The lines that are whole (ended by a line feed) and text, without their ends.
///
/// The last line of a sample may be cut, and a cut number is another number.
pub fn lines(octets: &[u8]) -> impl Iterator<Item = &str> {
    octets
        .split_inclusive(|&octet| octet == b'\n')
        .take(LINES)
        .filter_map(|line| line.strip_suffix(b"\n"))
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter_map(|line| str::from_utf8(line).ok())
}

/// What stands in `line` after a word that is written in capitals or small letters.
pub fn after<'line>(line: &'line str, word: &str) -> Option<&'line str> {
    let (beginning, rest) = line.split_at_checked(word.len())?;
    beginning.eq_ignore_ascii_case(word).then_some(rest)
}

/// A number of nothing but digits.
pub fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let is_number = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

/// An address that one host can have, and other hosts can reach.
pub fn host(text: &str) -> Option<IpAddr> {
    text.parse().ok().map(|address: IpAddr| address.to_canonical()).filter(is_host)
}

/// Whether one host can have this address, and other hosts can reach it.
pub fn is_host(address: &IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() && !is_broadcast
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_or_dropped() {
        assert_eq!(name(b"  CT 1-A_b.c \0\0", 16).as_deref(), Some("CT 1-A_b.c"));
        for refused in
            [&b"a\"b"[..], b"a'b", b"a`b", b"a\\b", b"a\nb", b"a\x7fb", b"a\xc3\xa4", b"", b" \0"]
        {
            assert_eq!(name(refused, 16), None, "{refused:?}");
        }
        assert_eq!(name(b"seventeen letters", 17).map(|name| name.len()), Some(17));
        assert_eq!(name(b"seventeen letters", 16), None);
    }

    #[test]
    fn only_whole_lines_of_text_are_lines() {
        let found: Vec<_> = lines(b"one\r\ntwo\n\xff\xfe\r\n\nthr").collect();
        assert_eq!(found, ["one", "two", ""]);
        assert_eq!(lines(&[b'\n'; 1000]).count(), LINES);
    }

    #[test]
    fn numbers_have_no_sign_and_fit() {
        assert_eq!(number::<u16>("65535"), Some(65535));
        for refused in ["", "+1", "-1", " 1", "65536", "1a"] {
            assert_eq!(number::<u16>(refused), None, "{refused}");
        }
    }

    #[test]
    fn words_are_found_in_any_case_and_between_characters() {
        assert_eq!(after("Port 1", "PORT "), Some("1"));
        assert_eq!(after("por", "PORT "), None);
        assert_eq!(after("aaaä", "aaaa"), None);
    }

    #[test]
    fn addresses_of_groups_and_of_nobody_are_no_hosts() {
        assert_eq!(host("10.0.0.1"), Some([10, 0, 0, 1].into()));
        assert_eq!(host("::ffff:10.0.0.1"), Some([10, 0, 0, 1].into()));
        assert!(host("fe80::1").is_some());
        for refused in
            ["0.0.0.0", "224.0.0.1", "255.255.255.255", "127.0.0.1", "::", "ff02::1", "x"]
        {
            assert_eq!(host(refused), None, "{refused}");
        }
    }
}
