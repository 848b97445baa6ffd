//! Negotiations of a Samba server and its client, recorded in the laboratory.

use super::super::testing::{hex, mutate};
use super::*;

/// NT LANMAN 1.0 and NT LM 0.12.
const SMB1_REQUEST: &str = "0000003eff534d4272000000001843c80000000000000000000000000000feff00000\
    000001b00024e54204c414e4d414e20312e3000024e54204c4d20302e313200";
/// The two, SMB 2.002 and SMB 2.???.
const MULTI_PROTOCOL: &str = "00000054ff534d4272000000001843c80000000000000000000000000000feff000\
    00000003100024e54204c414e4d414e20312e3000024e54204c4d20302e31320002534d4220322e3030320002534d4\
    220322e3f3f3f00";
/// 17 words, dialect 0, security mode 3.
const SMB1_RESPONSE: &str = "0000009fff534d4272000000008843c80000000000000000000000000000feff0000\
    00001100000332000100044100000000010056400000fdf380808f931cd64a7bdd010000005a006669";
/// Revisions 0202 and 0210.
const SMB2_REQUEST: &str = "00000068fe534d42400000000000000000001f0000000000000000000100000000000\
    0000000000000000000000000000000000000000000000000000000000000000000240002000100000000000000e67\
    2df8729a7294c8d87c8de3e8dbe11000000000000000002021002";
/// Revision 0210.
const SMB2_RESPONSE: &str = "000000cafe534d424000000000000000000001000100000000000000010000000000\
    00000000000000000000000000000000000000000000000000000000000000000000410001001002000066696c65";
/// The answer to [`MULTI_PROTOCOL`]: revision 02ff.
const WILDCARD: &str = "000000cafe534d42400000000000000000000100010000000000000000000000000000000\
    00000000000000000000000000000000000000000000000000000000000000041000100ff02000066696c65";

fn dialects(sample: &str) -> Vec<Dialect> {
    match read(&hex(sample)).unwrap() {
        Negotiation::Smb1Request { dialects } | Negotiation::Smb2Request { dialects, .. } => {
            dialects
        }
        other => panic!("{other:?} offers nothing"),
    }
}

#[test]
fn smb1_is_negotiated_by_an_index() {
    assert_eq!(dialects(SMB1_REQUEST), [Dialect::NtLm012, Dialect::NtLm012]);
    let request = read(&hex(SMB1_REQUEST)).unwrap();
    let response = read(&hex(SMB1_RESPONSE)).unwrap();
    let wanted = Negotiation::Smb1Response { index: 0, is_signing_required: false };
    assert_eq!(response, wanted);
    assert_eq!(response.chosen(Some(&request)), Some(Dialect::NtLm012));
    assert_eq!(response.chosen(None), None);
    let older = b"\x02PC NETWORK PROGRAM 1.0\0\x02NT LM 0.12\0";
    let mut octets = hex(SMB1_REQUEST);
    octets.truncate(SESSION_HEADER + SMB1_HEADER + 1);
    octets.extend([older.len() as u8, 0]);
    octets.extend(older);
    let request = read(&octets).unwrap();
    assert_eq!(response.chosen(Some(&request)), Some(Dialect::Older));
    assert_eq!((request.outcome(), response.outcome()), (Outcome::Smb1, Outcome::Smb1));
    let none = Negotiation::Smb1Response { index: 0xffff, is_signing_required: false };
    assert_eq!(none.chosen(Some(&request)), None);
}

#[test]
fn smb2_is_negotiated_by_its_revision() {
    assert_eq!(dialects(SMB2_REQUEST), [Dialect::Smb202, Dialect::Smb21]);
    let response = read(&hex(SMB2_RESPONSE)).unwrap();
    let wanted = Negotiation::Smb2Response { dialect: Dialect::Smb21, is_signing_required: false };
    assert_eq!(response, wanted);
    assert_eq!(response.outcome().application(), Some(Application::Smb2));
}

#[test]
fn a_question_in_smb1_is_open_until_it_is_answered_in_one_of_them() {
    let request = read(&hex(MULTI_PROTOCOL)).unwrap();
    assert_eq!(request.outcome(), Outcome::Open);
    assert_eq!(request.outcome().application(), None);
    let wanted = [Dialect::NtLm012, Dialect::NtLm012, Dialect::Smb202, Dialect::Smb2Any];
    assert_eq!(dialects(MULTI_PROTOCOL), wanted);
    let second_round = read(&hex(WILDCARD)).unwrap();
    assert_eq!(second_round.outcome(), Outcome::Smb2);
    assert_eq!(second_round.chosen(Some(&request)), Some(Dialect::Smb2Any));
    let old = read(&hex(SMB1_RESPONSE)).unwrap();
    assert_eq!(old.outcome(), Outcome::Smb1);
}

#[test]
fn signing_is_required_by_one_bit() {
    let mut octets = hex(SMB1_RESPONSE);
    octets[SESSION_HEADER + SMB1_HEADER + 3] = 0x0b;
    let wanted = Negotiation::Smb1Response { index: 0, is_signing_required: true };
    assert_eq!(read(&octets), Some(wanted));
    let mut octets = hex(SMB2_RESPONSE);
    octets[SESSION_HEADER + SMB2_HEADER + 2] = 3;
    let wanted = Negotiation::Smb2Response { dialect: Dialect::Smb21, is_signing_required: true };
    assert_eq!(read(&octets), Some(wanted));
    let mut octets = hex(SMB2_REQUEST);
    octets[SESSION_HEADER + SMB2_HEADER + 4] = 2;
    let request = read(&octets).unwrap();
    assert!(matches!(request, Negotiation::Smb2Request { is_signing_required: true, .. }));
}

#[test]
fn a_request_that_is_cut_offers_the_dialects_before_the_cut() {
    let whole = hex(MULTI_PROTOCOL);
    let offered = dialects(MULTI_PROTOCOL);
    for length in 0..whole.len() {
        match read(&whole[..length]) {
            Some(Negotiation::Smb1Request { dialects }) => {
                assert!(offered.starts_with(&dialects) && dialects.len() < offered.len());
            }
            other => assert_eq!(other, None, "{length}"),
        }
    }
    for sample in [SMB1_RESPONSE, SMB2_RESPONSE, WILDCARD] {
        let whole = hex(sample);
        for length in 0..whole.len() {
            let part = read(&whole[..length]);
            assert!(part.is_none() || part == read(&whole), "{length}");
        }
    }
}

#[test]
fn near_misses_are_refused() {
    let header = SESSION_HEADER;
    for (sample, at, octet) in [
        (SMB1_REQUEST, 0, 0x81),
        (SMB1_REQUEST, header, 0xfd),
        (SMB1_REQUEST, header + 4, 0x73),
        (SMB1_REQUEST, header + SMB1_HEADER, 1),
        (SMB1_REQUEST, header + SMB1_HEADER + 3, 3),
        (SMB1_RESPONSE, header + SMB1_HEADER, 2),
        (SMB2_REQUEST, header + 4, 65),
        (SMB2_REQUEST, header + 12, 1),
        (SMB2_REQUEST, header + SMB2_HEADER, 37),
        (SMB2_REQUEST, header + SMB2_HEADER + 2, 0),
        (SMB2_RESPONSE, header + SMB2_HEADER, 64),
        (SMB2_RESPONSE, header + SMB2_HEADER + 4, 0x11),
    ] {
        let mut near_miss = hex(sample);
        assert!(read(&near_miss).is_some());
        near_miss[at] = octet;
        assert_eq!(read(&near_miss), None, "{octet:#x} at {at} of {sample}");
    }
}

#[test]
fn mutated_samples_do_no_harm() {
    let samples = [SMB1_REQUEST, MULTI_PROTOCOL, SMB1_RESPONSE, SMB2_REQUEST, SMB2_RESPONSE];
    let samples = samples.map(hex);
    mutate(&samples.each_ref().map(Vec::as_slice), |octets| {
        if let Some(
            Negotiation::Smb1Request { dialects } | Negotiation::Smb2Request { dialects, .. },
        ) = read(octets)
        {
            assert!(dialects.len() <= DIALECTS);
        }
    });
}
