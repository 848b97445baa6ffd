use std::{
    io::Read as _,
    net::{TcpListener, UdpSocket},
};

use super::*;
use crate::{export::ipfix::record::encode, flow::fixture, time::WallClock};

fn settings(address: String, transport: IpfixTransport) -> Ipfix {
    Ipfix {
        name: "test".to_owned(),
        address,
        transport,
        template_interval: Duration::from_secs(1),
        observation_domain: 1,
    }
}

fn record() -> DataRecord {
    encode(&fixture::record(), WallClock::since_1970())
}

/// Ids of sets, and how many records of the fixture's length there are in those of data.
fn sets(message: &[u8]) -> (Vec<u16>, usize) {
    let be16 = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
    let (mut at, mut ids, mut records) = (16, Vec::new(), 0);
    while at < message.len() {
        let (id, length) = (be16(at), usize::from(be16(at + 2)));
        ids.push(id);
        if id >= 256 {
            records += (length - 4) / record().octets.len();
        }
        at += length;
    }
    (ids, records)
}

#[test]
fn over_udp_templates_come_first_and_again() {
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    collector.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let address = collector.local_addr().unwrap().to_string();
    let exporter = Exporter::start(&settings(address, IpfixTransport::Udp)).unwrap();
    let (mut templates, mut records) = (0, 0);
    let mut message = [0; 2000];
    let mut is_first = true;
    for _ in 0..2 {
        for _ in 0..10 {
            exporter.take(record());
        }
        let wanted = records + 10;
        while records < wanted {
            let length = collector.recv(&mut message).unwrap();
            let (ids, found) = sets(&message[..length]);
            assert_eq!(ids == [2], is_first || found == 0);
            is_first = false;
            templates += usize::from(ids == [2]);
            records += found;
        }
        thread::sleep(Duration::from_millis(1100));
    }
    assert!(templates >= 2, "{templates}");
    assert_eq!(records, 20);
    let counts = exporter.counts();
    assert_eq!((counts.sent, counts.queue_full, counts.unreachable), (20, 0, 0));
}

#[test]
fn what_finds_a_collector_away_waits_and_what_finds_no_room_is_counted() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let exporter = Exporter::start(&settings(address.to_string(), IpfixTransport::Tcp)).unwrap();
    let given = WAITING as u64 + 5000;
    for _ in 0..given {
        exporter.take(record());
    }
    let counts = exporter.counts();
    assert!(counts.queue_full > 0 && counts.sent == 0, "{counts:?}");
    let listener = TcpListener::bind(address).unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    drop(exporter);
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).unwrap();
    let (mut at, mut records, mut sequence) = (0, 0, 0);
    while at < octets.len() {
        let length = usize::from(u16::from_be_bytes([octets[at + 2], octets[at + 3]]));
        let message = &octets[at..at + length];
        let (ids, found) = sets(message);
        assert_eq!(ids == [2], at == 0, "templates come first, and once");
        let said = u32::from_be_bytes(message[8..12].try_into().unwrap());
        assert_eq!(said, sequence);
        sequence += found as u32;
        records += found as u64;
        at += length;
    }
    assert_eq!(records + counts.queue_full, given);
}
