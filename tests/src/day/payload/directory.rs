//! Kerberos (RFC 4120) and LDAP (RFC 4511) as stations of a domain use them.

use crate::frames::SeededRandom;
use crate::speakers::ber;

const REALM: &[u8] = b"HOSPITAL.EXAMPLE";
const GENERALIZED_TIME: u8 = 0x18;
const GENERAL_STRING: u8 = 0x1b;

fn kerberos(kind: u8, version_tag: u8, body: &[Vec<u8>]) -> Vec<u8> {
    let version = ber::value(0xa0 + version_tag, &ber::integer(5));
    let message = ber::value(0xa1 + version_tag, &ber::integer(kind.into()));
    ber::value(0x60 + kind, &ber::sequence(&[version, message, body.concat()]))
}

/// A principal's name of one part, NT-PRINCIPAL (section 5.2.2).
fn principal(name: &str) -> Vec<u8> {
    let name = ber::sequence(&[ber::value(GENERAL_STRING, name.as_bytes())]);
    ber::sequence(&[ber::value(0xa0, &ber::integer(1)), ber::value(0xa1, &name)])
}

/// AES256 with SHA-1, and ciphertext of noise (section 5.2.9).
fn encrypted(octets: usize, random: &mut SeededRandom) -> Vec<u8> {
    let ciphertext = ber::value(ber::OCTET_STRING, &random.octets(octets));
    ber::sequence(&[ber::value(0xa0, &ber::integer(18)), ber::value(0xa2, &ciphertext)])
}

/// AS-REQ (10) or TGS-REQ (12).
pub fn kerberos_request(kind: u8, name: &str) -> Vec<u8> {
    let ends = b"20370913024805Z";
    let body = ber::sequence(&[
        ber::value(0xa0, &ber::value(ber::BIT_STRING, &[0, 0x40, 0x81, 0, 0x10])),
        ber::value(0xa1, &principal(name)),
        ber::value(0xa2, &ber::value(GENERAL_STRING, REALM)),
        ber::value(0xa3, &principal("krbtgt")),
        ber::value(0xa5, &ber::value(GENERALIZED_TIME, ends)),
        ber::value(0xa7, &ber::integer(0x5741_5244)),
        ber::value(0xa8, &ber::sequence(&[ber::integer(18), ber::integer(17)])),
    ]);
    kerberos(kind, 1, &[ber::value(0xa4, &body)])
}

/// AS-REP (11) or TGS-REP (13).
pub fn kerberos_reply(kind: u8, name: &str, random: &mut SeededRandom) -> Vec<u8> {
    let realm = ber::value(GENERAL_STRING, REALM);
    let ticket = ber::sequence(&[
        ber::value(0xa0, &ber::integer(5)),
        ber::value(0xa1, &realm),
        ber::value(0xa2, &principal("krbtgt")),
        ber::value(0xa3, &encrypted(700, random)),
    ]);
    let parts = [
        ber::value(0xa3, &realm),
        ber::value(0xa4, &principal(name)),
        ber::value(0xa5, &ber::value(0x61, &ticket)),
        ber::value(0xa6, &encrypted(220, random)),
    ];
    kerberos(kind, 0, &parts)
}

fn message(number: u32, operation: u8, content: &[u8]) -> Vec<u8> {
    ber::sequence(&[ber::integer(number), ber::value(operation, content)])
}

/// A bind with SASL: SPNEGO (RFC 4178) with a first message of NTLM.
pub fn ldap_bind() -> Vec<u8> {
    let mut token = b"NTLMSSP\0\x01\0\0\0".to_vec();
    token.resize(32, 0);
    let ntlm = ber::object_identifier(&[1, 3, 6, 1, 4, 1, 311, 2, 2, 10]);
    let offer = ber::sequence(&[
        ber::value(0xa0, &ber::sequence(&[ntlm])),
        ber::value(0xa2, &ber::value(ber::OCTET_STRING, &token)),
    ]);
    let spnego = ber::object_identifier(&[1, 3, 6, 1, 5, 5, 2]);
    let token = ber::value(0x60, &[spnego, ber::value(0xa0, &offer)].concat());
    let mechanism = ber::value(ber::OCTET_STRING, b"GSS-SPNEGO");
    let credentials = ber::value(ber::OCTET_STRING, &token);
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
