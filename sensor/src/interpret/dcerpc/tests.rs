//! Binds, and the answers of endpoint mappers.

use std::net::{IpAddr, Ipv4Addr};

use super::super::testing::*;
use super::*;

const EPMAPPER: u128 = 0xe1af8308_5d1f_11c9_91a4_08002b14a0fa;
const SVCCTL: u128 = 0x367abb81_9844_35f1_ad32_98f038001003;
const NDR: u128 = 0x8a885d04_1ceb_11c9_9fe8_08002b104860;

fn uuid(uuid: u128, order: Order) -> [u8; 16] {
    let mut octets = uuid.to_be_bytes();
    if order == Order::Little {
        octets[..4].reverse();
        octets[4..6].reverse();
        octets[6..8].reverse();
    }
    octets
}

fn u16_in(number: u16, order: Order) -> [u8; 2] {
    if order == Order::Little { number.to_le_bytes() } else { number.to_be_bytes() }
}

fn u32_in(number: u32, order: Order) -> [u8; 4] {
    if order == Order::Little { number.to_le_bytes() } else { number.to_be_bytes() }
}

fn pdu(kind: u8, order: Order, body: &[u8]) -> Vec<u8> {
    let representation = if order == Order::Little { 0x10 } else { 0 };
    let mut octets = vec![5, 0, kind, 3, representation, 0, 0, 0];
    octets.extend(u16_in(body.len() as u16 + 16, order));
    octets.extend([0; 6]);
    octets.extend(body);
    octets
}

/// A bind with a context for each interface of version 2.1, two transfer syntaxes each.
fn bind(kind: u8, order: Order, interfaces: &[u128]) -> Vec<u8> {
    let mut body = vec![0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0, interfaces.len() as u8, 0, 0, 0];
    for (context, interface) in interfaces.iter().enumerate() {
        body.extend(u16_in(context as u16, order));
        body.extend([2, 0]);
        body.extend(uuid(*interface, order));
        body.extend(u32_in(0x0001_0002, order));
        for _ in 0..2 {
            body.extend(uuid(NDR, order));
            body.extend(u32_in(2, order));
        }
    }
    pdu(kind, order, &body)
}

/// A tower to an interface of svcctl (C706 appendix L).
fn tower(port: u16, address: [u8; 4]) -> Vec<u8> {
    let mut octets = vec![5, 0];
    let mut floor = |left: &[u8], right: &[u8]| {
        octets.extend((left.len() as u16).to_le_bytes());
        octets.extend(left);
        octets.extend((right.len() as u16).to_le_bytes());
        octets.extend(right);
    };
    for identifier in [SVCCTL, NDR] {
        let mut left = vec![UUID];
        left.extend(uuid(identifier, Order::Little));
        left.extend([2, 0]);
        floor(&left, &[0, 0]);
    }
    floor(&[0x0b], &[0, 0]);
    floor(&[0x07], &port.to_be_bytes());
    floor(&[0x09], &address);
    octets
}

const UUID: u8 = 0x0d;

/// The response of `ept_map` (C706 appendix O) with these towers.
fn mapped(order: Order, towers: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![0; 8];
    // Entry handle, number of towers, then a conformant and varying array of pointers.
    body.extend([0; 20]);
    let count = towers.len() as u32;
    for number in [count, 4, 0, count] {
        body.extend(u32_in(number, order));
    }
    for referent in 0..count {
        body.extend(u32_in(referent + 3, order));
    }
    for tower in towers {
        body.extend(u32_in(tower.len() as u32, order));
        body.extend(u32_in(tower.len() as u32, order));
        body.extend(tower);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    body.extend([0; 4]);
    pdu(RESPONSE, order, &body)
}

fn announced(octets: &[u8]) -> Vec<(IpAddr, u16)> {
    let found = read_endpoints(octets, &from_server(135));
    for announcement in &found {
        assert!(announcement.is_tcp());
        assert_eq!(announcement.application, Application::Dcerpc);
        assert_eq!(announcement.peer, None);
    }
    found.iter().map(|it| (it.address, it.port)).collect()
}

#[test]
fn a_bind_names_its_interfaces_in_either_order() {
    for order in [Order::Little, Order::Big] {
        for kind in [BIND, ALTER_CONTEXT] {
            let found = read_bind(&bind(kind, order, &[EPMAPPER, SVCCTL, SVCCTL, 7]));
            let names: Vec<_> = found.iter().map(Interface::name).collect();
            assert_eq!(names, [Some("epmapper"), Some("svcctl"), None]);
            assert!(found.iter().all(|interface| (interface.major, interface.minor) == (2, 1)));
        }
    }
    assert_eq!(Uuid(SVCCTL).to_string(), "367abb81-9844-35f1-ad32-98f038001003");
}

#[test]
fn a_bind_that_is_cut_names_the_interfaces_before_the_cut() {
    let whole = bind(BIND, Order::Little, &[EPMAPPER, SVCCTL]);
    let names = read_bind(&whole);
    for length in 0..whole.len() {
        let part = read_bind(&whole[..length]);
        assert!(names.starts_with(&part), "{length}");
        let wanted = usize::from(length >= 52) + usize::from(length >= 52 + 64);
        assert_eq!(part.len(), wanted, "{length}");
    }
}

#[test]
fn other_pdus_bind_nothing() {
    let whole = bind(BIND, Order::Little, &[EPMAPPER]);
    for (at, octet) in [(0, 4), (1, 2), (2, 12), (4, 0x20), (8, 15)] {
        let mut near_miss = whole.clone();
        near_miss[at] = octet;
        near_miss[9] = 0;
        assert_eq!(read_bind(&near_miss), [], "{at}");
    }
    let many: Vec<u128> = (0..60).collect();
    assert_eq!(read_bind(&bind(BIND, Order::Big, &many)).len(), INTERFACES);
}

#[test]
fn a_datagram_names_the_interface_of_profinet() {
    // C706 section 12.5.2: version, type, two octets of flags, representation; object, interface
    // and activity; time of boot, version.
    let mut octets = vec![4, 0, 0x20, 0, 0x10, 0, 0, 0];
    octets.extend([0; 16]);
    octets.extend(uuid(0xdea00001_6c97_11d1_8271_00a02442df7d, Order::Little));
    octets.extend([0; 20]);
    octets.extend([1, 0, 0, 0]);
    octets.extend([0; 16]);
    let interface = read_datagram(&octets).unwrap();
    assert_eq!(interface.name(), Some("pnio_device"));
    assert_eq!((interface.major, interface.minor), (1, 0));
    for length in 0..octets.len() {
        assert_eq!(read_datagram(&octets[..length]), None, "{length}");
    }
    for (at, octet) in [(0, 5), (1, 11), (3, 1), (4, 0x20)] {
        let mut near_miss = octets.clone();
        near_miss[at] = octet;
        assert_eq!(read_datagram(&near_miss), None, "{at}");
    }
}

#[test]
fn an_endpoint_mapper_names_ports_in_either_order() {
    for order in [Order::Little, Order::Big] {
        let sample = mapped(order, &[tower(49664, [0; 4]), tower(49665, [10, 77, 40, 5])]);
        assert_eq!(announced(&sample), [(SERVER, 49664), (SERVER, 49665)]);
    }
    // The address of another network card, or a lie: the table of expectations refuses it.
    let sample = mapped(Order::Little, &[tower(49664, [10, 77, 40, 99])]);
    let other: IpAddr = Ipv4Addr::new(10, 77, 40, 99).into();
    assert_eq!(announced(&sample), [(other, 49664)]);
}

#[test]
fn a_port_named_twice_is_announced_once() {
    let sample = mapped(Order::Little, &vec![tower(49664, [0; 4]); 4]);
    assert_eq!(announced(&sample), [(SERVER, 49664)]);
    let many: Vec<_> = (1..=19).map(|port| tower(port, [0; 4])).collect();
    assert_eq!(announced(&mapped(Order::Little, &many)).len(), LIMIT);
}

#[test]
fn an_answer_that_is_cut_names_the_ports_before_the_cut() {
    let sample = mapped(Order::Little, &[tower(49664, [0; 4]), tower(49665, [0; 4])]);
    let whole = announced(&sample);
    for length in 0..sample.len() {
        assert!(whole.starts_with(&announced(&sample[..length])), "{length}");
    }
}

#[test]
fn towers_of_another_form_name_nothing() {
    let whole = tower(49664, [0; 4]);
    let named = |tower: &[u8]| announced(&mapped(Order::Little, &[tower.to_vec()]));
    assert_eq!(named(&whole), [(SERVER, 49664)]);
    let floor = |number: usize| 2 + number.min(2) * 25 + number.saturating_sub(2) * 7;
    for (at, octet) in [
        (0, 4),
        (4, 0x0c),
        (floor(1) + 2, 0x0c),
        (floor(2) + 2, 0x0a),
        (floor(2) + 3, 3),
        (floor(3) + 2, 0x08),
        (floor(3) + 2, 0x1f),
        (floor(4) + 2, 0x11),
        (floor(4) + 3, 3),
    ] {
        let mut near_miss = whole.clone();
        near_miss[at] = octet;
        assert_eq!(named(&near_miss), [], "{octet:#x} at {at}");
    }
    assert_eq!(named(&tower(0, [0; 4])), []);
    let mut request = mapped(Order::Little, &[whole]);
    request[2] = 0;
    assert_eq!(announced(&request), []);
}

#[test]
fn mutated_samples_do_no_harm() {
    let samples = [
        bind(BIND, Order::Little, &[EPMAPPER, SVCCTL]),
        bind(ALTER_CONTEXT, Order::Big, &[EPMAPPER; 20]),
        mapped(Order::Little, &vec![tower(49664, [0; 4]); 9]),
        mapped(Order::Big, &[tower(49664, [10, 77, 40, 5])]),
    ];
    mutate(&samples.each_ref().map(Vec::as_slice), |octets| {
        assert!(read_bind(octets).len() <= INTERFACES);
        assert!(read_endpoints(octets, &from_server(135)).len() <= LIMIT);
        read_datagram(octets);
    });
}
