use super::*;

#[test]
fn each_host_behind_a_configured_router_is_a_device() {
    let mut inventory = with_router();
    inventory.observe_endpoint(&seen(2, ROUTER, [0; 2], 10));
    inventory.observe_endpoint(&seen_host(3, ROUTER, 5, 10));
    inventory.observe_endpoint(&seen_host(4, ROUTER, 6, 10));
    let router = inventory.device_of_station(ROUTER, VLANS);
    assert_eq!(inventory.device_of(2), router);
    assert_eq!(inventory.devices().len(), 3);
    let device = inventory.device(inventory.device_of(3).unwrap()).unwrap();
    assert_eq!(device.key, DeviceKey::Address(host(5).into()));
    assert_eq!(device.vendor, None);
    let router = inventory.device(router.unwrap()).unwrap();
    assert!(router.is_router && router.addresses.is_empty());
}

#[test]
fn a_router_keeps_its_link_local_address() {
    let mut inventory = with_router();
    inventory.observe_endpoint(&seen(2, ROUTER, [0xfe80 << 48, 1], 10));
    assert_eq!(inventory.devices().len(), 1);
    let router = inventory.devices().next().unwrap();
    assert!(router.is_router);
    assert_eq!(router.addresses.len(), 1);
}

#[test]
fn virtual_routers_are_routers_from_their_first_frame() {
    let mut inventory = inventory();
    inventory.observe_endpoint(&seen_host(2, 0x0000_5e00_010a, 5, 10));
    let router = inventory.device_of_station(0x0000_5e00_010a, VLANS).unwrap();
    assert!(inventory.device(router).unwrap().is_router);
    assert_ne!(inventory.device_of(2), Some(router));
}

#[test]
fn a_station_that_turns_out_to_be_a_router_gives_its_addresses_away() {
    let mut inventory = inventory();
    for number in 0..16 {
        inventory.observe_endpoint(&seen_host(2 + number, ROUTER, number, 10 + u64::from(number)));
    }
    inventory.observe_endpoint(&seen(99, ROUTER, [0xfe80 << 48, 1], 30));
    let router = inventory.device_of_station(ROUTER, VLANS).unwrap();
    assert_eq!(inventory.devices().len(), 1);
    assert_eq!(inventory.device(router).unwrap().addresses.len(), 17);
    inventory.take_changes();

    inventory.observe_endpoint(&seen_host(18, ROUTER, 16, 40));
    assert_eq!(inventory.devices().len(), 18);
    let device = inventory.device(router).unwrap();
    assert!(device.is_router);
    assert_eq!(device.addresses.len(), 1);
    assert_eq!(inventory.device_of(99), Some(router));
    for number in 0..17 {
        let id = inventory.device_of(2 + number).unwrap();
        let device = inventory.device(id).unwrap();
        assert_eq!(device.key, DeviceKey::Address(host(number).into()));
        assert_eq!(inventory.device_of_address(host(number).into()), Some(id));
        let first_seen = if number == 16 { 40 } else { 10 + u64::from(number) };
        assert_eq!(device.first_seen, at(first_seen));
    }
    let changes = inventory.take_changes();
    let (new, updated): (Vec<_>, Vec<_>) =
        changes.into_iter().partition(|(change, _)| *change == DeviceChange::New);
    assert_eq!(new.len(), 17);
    assert_eq!(updated.len(), 1);
    assert_eq!(updated[0].1.id, router);
}

#[test]
fn addresses_of_past_weeks_make_no_router() {
    let mut inventory = inventory();
    let week = 7 * 24 * 3600;
    for number in 0..40 {
        inventory.observe_endpoint(&seen_host(2 + number, PUMP, number, week * u64::from(number)));
    }
    assert_eq!(inventory.devices().len(), 1);
    let device = inventory.devices().next().unwrap();
    assert!(!device.is_router);
    assert_eq!(device.addresses.len(), 32);
    assert!(device.addresses.contains(&host(0).into()));
    assert!(!device.addresses.contains(&host(39).into()));
}

#[test]
fn addresses_that_come_back_to_life_together_make_a_router() {
    let mut inventory = inventory();
    let day = 24 * 3600;
    for number in 0..17 {
        inventory.observe_endpoint(&seen_host(2 + number, ROUTER, number, day * u64::from(number)));
    }
    assert_eq!(inventory.devices().len(), 1);
    for number in 0..16 {
        assert_eq!(inventory.devices().len(), 1);
        inventory.observe_flow(&flow(2 + number, Application::Dns, 16 * day + 5));
    }
    assert_eq!(inventory.devices().len(), 18);
}

#[test]
fn a_station_configured_as_a_router_later_gives_up_its_restored_addresses() {
    let mut before = inventory();
    before.observe_endpoint(&seen_host(2, ROUTER, 5, 10));
    let known = before.devices().cloned().collect();
    let settings = InventorySettings { routers: vec![ROUTER], ..InventorySettings::default() };
    let mut after = Inventory::restore(settings, known, None);
    after.observe_endpoint(&seen_host(2, ROUTER, 5, 10));
    let router = after.device_of_station(ROUTER, VLANS).unwrap();
    assert!(after.device(router).unwrap().addresses.is_empty());
    assert_ne!(after.device_of_address(host(5).into()), Some(router));
}

#[test]
fn a_flood_of_addresses_in_one_prefix_is_one_device() {
    let mut inventory = inventory();
    for number in 0..20_000 {
        let address = [0x2001_0db8 << 32, u64::from(number) + 1];
        inventory.observe_endpoint(&seen(2 + number, PUMP, address, 10));
    }
    assert_eq!(inventory.devices().len(), 1);
    assert_eq!(inventory.devices().next().unwrap().addresses.len(), 32);
}
