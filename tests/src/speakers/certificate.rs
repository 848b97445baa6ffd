//! A synthetic X.509 certificate (RFC 5280): well formed, signed by nobody.

use super::ber;

const SHA256_WITH_RSA: [u32; 7] = [1, 2, 840, 113_549, 1, 1, 11];
const RSA: [u32; 7] = [1, 2, 840, 113_549, 1, 1, 1];
const ORGANISATION: [u32; 4] = [2, 5, 4, 10];
const COMMON_NAME: [u32; 4] = [2, 5, 4, 3];

fn algorithm(identifier: &[u32]) -> Vec<u8> {
    ber::sequence(&[ber::object_identifier(identifier), ber::value(ber::NULL, &[])])
}

fn distinguished_name(organisation: &str, common_name: &str) -> Vec<u8> {
    let part = |identifier: &[u32], text: &str| {
        let pair =
            [ber::object_identifier(identifier), ber::value(ber::UTF8_STRING, text.as_bytes())];
        ber::value(ber::SET, &ber::sequence(&pair))
    };
    ber::sequence(&[part(&ORGANISATION, organisation), part(&COMMON_NAME, common_name)])
}

/// Unused-bits octet zero, then the octets.
fn bit_string(octets: &[u8]) -> Vec<u8> {
    ber::value(ber::BIT_STRING, &[&[0], octets].concat())
}

/// A 2048-bit modulus in form only: an odd number with its top bit set.
fn modulus() -> Vec<u8> {
    let mut octets = vec![0];
    octets.extend((0..256_u32).map(|place| (place * 37 + 0xc5) as u8 | 1));
    ber::value(ber::INTEGER, &octets)
}

pub fn certificate(organisation: &str, common_name: &str) -> Vec<u8> {
    let name = distinguished_name(organisation, common_name);
    let validity = ber::sequence(&[
        ber::value(ber::UTC_TIME, b"260101000000Z"),
        ber::value(ber::UTC_TIME, b"360101000000Z"),
    ]);
    let key = ber::sequence(&[modulus(), ber::integer(65_537)]);
    let content = ber::sequence(&[
        ber::value(0xa0, &ber::integer(2)),
        ber::integer(0x1234_5678),
        algorithm(&SHA256_WITH_RSA),
        name.clone(),
        validity,
        name,
        ber::sequence(&[algorithm(&RSA), bit_string(&key)]),
    ]);
    ber::sequence(&[content, algorithm(&SHA256_WITH_RSA), bit_string(&[0x5a; 256])])
}
