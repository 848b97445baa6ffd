//! Text from hellos that is fit to be passed on.

use super::octets::Octets;

/// Octets of a host name, and of one of its labels (RFC 1035 section 2.3.4).
const NAME_OCTETS: usize = 253;
const LABEL_OCTETS: usize = 63;

/// Octets of an application protocol's name that is kept; the longest one registered has 25.
const PROTOCOL_OCTETS: usize = 32;

/// Protocols kept of a hello that offers more.
const MOST_PROTOCOLS: usize = 8;

/// Name type `host_name` (RFC 6066 section 3).
const HOST_NAME: u8 = 0;

/// The host name in a `server_name` extension (RFC 6066 section 3), in lower case. `None` if there
/// is none, or it is not made as host names are.
pub(super) fn server_name(mut extension: Octets) -> Option<String> {
    let mut names = extension.vector16()?;
    while let Some(name_type) = names.u8() {
        let name = names.vector16()?;
        if name_type == HOST_NAME {
            return host_name(name.rest());
        }
    }
    None
}

/// Labels of letters, digits, hyphens and underscores, which names on the network have, if not in
/// RFC 1123. The dot at the end is dropped.
fn host_name(octets: &[u8]) -> Option<String> {
    let octets = octets.strip_suffix(b".").unwrap_or(octets);
    let is_label = |label: &[u8]| {
        (1..=LABEL_OCTETS).contains(&label.len())
            && label.iter().all(|&o| o.is_ascii_alphanumeric() || o == b'-' || o == b'_')
    };
    let is_name = octets.len() <= NAME_OCTETS && octets.split(|&o| o == b'.').all(is_label);
    is_name.then(|| octets.iter().map(|octet| char::from(octet.to_ascii_lowercase())).collect())
}

/// The names in an ALPN extension (RFC 7301 section 3.1) in the client's order. Left out are those
/// of other characters than registered names have, and with them GREASE (RFC 8701).
pub(super) fn protocols(list: Octets) -> Vec<String> {
    each_protocol(list)
        .filter(|name| (1..=PROTOCOL_OCTETS).contains(&name.len()))
        .filter(|name| name.iter().all(|&o| o.is_ascii_alphanumeric() || b"-._/+:".contains(&o)))
        .take(MOST_PROTOCOLS)
        .map(|name| name.iter().copied().map(char::from).collect())
        .collect()
}

/// The protocol names as they lie in the list.
pub(super) fn each_protocol(mut list: Octets<'_>) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || list.vector8().map(Octets::rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &[u8]) -> Option<String> {
        let length = u16::try_from(name.len()).unwrap();
        let mut octets = (length + 3).to_be_bytes().to_vec();
        octets.push(HOST_NAME);
        octets.extend_from_slice(&length.to_be_bytes());
        octets.extend_from_slice(name);
        server_name(Octets::new(&octets))
    }

    #[test]
    fn host_names_are_lower_case_without_the_last_dot() {
        assert_eq!(named(b"PACS-2.Rad_1.example.").as_deref(), Some("pacs-2.rad_1.example"));
        assert_eq!(named(b"x").as_deref(), Some("x"));
    }

    #[test]
    fn what_is_no_host_name_is_refused() {
        let long_label = [b'a'; 64];
        let long_name = [b"aa.".repeat(84), b"aa".to_vec()].concat();
        for name in [
            &b""[..],
            b".",
            b"..",
            b"a..b",
            b".a",
            b"a b",
            b"a\nb",
            b"a\x1b[2J",
            b"a\"b",
            b"a,b",
            b"a\0",
            b"fe80::1",
            b"a/b",
            b"\xc3\xa9.example",
            b"a%0a",
            &long_label,
            &long_name,
        ] {
            assert_eq!(named(name), None, "{name:?}");
        }
        assert!(named(&long_label[1..]).is_some() && named(&long_name[1..]).is_some());
    }

    #[test]
    fn other_name_types_are_passed_over() {
        let list = [0, 13, 9, 0, 2, 1, 2, 0, 0, 5, b'h', b'o', b's', b't', b'1'];
        assert_eq!(server_name(Octets::new(&list)).as_deref(), Some("host1"));
        assert_eq!(server_name(Octets::new(&[0, 5, 9, 0, 2, 1, 2])), None);
    }

    #[test]
    fn protocols_of_odd_characters_and_above_the_bound_are_left_out() {
        let list = b"\x02h2\x02\x8a\x8a\x00\x03a\nb\x08http/1.1";
        assert_eq!(protocols(Octets::new(list)), ["h2", "http/1.1"]);
        assert_eq!(protocols(Octets::new(&b"\x02h2".repeat(50))).len(), MOST_PROTOCOLS);
        assert!(protocols(Octets::new(&[&[33][..], &[b'a'; 33]].concat())).is_empty());
    }
}
