mod damage;
mod outbox;
mod records;
mod scratch;

use std::{collections::BTreeSet, net::IpAddr};

use scratch::Scratch;
use sensor_common::application::Application;

use super::*;
use crate::{
    detect::{Alert, AlertState, Severity},
    inventory::{Device, DeviceId, DeviceKey},
};

/// A wall clock that shows 2026-01-01 at moment zero.
fn clock() -> WallClock {
    clock_started(0)
}

/// The clock of a run that began so many seconds after that.
fn clock_started(seconds: i64) -> WallClock {
    let timestamp = Timestamp::from_micros(1_767_225_600_000_000 + seconds * 1_000_000);
    WallClock::new(Moment::default(), timestamp)
}

fn at(seconds: u64) -> Moment {
    Moment::from_micros(seconds * 1_000_000)
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn station(id: u32) -> Device {
    Device {
        id: DeviceId(id),
        key: DeviceKey::Station { station: 0x0030_e600_0000 + u64::from(id), vlans: 20 << 16 },
        vendor: Some("Draeger Medical".into()),
        vendor_is_module_maker: true,
        is_locally_administered: false,
        host_name: Some("münchen-12".into()),
        vendor_class: None,
        addresses: BTreeSet::from([address("10.20.0.5"), address("fe80::1")]),
        applications: BTreeSet::from([Application::Hl7, Application::Dns]),
        interface: 3,
        is_router: false,
        first_seen: at(100),
        last_seen: at(200),
    }
}

fn host(id: u32) -> Device {
    Device {
        key: DeviceKey::Address(address("2001:db8::7")),
        vendor: None,
        vendor_is_module_maker: false,
        is_locally_administered: true,
        host_name: None,
        vendor_class: Some("MSFT 5.0".into()),
        addresses: BTreeSet::new(),
        applications: BTreeSet::new(),
        is_router: true,
        ..station(id)
    }
}

fn alert(id: u64, state: AlertState) -> Alert {
    Alert {
        id,
        rule: "WL-002".into(),
        name: "smb_fan_out".into(),
        severity: Severity::High,
        state,
        device: DeviceId(7),
        metric: "distinct_peers".into(),
        value: 41.5,
        limit: 20.0,
        window: Duration::from_secs(60),
        summary: "Device 7 spoke SMB to 41 peers within 60 s.".into(),
        evidence_since: at(id),
        fired_at: at(id + 10),
        found_at: at(id + 10),
        resolved_at: (state == AlertState::Resolved).then_some(at(id + 20)),
        evidence: Default::default(),
        marks: Box::default(),
    }
}

#[test]
fn devices_come_back_as_they_were_saved() {
    let scratch = Scratch::new();
    let devices = vec![station(1), host(2), station(u32::MAX)];
    let mut store = scratch.open();
    store.save_devices(&devices, clock()).unwrap();
    drop(store);
    let loaded = scratch.open().load_devices(clock()).unwrap();
    assert_eq!(loaded.rows, devices);
    assert_eq!(loaded.unreadable, 0);
}

/// A confined worker may write beside the store only, and thousands of alerts are sorted.
#[test]
fn what_is_sorted_needs_no_file_elsewhere() {
    let store = Scratch::new().open();
    let place: i64 = store.connection.query_row("PRAGMA temp_store", [], |row| row.get(0)).unwrap();
    assert_eq!(place, 2, "2 is memory");
}

#[test]
fn a_device_saved_again_replaces_itself_and_no_other() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.save_devices(&[station(1), station(2)], clock()).unwrap();
    let changed = Device { host_name: Some("pump".into()), last_seen: at(300), ..station(2) };
    store.save_devices(std::slice::from_ref(&changed), clock()).unwrap();
    let loaded = store.load_devices(clock()).unwrap();
    assert_eq!(loaded.rows, [station(1), changed]);
}

#[test]
fn moments_are_read_by_the_clock_of_the_run_that_reads() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.save_devices(&[station(1)], clock()).unwrap();
    let later = clock_started(150);
    let device = store.load_devices(later).unwrap().rows.remove(0);
    // 100 s after the first clock's zero is before the second one's.
    assert_eq!(device.first_seen, at(0));
    assert_eq!(device.last_seen, at(50));
    store.save_devices(&[device], later).unwrap();
    let device = store.load_devices(clock()).unwrap().rows.remove(0);
    assert_eq!((device.first_seen, device.last_seen), (at(100), at(200)));
}

#[test]
fn the_identifier_of_a_forgotten_device_is_remembered() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    assert_eq!(store.highest_device_id().unwrap(), None);
    store.save_devices(&[station(1), station(9)], clock()).unwrap();
    store.save_devices(&[station(4)], clock()).unwrap();
    store.forget_devices(&[DeviceId(9), DeviceId(77)]).unwrap();
    drop(store);
    let store = scratch.open();
    assert_eq!(store.load_devices(clock()).unwrap().rows.len(), 2);
    assert_eq!(store.highest_device_id().unwrap(), Some(DeviceId(9)));
}

#[test]
fn a_row_that_cannot_be_understood_is_counted_and_passed_over() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let devices: Vec<_> = (1..=6).map(station).collect();
    store.save_devices(&devices, clock()).unwrap();
    for change in [
        "station = -1 WHERE id = 1",
        "address = 'x' WHERE id = 2",
        "addresses = '10.0.0.1 10.0.0' WHERE id = 3",
        "host_name = CAST(x'ff' AS TEXT) WHERE id = 4",
        "applications = 'hl7 newer_than_us' WHERE id = 5",
    ] {
        let update = format!("UPDATE devices SET {change}");
        store.connection.execute(&update, []).unwrap();
    }
    let loaded = store.load_devices(clock()).unwrap();
    assert_eq!(loaded.unreadable, 4);
    assert_eq!(loaded.rows.len(), 2);
    assert_eq!(loaded.rows[0].applications, BTreeSet::from([Application::Hl7]));
    assert_eq!(loaded.rows[1], station(6));
}

#[test]
fn alerts_come_back_as_they_were_saved() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let firing = Alert { id: u64::MAX - 1, ..alert(1, AlertState::Firing) };
    let resolved = alert(5, AlertState::Resolved);
    store.save_alert(&firing, clock()).unwrap();
    store.save_alert(&resolved, clock()).unwrap();
    drop(store);
    let store = scratch.open();
    let loaded = store.load_alerts(10, clock()).unwrap();
    assert_eq!(loaded.rows, [resolved.clone(), firing.clone()]);
    assert_eq!(store.load_alerts(1, clock()).unwrap().rows, [resolved]);
    assert_eq!(store.load_firing(clock()).unwrap().rows, [firing]);
}

#[test]
fn a_resolved_alert_takes_the_place_of_the_firing_one() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.save_alert(&alert(5, AlertState::Firing), clock()).unwrap();
    store.save_alert(&alert(5, AlertState::Resolved), clock()).unwrap();
    assert_eq!(store.load_firing(clock()).unwrap().rows, []);
    let loaded = store.load_alerts(10, clock()).unwrap();
    assert_eq!(loaded.rows, [alert(5, AlertState::Resolved)]);
}

#[test]
fn every_severity_and_a_value_that_is_no_number_come_back() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    for (id, severity) in
        [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
            .into_iter()
            .enumerate()
    {
        let alert = Alert {
            severity,
            value: f64::NAN,
            limit: f64::INFINITY,
            ..alert(id as u64, AlertState::Firing)
        };
        store.save_alert(&alert, clock()).unwrap();
        let loaded = store.load_firing(clock()).unwrap().rows.pop().unwrap();
        assert_eq!(loaded.severity, severity);
        assert!(loaded.value.is_nan());
        assert_eq!(loaded.limit, f64::INFINITY);
    }
}

#[test]
fn the_oldest_resolved_alerts_make_room_and_firing_ones_stay() {
    let scratch = Scratch::new();
    let limits = StoreLimits { alerts: 3, ..StoreLimits::default() };
    let (mut store, _) = Store::open_with(scratch.path(), limits).unwrap();
    store.save_alert(&alert(1, AlertState::Firing), clock()).unwrap();
    for id in 2..=6 {
        store.save_alert(&alert(id, AlertState::Resolved), clock()).unwrap();
    }
    let ids = |store: &Store| -> Vec<u64> {
        let loaded = store.load_alerts(10, clock()).unwrap();
        loaded.rows.iter().map(|alert| alert.id).collect()
    };
    assert_eq!(ids(&store), [6, 5, 1]);
    for id in 7..=10 {
        store.save_alert(&alert(id, AlertState::Firing), clock()).unwrap();
    }
    assert_eq!(ids(&store), [10, 9, 8, 7, 1]);
}

#[test]
fn the_directory_and_the_files_are_for_their_owner_only() {
    let scratch = Scratch::new();
    let directory = scratch.path().join("deep").join("state");
    let (mut store, _) = Store::open(&directory).unwrap();
    store.save_devices(&[station(1)], clock()).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for name in ["wardline.db", "wardline.db-wal"] {
        assert_eq!(mode(&directory.join(name)), 0o600, "{name}");
    }
    drop(store);
    let file = directory.join("wardline.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&directory).unwrap();
    assert_eq!(mode(&file), 0o600);
}

#[test]
fn every_commit_is_on_disk_before_the_call_returns() {
    let scratch = Scratch::new();
    let store = scratch.open();
    let number = |name| -> i64 {
        store.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    };
    assert_eq!(number("synchronous"), 2);
    let mode: String =
        store.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_state_directory_that_is_a_file_is_told_with_a_remedy() {
    let scratch = Scratch::new();
    let path = scratch.path().join("file");
    fs::write(&path, b"x").unwrap();
    let error = Store::open(&path).unwrap_err();
    assert_eq!(error.fault, Fault::Other);
    let text = error.to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.contains("make the state directory"), "{text}");
    assert!(text.contains(Fault::Other.remedy()), "{text}");
}

#[test]
fn without_space_nothing_of_a_call_is_stored_and_later_calls_go_on() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.save_devices(&[station(1)], clock()).unwrap();
    let limit_pages = |store: &Store, pages: i64| {
        store
            .connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    };
    limit_pages(&store, 1);
    let many: Vec<_> = (1..=500).map(station).collect();
    let error = store.save_devices(&many, clock()).unwrap_err();
    assert_eq!(error.fault, Fault::NoSpace);
    assert_eq!(store.load_devices(clock()).unwrap().rows.len(), 1);
    limit_pages(&store, 100_000);
    store.save_devices(&many, clock()).unwrap();
    assert_eq!(store.load_devices(clock()).unwrap().rows.len(), 500);
}

#[test]
fn another_process_that_writes_is_waited_for_and_then_told() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.connection.busy_timeout(Duration::ZERO).unwrap();
    let other = Connection::open(scratch.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.save_devices(&[station(1)], clock()).unwrap_err();
    assert_eq!(error.fault, Fault::Busy);
    other.execute_batch("COMMIT").unwrap();
    store.save_devices(&[station(1)], clock()).unwrap();
}
