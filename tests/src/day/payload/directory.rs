//! Kerberos (RFC 4120) and LDAP (RFC 4511) as stations of a domain use them.

use crate::frames::SeededRandom;
use crate::speakers::ber;

const REALM: &[u8] = b"HOSPITAL.EXAMPLE";
const GENERAL_STRING: u8 = 0x1b;

fn kerberos(kind: u8, version_tag: u8, body: &[Vec<u8>]) -> Vec<u8> {
    let version = ber::value(0xa0 + version_tag, &ber::integer(5));
    let message = ber::value(0xa1 + version_tag, &ber::integer(kind.into()));
    ber::value(0x60 + kind, &ber::sequence(&[version, message, body.concat()]))
}

/// AS-REQ (10) or TGS-REQ (12).
pub fn kerberos_request(kind: u8, name: &str) -> Vec<u8> {
    let name = ber::value(GENERAL_STRING, name.as_bytes());
    let principal = ber::sequence(&[
        ber::value(0xa0, &ber::integer(1)),
        ber::value(0xa1, &ber::sequence(&[name])),
    ]);
    let body = ber::sequence(&[
        ber::value(0xa0, &ber::value(ber::BIT_STRING, &[0, 0x40, 0x81, 0, 0x10])),
        ber::value(0xa1, &principal),
        ber::value(0xa2, &ber::value(GENERAL_STRING, REALM)),
    ]);
    kerberos(kind, 1, &[ber::value(0xa4, &body)])
}

/// AS-REP (11) or TGS-REP (13) with a ticket of noise.
pub fn kerberos_reply(kind: u8, random: &mut SeededRandom) -> Vec<u8> {
    let realm = ber::value(0xa3, &ber::value(GENERAL_STRING, REALM));
    let ticket = ber::value(0xa5, &ber::value(ber::OCTET_STRING, &random.octets(900)));
    kerberos(kind, 0, &[realm, ticket])
}

fn message(number: u32, operation: u8, content: &[u8]) -> Vec<u8> {
    ber::sequence(&[ber::integer(number), ber::value(operation, content)])
}

/// A bind with SASL (GSS-SPNEGO) and a ticket of noise.
pub fn ldap_bind(random: &mut SeededRandom) -> Vec<u8> {
    let mechanism = ber::value(ber::OCTET_STRING, b"GSS-SPNEGO");
    let credentials = ber::value(ber::OCTET_STRING, &random.octets(700));
    let content = [
        ber::integer(3),
        ber::value(ber::OCTET_STRING, b""),
        ber::value(0xa3, &[mechanism, credentials].concat()),
    ];
    message(1, 0x60, &content.concat())
}

fn result(number: u32, operation: u8) -> Vec<u8> {
    let empty = ber::value(ber::OCTET_STRING, b"");
    message(number, operation, &[vec![0x0a, 1, 0], empty.clone(), empty].concat())
}

pub fn ldap_bound() -> Vec<u8> {
    result(1, 0x61)
}

/// A search below the domain for the policies of a station.
pub fn ldap_search(number: u32) -> Vec<u8> {
    let base = ber::value(ber::OCTET_STRING, b"DC=hospital,DC=example");
    let present = ber::value(0x87, b"objectClass");
    let content = [
        base,
        vec![0x0a, 1, 2, 0x0a, 1, 0],
        ber::integer(0),
        ber::integer(0),
        vec![1, 1, 0],
        present,
        ber::sequence(&[ber::value(ber::OCTET_STRING, b"gPLink")]),
    ];
    message(number, 0x63, &content.concat())
}

pub fn ldap_found(number: u32) -> Vec<u8> {
    let name = ber::value(ber::OCTET_STRING, b"OU=wards,DC=hospital,DC=example");
    let entry = message(number, 0x64, &[name, ber::sequence(&[])].concat());
    [entry, result(number, 0x65)].concat()
}
