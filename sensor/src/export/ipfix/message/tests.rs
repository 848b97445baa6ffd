use super::*;
use crate::{export::ipfix::record::encode, flow::fixture, time::WallClock};

fn be16(octets: &[u8], at: usize) -> usize {
    usize::from(u16::from_be_bytes([octets[at], octets[at + 1]]))
}

fn be32(octets: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(octets[at..at + 4].try_into().unwrap())
}

#[test]
fn templates_say_every_element_and_its_enterprise() {
    let message = Writer::new(7).templates(1000);
    let octets = &message.octets;
    assert_eq!((be16(octets, 0), be16(octets, 2)), (10, octets.len()));
    assert_eq!((be32(octets, 4), be32(octets, 8), be32(octets, 12)), (1000, 0, 7));
    assert_eq!((be16(octets, 16), be16(octets, 18)), (2, octets.len() - 16));
    let mut at = 20;
    for template in ALL {
        assert_eq!(be16(octets, at), usize::from(template.id));
        assert_eq!(be16(octets, at + 2), template.elements.len());
        at += 4;
        for element in template.elements {
            let number = be16(octets, at);
            assert_eq!(number & 0x7fff, usize::from(element.number));
            assert_eq!(number & 0x8000 != 0, element.is_reverse);
            at += 4;
            if element.is_reverse {
                assert_eq!(be32(octets, at), 29_305);
                at += 4;
            }
        }
    }
    assert_eq!(at, octets.len());
    assert!(octets.len() <= LONGEST);
}

#[test]
fn sequence_numbers_count_the_records_before_and_sets_follow_the_templates() {
    let mut writer = Writer::new(1);
    assert_eq!(writer.take(0), None);
    let plain = encode(&fixture::record(), WallClock::since_1970());
    let mut link = fixture::record();
    link.network = sensor_common::flow::Network::Arp;
    let link = encode(&link, WallClock::since_1970());
    let mut sent = 0;
    for round in 0..50 {
        let next = if round % 7 == 3 { &link } else { &plain };
        if !writer.has_room_for(next) {
            let message = writer.take(5).unwrap();
            assert_eq!(be32(&message.octets, 8), sent);
            assert_eq!(records_of(&message.octets, [&plain, &link]), message.records);
            sent += message.records;
        }
        writer.add(next);
    }
    let last = writer.take(6).unwrap();
    assert_eq!((be32(&last.octets, 8), sent + last.records), (sent, 50));
    writer.begin_session();
    writer.add(&plain);
    assert_eq!(be32(&writer.take(7).unwrap().octets, 8), 0);
}

/// Counts by the sets' own lengths.
fn records_of(octets: &[u8], kinds: [&DataRecord; 2]) -> u32 {
    assert_eq!(be16(octets, 2), octets.len());
    assert!(octets.len() <= LONGEST);
    let (mut at, mut records) = (16, 0);
    while at < octets.len() {
        let (id, length) = (be16(octets, at), be16(octets, at + 2));
        let kind = kinds.iter().find(|kind| usize::from(kind.template) == id).unwrap();
        assert_eq!((length - 4) % kind.octets.len(), 0);
        records += ((length - 4) / kind.octets.len()) as u32;
        at += length;
    }
    assert_eq!(at, octets.len());
    records
}
