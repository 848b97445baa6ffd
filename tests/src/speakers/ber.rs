//! Definite-length ASN.1 (X.690), enough for SNMP messages, X.509
//! certificates and security tokens.

pub const INTEGER: u8 = 0x02;
pub const BIT_STRING: u8 = 0x03;
pub const OCTET_STRING: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const UTF8_STRING: u8 = 0x0c;
pub const UTC_TIME: u8 = 0x17;
pub const SEQUENCE: u8 = 0x30;
pub const SET: u8 = 0x31;

/// Tag, length in its shortest form, and content.
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut value = vec![tag];
    match content.len() {
        length @ 0..=0x7f => value.push(length as u8),
        length @ 0x80..=0xff => value.extend([0x81, length as u8]),
        length => {
            value.push(0x82);
            value.extend((length as u16).to_be_bytes());
        }
    }
    value.extend_from_slice(content);
    value
}

pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

/// A non-negative integer in its shortest form.
pub fn integer(number: u32) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let first = octets.iter().position(|&octet| octet != 0).unwrap_or(3);
    let mut content = octets[first..].to_vec();
    if content[0] & 0x80 != 0 {
        content.insert(0, 0);
    }
    value(INTEGER, &content)
}

pub fn object_identifier(arcs: &[u32]) -> Vec<u8> {
    let mut content = vec![(arcs[0] * 40 + arcs[1]) as u8];
    for &arc in &arcs[2..] {
        let groups = (1..5).rev().map(|group| (arc >> (7 * group)) & 0x7f);
        content.extend(groups.skip_while(|&group| group == 0).map(|group| group as u8 | 0x80));
        content.push((arc & 0x7f) as u8);
    }
    value(OBJECT_IDENTIFIER, &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_and_identifiers_take_their_shortest_form() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(127), [2, 1, 127]);
        assert_eq!(integer(128), [2, 2, 0, 128]);
        assert_eq!(integer(65_536), [2, 3, 1, 0, 0]);
        // 1.2.840.113549, the example every encoder is tried on.
        assert_eq!(
            object_identifier(&[1, 2, 840, 113_549]),
            [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]
        );
    }

    #[test]
    fn lengths_from_128_on_take_a_length_of_the_length() {
        assert_eq!(value(OCTET_STRING, &[0; 200])[..3], [4, 0x81, 200]);
        assert_eq!(value(OCTET_STRING, &[0; 300])[..4], [4, 0x82, 1, 44]);
    }
}
