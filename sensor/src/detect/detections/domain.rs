//! Names of the Domain Name System: which part somebody registered, and which part looks like
//! something that is carried.

/// Labels below a country's that registries give names under. The list of public suffixes has
/// thousands more, and changes; where one is missing, the names of all who registered there count as
/// one domain.
const REGISTRY_LABELS: [&str; 22] = [
    "ac", "asso", "biz", "co", "com", "edu", "gob", "go", "gouv", "gov", "gv", "info", "ltd",
    "mil", "ne", "net", "nhs", "nom", "or", "org", "plc", "sch",
];

/// A name, split into what was registered and what its owner put before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split<'a> {
    /// Without the dot between the two; may be empty.
    pub host: &'a str,
    /// Empty if the name ends in no top-level domain there can be, as some tunnels' do.
    pub domain: &'a str,
}

impl<'a> Split<'a> {
    /// `None` of names with one label, and of those that addresses are looked up by (RFC 1035
    /// section 3.5, RFC 3596 section 2.5) or that stay on the link (RFC 6762 section 3).
    pub fn new(name: &'a str) -> Option<Self> {
        let (rest, top) = name.rsplit_once('.')?;
        if matches!(top, "arpa" | "local") {
            return None;
        }
        // RFC 3696 section 2: never all digits; all there are are letters, or encoded letters.
        let is_top = top.len() >= 2 && top.bytes().all(|octet| octet.is_ascii_lowercase())
            || top.starts_with("xn--");
        if !is_top {
            return Some(Self { host: name, domain: "" });
        }
        let before = |text: &'a str| text.rfind('.').map_or(0, |dot| dot + 1);
        let mut start = before(rest);
        if start > 0 && top.len() == 2 && REGISTRY_LABELS.contains(&&rest[start..]) {
            start = before(&rest[..start - 1]);
        }
        let host = if start > 0 { &name[..start - 1] } else { "" };
        Some(Self { host, domain: &name[start..] })
    }

    /// The label that was registered: `ward` of `ward.example`.
    pub fn registered_label(&self) -> &'a str {
        self.domain.split('.').next().unwrap_or("")
    }
}

/// Octets that names of hosts do not have (RFC 952, RFC 1123), nor those of services (RFC 8552).
pub fn has_foreign_octets(name: &str) -> bool {
    let is_foreign = |each: char| !each.is_ascii_alphanumeric() && !matches!(each, '-' | '_' | '.');
    name.chars().any(is_foreign)
}

/// Characters of the labels that look encoded: long, and unlike words.
pub fn encoded_characters(host: &str) -> usize {
    /// No longer label is a word of people's.
    const LONG: usize = 16;
    let labels = host.split('.').filter(|label| {
        let length = label.chars().count();
        let shape = Shape::of(label);
        length >= LONG
            && (shape.changes >= length / 8 || shape.consonants >= 5 || has_foreign_octets(label))
    });
    labels.map(|label| label.chars().count()).sum()
}

/// Whether a label looks as if it was drawn at random.
pub fn looks_random(label: &str) -> bool {
    /// Below, chance makes words.
    const SHORTEST: usize = 7;
    let shape = Shape::of(label);
    let length = label.chars().count();
    length >= SHORTEST
        && (shape.consonants >= 5
            || shape.changes >= 3
            || shape.letters >= SHORTEST && shape.vowels * 5 < shape.letters
            || shape.consonants == 4 && shape.vowels * 10 < shape.letters * 3)
}

/// What tells text of people from text of machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shape {
    letters: usize,
    /// With `y`.
    vowels: usize,
    /// In the longest row.
    consonants: usize,
    /// Places where a digit follows a letter, or a letter a digit.
    changes: usize,
}

impl Shape {
    fn of(label: &str) -> Self {
        let mut shape = Self::default();
        let (mut row, mut previous) = (0, ' ');
        for each in label.chars() {
            let is_vowel = matches!(each, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
            shape.letters += usize::from(each.is_ascii_alphabetic());
            shape.vowels += usize::from(is_vowel);
            row = if each.is_ascii_alphabetic() && !is_vowel { row + 1 } else { 0 };
            shape.consonants = shape.consonants.max(row);
            let is_change = each.is_ascii_digit() && previous.is_ascii_alphabetic()
                || each.is_ascii_alphabetic() && previous.is_ascii_digit();
            shape.changes += usize::from(is_change);
            previous = each;
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(name: &str) -> Option<(&str, &str)> {
        Split::new(name).map(|split| (split.host, split.domain))
    }

    #[test]
    fn a_name_is_split_where_it_was_registered() {
        assert_eq!(split("a.b.ward.example"), Some(("a.b", "ward.example")));
        assert_eq!(split("ward.example"), Some(("", "ward.example")));
        assert_eq!(split("x.ward.nhs.uk"), Some(("x", "ward.nhs.uk")));
        assert_eq!(split("nhs.uk"), Some(("", "nhs.uk")));
        assert_eq!(split("x.co.example"), Some(("x", "co.example")));
        assert_eq!(Split::new("x.ward.co.uk").unwrap().registered_label(), "ward");
    }

    #[test]
    fn a_name_that_ends_in_data_has_no_domain() {
        assert_eq!(split("dnscat.91f003f5.9200821e"), Some(("dnscat.91f003f5.9200821e", "")));
        assert_eq!(split("a.xn--p1ai"), Some(("", "a.xn--p1ai")));
    }

    #[test]
    fn addresses_links_and_single_labels_are_left_out() {
        for name in
            ["5.30.77.10.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "printer.local", "wpad", ""]
        {
            assert_eq!(split(name), None, "{name}");
        }
    }

    #[test]
    fn what_tools_encode_is_told_from_what_people_write() {
        let encoded = [
            "za3mbyczvgquztfoxksehwkasozef65pvtm2vjf4xxfb2jxp",
            "546b03f50000000000a6023ed4df184d6ac5c2628b47714fdee584fed739",
            "evmfgaabadkwn0e5oduwqjazmuffrtbgmdhfnde1odrfrem5mdyyrjkxnzzdqta",
        ];
        for label in encoded {
            assert_eq!(encoded_characters(&format!("1.{label}")), label.len());
        }
        for host in [
            "ultrasound-radiology-room-three",
            "infusionpumpgateway",
            "www",
            "d111111abcdef8",
            "4.3.2.1.zen",
            "_ldap._tcp.default-first-site-name._sites.dc._msdcs",
        ] {
            assert_eq!(encoded_characters(host), 0, "{host}");
        }
    }

    #[test]
    fn octets_that_no_host_has_are_foreign() {
        assert!(has_foreign_octets("evn3rkhuahdlyg_.=connect"));
        assert!(has_foreign_octets("rayad¼½"));
        assert!(!has_foreign_octets("_dmarc.pump-7"));
    }

    #[test]
    fn random_labels_are_told_from_words() {
        let random = ["xjwqkvbtrp", "kqzvptlghm", "a3f9c1e07b", "mvbxkqwrtzla", "qkxjhwpfd"];
        for label in random {
            assert!(looks_random(label), "{label}");
        }
        let words =
            ["hospital", "siemens", "philips", "windowsupdate", "radiology", "example", "xkqz"];
        for label in words {
            assert!(!looks_random(label), "{label}");
        }
    }
}
