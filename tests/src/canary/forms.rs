//! The forms that a text may take on its way into a file.

use super::STEM;

/// A way of writing text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    pub name: &'static str,
    pub octets: Vec<u8>,
}

/// `text` as it is, in small letters, in UTF-16 of either order, hexadecimal, and in base64 (RFC
/// 4648) wherever it may stand in the octets that are encoded.
pub fn forms(text: &str) -> Vec<Form> {
    let octets = text.as_bytes();
    let hexadecimal: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let form = |name, octets: Vec<u8>| Form { name, octets };
    let mut forms = vec![
        form("plain", octets.to_vec()),
        form("small letters", text.to_lowercase().into_bytes()),
        form("UTF-16LE", octets.iter().flat_map(|&octet| [octet, 0]).collect()),
        form("UTF-16BE", octets.iter().flat_map(|&octet| [0, octet]).collect()),
        form("hexadecimal, capitals", hexadecimal.to_uppercase().into_bytes()),
        form("hexadecimal", hexadecimal.into_bytes()),
    ];
    for shift in 0..3 {
        let encoded = base64(&[&[0; 2][..shift], octets].concat());
        // The characters at the ends are of neighbours too.
        let (first, end) = ((shift * 8).div_ceil(6), (shift + octets.len()) * 8 / 6);
        forms.push(form("base64", encoded.as_bytes()[first..end].to_vec()));
    }
    forms
}

pub(super) fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let octet = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = octet(0) << 16 | octet(1) << 8 | octet(2);
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { letter.into() } else { '=' });
        }
    }
    text
}

/// The first planted name in `octets`, in any form, with what stands around it.
pub fn find(octets: &[u8]) -> Option<String> {
    forms(STEM).into_iter().find_map(|form| {
        let at = position(octets, &form.octets)?;
        let end = octets.len().min(at + 2 * form.octets.len() + 24);
        let around = String::from_utf8_lossy(&octets[at.saturating_sub(24)..end]).into_owned();
        Some(format!("{} at octet {at}: {around:?}", form.name))
    })
}

/// Where `part` stands in `octets`.
pub(super) fn position(octets: &[u8], part: &[u8]) -> Option<usize> {
    let (&first, rest) = part.split_first()?;
    let mut from = 0;
    loop {
        let at = from + octets[from..].iter().position(|&octet| octet == first)?;
        if octets[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (octets, encoded) in vectors {
            assert_eq!(base64(octets.as_bytes()), encoded);
        }
    }

    #[test]
    fn a_name_is_found_in_every_form_and_at_every_place() {
        let name = "ZZCANARYHL7";
        for shift in 0..4 {
            let octets = [&b"abc "[..shift], name.as_bytes(), b" de"].concat();
            let hexadecimal: String = octets.iter().map(|octet| format!("{octet:02X}")).collect();
            let wide: Vec<u8> = octets.iter().flat_map(|&octet| [octet, 0]).collect();
            for form in [octets.clone(), base64(&octets).into(), hexadecimal.into(), wide] {
                assert!(find(&form).is_some(), "{shift}: {form:?}");
            }
        }
        assert_eq!(find(b"ZZCANAR ZCANARY canary"), None);
        assert_eq!(find(b""), None);
    }
}
