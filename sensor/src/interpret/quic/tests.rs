use super::{version::Version, *};
use crate::interpret::{
    chance::Chance,
    sample::{CRYPTO_FRAME, QUIC_1_INITIAL, QUIC_2_INITIAL, octets},
};

/// The destination connection ID of the standards' samples.
const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

fn flow(number: u64) -> FlowKey {
    FlowKey::from_words([number, 0, 0, 0, 0, 0])
}

/// The ClientHello of the standards' samples.
fn message() -> Vec<u8> {
    octets(CRYPTO_FRAME).split_off(4)
}

fn crypto(offset: usize, octets: &[u8]) -> Vec<u8> {
    let number = |number: usize| (0x4000 | u16::try_from(number).unwrap()).to_be_bytes();
    [&[6][..], &number(offset), &number(octets.len()), octets].concat()
}

/// An Initial packet of `DESTINATION`'s client with these frames.
fn initial(version: u32, packet_number: u8, frames: &[u8]) -> Vec<u8> {
    initial_to(&DESTINATION, version, packet_number, frames)
}

fn initial_to(destination: &[u8], version: u32, packet_number: u8, frames: &[u8]) -> Vec<u8> {
    let version = Version::from_number(version).unwrap();
    let keys = Keys::of_client(version, &DESTINATION);
    let first = if version.packet_type(0xc0) == version::PacketType::Initial { 0xc0 } else { 0xd0 };
    let mut header = vec![first];
    header.extend_from_slice(&version.0.to_be_bytes());
    header.push(u8::try_from(destination.len()).unwrap());
    header.extend_from_slice(destination);
    header.extend_from_slice(&[0, 0]);
    let mut payload = frames.to_vec();
    payload.resize(payload.len().max(4), 0);
    let length = 1 + payload.len() + 16;
    header.extend_from_slice(&(0x4000 | u16::try_from(length).unwrap()).to_be_bytes());
    header.push(packet_number);
    keys.protect(header, payload)
}

fn read(datagram: &[u8]) -> Reading<QuicHello> {
    Initials::new(1).push(flow(1), datagram)
}

#[track_caller]
fn check(reading: Reading<QuicHello>, version: u32, is_authenticated: bool) {
    let read = reading.complete().expect("the hello is whole");
    assert_eq!((read.version, read.is_authenticated), (version, is_authenticated));
    assert_eq!(read.hello.server_name.as_deref(), Some("example.com"));
    assert_eq!(read.hello.alpn, ["alpn"]);
    assert_eq!((read.hello.legacy_version, read.hello.highest_version), (0x0303, 0x0304));
    // Of another implementation, over the fields that another dissector found.
    assert_eq!(read.hello.ja4, JA4);
}

const JA4: &str = "q13d0211an_62ed6f6ca7ad_4d634acda6c0";

#[test]
fn the_packets_of_the_standards_are_read() {
    check(read(&octets(QUIC_1_INITIAL)), 1, true);
    check(read(&octets(QUIC_2_INITIAL)), 0x6b33_43cf, true);
}

#[test]
fn drafts_are_read() {
    for draft in 0x17..=0x22 {
        let version = 0xff00_0000 | draft;
        check(read(&initial(version, 0, &crypto(0, &message()))), version, true);
    }
}

#[test]
fn a_packet_that_is_cut_is_read_unauthenticated_once_the_hello_is_there() {
    for (packet, version) in [(QUIC_1_INITIAL, 1), (QUIC_2_INITIAL, 0x6b33_43cf)] {
        let packet = octets(packet);
        // Header and packet number have 22 octets, the frame 245.
        for length in 0..22 + 245 {
            assert_eq!(read(&packet[..length]), Reading::Incomplete, "{length}");
        }
        for length in 22 + 245..packet.len() {
            check(read(&packet[..length]), version, false);
        }
    }
}

#[test]
fn a_wrong_tag_is_refused() {
    for at in [0, 10, 22, 500, 1199] {
        let mut packet = octets(QUIC_1_INITIAL);
        packet[at] ^= 1;
        assert_eq!(read(&packet), Reading::Foreign, "octet {at}");
    }
}

#[test]
fn near_misses_are_foreign() {
    // Header form, fixed bit, a type without hello, version, connection ID's length.
    for (at, octet) in [(0, 0x40), (0, 0x80), (0, 0xf0), (1, 1), (4, 2), (4, 0), (5, 21)] {
        let mut packet = octets(QUIC_1_INITIAL);
        packet[at] = octet;
        assert_eq!(read(&packet), Reading::Foreign, "octet {at} is {octet}");
    }
    let mut initials = Initials::new(1);
    assert_eq!(initials.push(flow(1), b"not QUIC at all"), Reading::Foreign);
    assert!(initials.is_empty());
}

#[test]
fn a_hello_may_span_packets_in_any_order() {
    let message = message();
    let (first, second) = message.split_at(100);
    let datagrams = [initial(1, 0, &crypto(0, first)), initial(1, 1, &crypto(100, second))];
    for order in [[0, 1], [1, 0]] {
        let mut initials = Initials::new(4);
        assert_eq!(initials.push(flow(1), &datagrams[order[0]]), Reading::Incomplete);
        assert_eq!(initials.push(flow(2), b"other"), Reading::Foreign);
        check(initials.push(flow(1), &datagrams[order[1]]), 1, true);
        assert!(initials.is_empty(), "what is complete is forgotten");
    }
}

#[test]
fn later_packets_keep_the_keys_of_the_first_under_another_connection_id() {
    let message = message();
    let mut initials = Initials::new(4);
    let first = initial(1, 0, &crypto(0, &message[..100]));
    let second = initial_to(b"server's", 1, 1, &crypto(100, &message[100..]));
    assert_eq!(read(&second), Reading::Foreign, "alone it cannot be opened");
    assert_eq!(initials.push(flow(1), &first), Reading::Incomplete);
    check(initials.push(flow(1), &second), 1, true);
}

#[test]
fn packets_of_one_datagram_are_read_one_after_the_other() {
    let message = message();
    let mut datagram = initial(1, 0, &crypto(0, &message[..100]));
    // 0-RTT of 3 octets, which is passed over.
    datagram.extend_from_slice(&[0xd0, 0, 0, 0, 1, 0, 0, 3, 9, 9, 9]);
    datagram.extend_from_slice(&initial(1, 1, &crypto(100, &message[100..])));
    datagram.extend_from_slice(&[0x40, 1, 2, 3]);
    check(read(&datagram), 1, true);
}

#[test]
fn frames_in_pieces_and_out_of_order_are_joined() {
    let message = message();
    let mut chance = Chance::new(9);
    for _ in 0..50 {
        let mut pieces: Vec<(usize, &[u8])> = Vec::new();
        let mut at = 0;
        while at < message.len() {
            let end = (at + chance.within(5..=40)).min(message.len());
            pieces.push((at, &message[at..end]));
            at = end;
        }
        chance.shuffle(&mut pieces);
        let mut frames = vec![1, 2, 3, 0, 0, 0];
        for (offset, piece) in pieces {
            frames.extend_from_slice(&crypto(offset, piece));
            frames.resize(frames.len() + chance.within(0..=3), 0);
            frames.push(1);
        }
        check(read(&initial(1, 7, &frames)), 1, true);
    }
}

#[test]
fn a_new_connection_on_the_same_ports_begins_anew() {
    let mut initials = Initials::new(4);
    let old = initial(1, 0, &crypto(0, &[1, 0, 1, 0, 3, 3]));
    assert_eq!(initials.push(flow(1), &old), Reading::Incomplete);
    check(initials.push(flow(1), &octets(QUIC_2_INITIAL)), 0x6b33_43cf, true);
}

#[test]
fn one_packet_that_is_cut_leaves_the_whole_unauthenticated() {
    let message = message();
    let mut initials = Initials::new(4);
    let mut first = initial(1, 0, &[crypto(0, &message[..100]), vec![0; 50]].concat());
    first.truncate(first.len() - 30);
    assert_eq!(initials.push(flow(1), &first), Reading::Incomplete);
    check(initials.push(flow(1), &initial(1, 1, &crypto(100, &message[100..]))), 1, false);
}

#[test]
fn what_is_no_hello_is_foreign_and_forgotten() {
    let mut initials = Initials::new(4);
    let packet = initial(1, 0, &crypto(0, &[2, 0, 0, 4, 3, 3, 0, 0]));
    assert_eq!(initials.push(flow(1), &packet), Reading::Foreign);
    assert!(initials.is_empty());
}

#[test]
fn the_connection_begun_longest_ago_goes_first_and_is_counted() {
    let mut initials = Initials::new(2);
    let packet = initial(1, 0, &crypto(0, &message()[..100]));
    for number in 1..=3 {
        assert_eq!(initials.push(flow(number), &packet), Reading::Incomplete);
    }
    assert_eq!((initials.len(), initials.displaced()), (2, 1));
    initials.forget(&flow(3));
    assert_eq!((initials.len(), initials.displaced()), (1, 1));
}

#[test]
fn mutated_packets_and_frames_do_not_panic() {
    let mut chance = Chance::new(0x901c);
    let mut initials = Initials::new(8);
    let packets = [octets(QUIC_1_INITIAL), octets(QUIC_2_INITIAL)];
    let frames =
        [crypto(0, &message()[..90]), vec![1, 2, 3, 0, 0, 0], crypto(90, &message()[90..])];
    for round in 0..5_000 {
        let mut packet = packets[round % 2].clone();
        chance.mutate(&mut packet);
        let _ = initials.push(flow(chance.next() % 16), &packet);
        let mut mutated = frames.concat();
        chance.mutate(&mut mutated);
        let mut packet = initial(1, 0, &mutated);
        packet.truncate(chance.within(0..=2 * packet.len()));
        let _ = initials.push(flow(chance.next() % 16), &packet);
        assert!(initials.len() <= 8);
    }
}

#[test]
fn random_datagrams_hold_no_hello() {
    let mut chance = Chance::new(0x5a5a);
    let mut initials = Initials::new(64);
    for _ in 0..20_000 {
        let mut datagram = vec![0; chance.within(0..=200)];
        datagram.fill_with(|| chance.next() as u8);
        if datagram.len() > 5 && chance.within(0..=1) == 0 {
            datagram[..6].copy_from_slice(&[0xc3, 0, 0, 0, 1, 0]);
        }
        let reading = initials.push(flow(chance.next() % 256), &datagram);
        assert!(reading.complete().is_none());
    }
}
