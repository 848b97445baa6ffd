use sensor_common::flow::{FlowKeyFields, Network};

use super::*;

/// A flow from a station and a host, for whose endpoint there was no room.
fn beyond(station: u64, number: u32, seconds: u64) -> FlowDelta {
    let key = FlowKey::new(&FlowKeyFields {
        network: Network::Ipv4,
        source: [station << 16, host(number).to_bits().into()],
        destination: [ROUTER << 16, host(1).to_bits().into()],
        source_port: 40_000,
        destination_port: 445,
        outer_vlan: 20,
        inner_vlan: 0,
        interface: 3,
        protocol: 6,
    });
    FlowDelta { key, ..flow(OVERFLOW, Application::Unknown, seconds) }
}

#[test]
fn a_station_for_which_the_kernel_had_no_room_is_a_device_all_the_same() {
    let mut inventory = Inventory::new(InventorySettings::default());
    let newcomer = beyond(PUMP, 7, 1);
    assert_eq!(inventory.source_of(&newcomer), None);
    inventory.observe_flow(&newcomer);
    let id = inventory.source_of(&newcomer).unwrap();
    assert_eq!(inventory.device_of_station(PUMP, VLANS), Some(id));
    assert_eq!(inventory.device_of_address(host(7).into()), Some(id));
    // Forged addresses make no further devices, and are not taken from their owners.
    for number in 8..2000 {
        inventory.observe_flow(&beyond(PUMP, number, 2));
    }
    assert_eq!(inventory.devices().len(), 1);
    assert_eq!(inventory.device(id).unwrap().addresses.len(), 1);
}

#[test]
fn behind_a_router_the_known_are_told_apart_and_nobody_is_added() {
    let settings = InventorySettings { routers: vec![ROUTER], ..InventorySettings::default() };
    let mut inventory = Inventory::new(settings);
    inventory.observe_endpoint(&seen_host(FIRST_ENDPOINT, ROUTER, 7, 0));
    let known = inventory.device_of(FIRST_ENDPOINT);
    let devices = inventory.devices().len();
    for number in 7..100 {
        inventory.observe_flow(&beyond(ROUTER, number, 1));
    }
    assert_eq!(inventory.source_of(&beyond(ROUTER, 7, 1)), known);
    assert_eq!(inventory.source_of(&beyond(ROUTER, 8, 1)), None);
    assert_eq!(inventory.devices().len(), devices);
}

#[test]
fn more_stations_than_there_is_room_for_are_counted() {
    let settings = InventorySettings { max_devices: 2, ..InventorySettings::default() };
    let mut inventory = Inventory::new(settings);
    for station in 0..5 {
        inventory.observe_flow(&beyond(PUMP + station, 7, 1));
    }
    assert_eq!((inventory.devices().len(), inventory.refused()), (2, 3));
}
