mod beyond;
mod claims;
mod routers;

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

use sensor_common::{
    endpoint::{ELSEWHERE, OVERFLOW, mapped_ipv4},
    flow::FlowKey,
};

use super::*;
use crate::flow::Opinion;

const PUMP: u64 = 0x0030_e601_0203;
const ROUTER: u64 = 0x001b_2100_0001;
const VLANS: u64 = 20 << 16;

fn at(seconds: u64) -> Moment {
    Moment::from_micros(seconds * 1_000_000)
}

fn host(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a14_0000 + number)
}

fn seen(index: EndpointIndex, station: u64, address: [u64; 2], seconds: u64) -> EndpointSeen {
    EndpointSeen {
        index,
        key: EndpointKey { address, station, vlans: VLANS },
        interface: 3,
        at: at(seconds),
    }
}

fn seen_host(index: EndpointIndex, station: u64, number: u32, seconds: u64) -> EndpointSeen {
    seen(index, station, mapped_ipv4(host(number).to_bits()), seconds)
}

fn flow(source_endpoint: EndpointIndex, application: Application, seconds: u64) -> FlowDelta {
    FlowDelta {
        key: FlowKey::default(),
        source_endpoint,
        destination_endpoint: ELSEWHERE,
        packets: 1,
        octets: 64,
        tcp_flags: 0,
        first_tcp_flags: 0,
        icmp_type_code: 0,
        opinion: Opinion::of_packet_path(application, Evidence::Confirmed),
        earlier: Default::default(),
        change: Default::default(),
        digest: 0,
        first_seen: at(seconds),
        last_seen: at(seconds),
        is_new: true,
    }
}

fn inventory() -> Inventory {
    Inventory::new(InventorySettings::default())
}

fn small_inventory(max_devices: usize) -> Inventory {
    Inventory::new(InventorySettings { max_devices, ..InventorySettings::default() })
}

fn with_router() -> Inventory {
    Inventory::new(InventorySettings { routers: vec![ROUTER], ..InventorySettings::default() })
}

#[test]
fn a_station_is_one_device_whatever_addresses_it_uses() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen(2, PUMP, [0; 2], 10));
    inventory.observe_endpoint(&seen_host(3, PUMP, 5, 11));
    inventory.observe_endpoint(&seen(4, PUMP, [0xfe80 << 48, 9], 12));
    let id = inventory.device_of_station(PUMP, VLANS).unwrap();
    for index in 2..5 {
        assert_eq!(inventory.device_of(index), Some(id));
    }
    let device = inventory.device(id).unwrap();
    let link_local = Ipv6Addr::from_bits(0xfe80 << 112 | 9);
    assert_eq!(device.addresses, BTreeSet::from([host(5).into(), link_local.into()]));
    assert!(device.vendor.as_deref().unwrap().starts_with("Draeger"));
    assert_eq!((device.first_seen, device.last_seen), (at(10), at(12)));
    assert_eq!(device.interface, 3);
    assert_eq!(inventory.device_of_address(host(5).into()), Some(id));
    assert_eq!(inventory.devices().len(), 1);
}

#[test]
fn the_same_station_on_another_vlan_is_another_device() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    let mut other = seen_host(3, PUMP, 5, 10);
    other.key.vlans = 30 << 16;
    inventory.observe_endpoint(&other);
    assert_ne!(inventory.device_of(2), inventory.device_of(3));
    assert_eq!(inventory.device_of_address(host(5).into()), inventory.device_of(3));
}

#[test]
fn without_a_station_the_address_is_the_device() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, 0, 5, 10));
    let id = inventory.device_of(2).unwrap();
    assert_eq!(inventory.device(id).unwrap().key, DeviceKey::Address(host(5).into()));
    // A group address sends nothing; what claims to is known by its network address.
    inventory.observe_endpoint(&seen_host(3, 0x0100_5e00_0001, 5, 10));
    assert_eq!(inventory.device_of(3), Some(id));
    inventory.observe_endpoint(&seen(4, 0x0100_5e00_0001, [0; 2], 10));
    assert_eq!(inventory.device_of(4), None);
    assert_eq!(inventory.refused(), 1);
}

fn inside(seen: EndpointSeen) -> EndpointSeen {
    EndpointSeen { key: seen.key.inside(), ..seen }
}

#[test]
fn a_station_in_a_tunnel_is_the_station_outside() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    inventory.observe_endpoint(&inside(seen_host(3, PUMP, 5, 11)));
    inventory.observe_endpoint(&inside(seen(4, PUMP, [0; 2], 12)));
    assert_eq!(inventory.devices().len(), 1);
    assert_eq!(inventory.device_of(3), inventory.device_of(2));
    assert_eq!(inventory.device_of(4), inventory.device_of_station(PUMP, VLANS));
}

#[test]
fn an_address_in_a_tunnel_is_the_device_that_uses_it_outside() {
    let mut inventory = inventory();
    let address = |index, seconds| {
        let key = EndpointKey { vlans: 0, ..seen_host(index, 0, 5, seconds).key };
        inside(EndpointSeen { key, ..seen_host(index, 0, 5, seconds) })
    };
    inventory.observe_endpoint(&address(2, 10));
    let alone = inventory.device_of(2).unwrap();
    assert_eq!(inventory.device(alone).unwrap().key, DeviceKey::Address(host(5).into()));
    // Seen outside: what the address sends from now on is that device's.
    inventory.observe_endpoint(&seen_host(3, PUMP, 5, 11));
    inventory.observe_flow(&flow(2, Application::Hl7, 12));
    let pump = inventory.device_of_station(PUMP, VLANS);
    assert_ne!(pump, Some(alone));
    assert_eq!(inventory.device_of(2), pump);
    assert_eq!(inventory.device_of_address(host(5).into()), pump);
}

#[test]
fn the_alias_of_a_known_endpoint_makes_no_device() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    inventory.observe_endpoint(&EndpointSeen {
        key: EndpointKey { vlans: 0, ..seen_host(2, 0, 5, 11).key },
        ..seen_host(2, 0, 5, 11)
    });
    assert_eq!(inventory.devices().len(), 1);
    assert_eq!(inventory.device_of(2), inventory.device_of_station(PUMP, VLANS));
}

#[test]
fn locally_administered_stations_are_devices_with_a_flag() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, 0xda1b_2c3d_4e5f, 5, 10));
    let device = inventory.devices().next().unwrap();
    assert!(device.is_locally_administered);
    assert_eq!(device.vendor, None);
}

#[test]
fn reserved_indexes_are_nobody() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(ELSEWHERE, PUMP, 5, 10));
    inventory.observe_endpoint(&seen_host(OVERFLOW, PUMP, 5, 10));
    assert_eq!(inventory.devices().len(), 0);
    assert_eq!(inventory.device_of(ELSEWHERE), None);
}

#[test]
fn a_full_register_refuses_and_counts_and_keeps_what_it_has() {
    let mut inventory = small_inventory(2);
    for number in 0..5 {
        let station = PUMP + u64::from(number);
        inventory.observe_endpoint(&seen_host(2 + number, station, number, 10));
    }
    assert_eq!(inventory.devices().len(), 2);
    assert_eq!(inventory.refused(), 3);
    assert!(inventory.device_of(3).is_some());
    assert_eq!(inventory.device_of(4), None);
    assert_eq!(inventory.device_of_address(host(2).into()), None);
    // A second address of a known station needs no room.
    inventory.observe_endpoint(&seen_host(10, PUMP, 77, 11));
    assert_eq!(inventory.device_of(10), inventory.device_of(2));
}

#[test]
fn forgotten_devices_make_room_and_their_identifiers_stay_theirs() {
    let mut inventory = small_inventory(1);
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    inventory.observe_endpoint(&seen_host(3, PUMP + 1, 6, 20));
    let first = inventory.device_of(2).unwrap();
    assert_eq!(inventory.device_of(3), None);
    assert_eq!(inventory.forget_unseen_since(at(10)), []);
    assert_eq!(inventory.forget_unseen_since(at(11)), [first]);
    assert_eq!(inventory.device_of(2), None);
    assert_eq!(inventory.device_of_address(host(5).into()), None);
    inventory.observe_flow(&flow(3, Application::Dns, 30));
    let second = inventory.device_of(3).unwrap();
    assert!(second > first);
    let changes = inventory.take_changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].1.id, second);
}

#[test]
fn flows_tell_what_a_device_speaks_and_when_it_was_seen() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    inventory.take_changes();
    inventory.observe_flow(&flow(2, Application::Hl7, 60));
    inventory.observe_flow(&flow(2, Application::Unknown, 61));
    inventory.observe_flow(&FlowDelta {
        opinion: Opinion::of_packet_path(Application::Rdp, Evidence::Port),
        ..flow(2, Application::Rdp, 62)
    });
    let device = inventory.devices().next().unwrap();
    assert_eq!(device.applications, BTreeSet::from([Application::Hl7]));
    assert_eq!(device.last_seen, at(62));
    assert_eq!(inventory.take_changes().len(), 1);
    // Known already, and late.
    inventory.observe_flow(&flow(2, Application::Hl7, 40));
    assert_eq!(inventory.take_changes(), []);
    assert_eq!(inventory.devices().next().unwrap().last_seen, at(62));
    inventory.observe_flow(&flow(77, Application::Hl7, 70));
    assert_eq!(inventory.devices().len(), 1);
}

#[test]
fn an_address_belongs_to_who_used_it_last() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    inventory.observe_endpoint(&seen_host(3, PUMP + 1, 5, 20));
    let address = IpAddr::from(host(5));
    assert_eq!(inventory.device_of_address(address), inventory.device_of(3));
    inventory.observe_flow(&flow(2, Application::Dns, 30));
    assert_eq!(inventory.device_of_address(address), inventory.device_of(2));
    let mapped = host(5).to_ipv6_mapped().into();
    assert_eq!(inventory.device_of_address(mapped), inventory.device_of(2));
}

#[test]
fn changes_are_told_once_and_a_new_device_stays_new() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    inventory.observe_flow(&flow(2, Application::Dns, 11));
    let changes = inventory.take_changes();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].0, DeviceChange::New);
    assert!(changes[0].1.applications.contains(&Application::Dns));
    assert_eq!(inventory.take_changes(), []);
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    assert_eq!(inventory.take_changes(), []);
}

#[test]
fn a_restored_device_keeps_its_identifier_and_its_endpoints_find_it() {
    let mut before = with_router();
    before.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    before.observe_endpoint(&seen_host(3, ROUTER, 6, 10));
    let known: Vec<Device> = before.devices().cloned().collect();
    let settings = InventorySettings::default();
    let mut after = Inventory::restore(settings, known, Some(DeviceId(40)));
    assert_eq!(after.take_changes(), []);
    assert!(after.device_of_address(host(5).into()).is_some());
    // The endpoints have other indexes now.
    after.observe_endpoint(&seen_host(9, PUMP, 5, 100));
    after.observe_endpoint(&seen_host(8, ROUTER, 6, 100));
    assert_eq!(after.device_of(9), before.device_of(2));
    // No longer configured, and yet remembered as a router.
    assert_eq!(after.device_of(8), before.device_of(3));
    assert_eq!(after.take_changes(), []);
    after.observe_endpoint(&seen_host(10, PUMP + 1, 7, 100));
    assert_eq!(after.device_of(10), Some(DeviceId(41)));
}

#[test]
fn a_restored_inventory_keeps_the_latest_devices_within_its_bound() {
    let mut before = inventory();
    for number in 0..4 {
        let seconds = 100 - u64::from(number);
        before.observe_endpoint(&seen_host(2 + number, PUMP + u64::from(number), number, seconds));
    }
    let mut known: Vec<Device> = before.devices().cloned().collect();
    known.push(known[0].clone());
    let settings = InventorySettings { max_devices: 3, ..InventorySettings::default() };
    let after = Inventory::restore(settings, known, None);
    let ids: Vec<_> = after.devices().map(|device| device.id).collect();
    assert_eq!(ids, [DeviceId(1), DeviceId(2), DeviceId(3)]);
}

#[test]
fn a_new_epoch_forgets_indexes_and_no_device() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    let id = inventory.device_of(2);
    inventory.begin_epoch();
    assert_eq!(inventory.device_of(2), None);
    inventory.observe_endpoint(&seen_host(2, PUMP + 1, 6, 20));
    inventory.observe_endpoint(&seen_host(3, PUMP, 5, 20));
    assert_eq!(inventory.device_of(3), id);
    assert_ne!(inventory.device_of(2), id);
}

#[test]
fn an_index_that_changes_hands_belongs_to_its_new_endpoint() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, PUMP, 5, 10));
    inventory.observe_endpoint(&seen_host(2, PUMP + 1, 6, 20));
    assert_eq!(inventory.device_of(2), inventory.device_of_station(PUMP + 1, VLANS));
}
