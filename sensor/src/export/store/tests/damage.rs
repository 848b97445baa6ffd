//! Whatever is in the file, the store opens.

use super::{records::records, *};

/// Numbers that differ and repeat from run to run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// The octets of a store with something in every table.
fn filled() -> Vec<u8> {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let devices: Vec<_> = (1..=40).map(station).collect();
    store.save_devices(&devices, clock()).unwrap();
    for id in 0..20 {
        let fired = alert(id, AlertState::Firing);
        let item = entry(id);
        store
            .save_alerts_and_queue([(&fired, clock())], [item], Timestamp::from_micros(0))
            .unwrap();
    }
    store.save_records(&records()).unwrap();
    store.save_profiles(&[(crate::inventory::DeviceId(1), "{}".repeat(300))]).unwrap();
    drop(store);
    fs::read(scratch.file()).unwrap()
}

fn entry(alert: u64) -> OutboxItem<'static> {
    let severity = Severity::Low;
    let sequence = alert + 1;
    OutboxItem { sink: "webhook", alert, sequence, severity, body: "body", supersedes: false }
}

/// Opens whatever is there and uses all of it.
fn open_and_use(scratch: &Scratch) -> Opened {
    let (mut store, opened) = Store::open(scratch.path()).unwrap();
    let devices = store.load_devices(clock()).unwrap();
    let alerts = store.load_alerts(1000, clock()).unwrap();
    store.load_firing(clock()).unwrap();
    let entries = store.outbox_peek("webhook", Timestamp::from_micros(1), 1000).unwrap();
    store.save_devices(&devices.rows, clock()).unwrap();
    store.save_devices(&[station(1000)], clock()).unwrap();
    for alert in &alerts.rows {
        store.save_alert(alert, clock()).unwrap();
    }
    for entry in entries {
        store.outbox_delivered(&[entry.id]).unwrap();
    }
    store.save_alerts_and_queue([], [entry(9)], Timestamp::from_micros(0)).unwrap();
    drop(store);
    let store = scratch.open();
    assert!(!store.load_devices(clock()).unwrap().rows.is_empty());
    opened
}

fn corruption(opened: Opened) -> Recovery {
    let recovery = opened.recovered_from.unwrap();
    assert!(matches!(recovery.cause, RecoveryCause::Corrupt(_)));
    recovery
}

/// As many as the plan says in `cargo xtask soak faults`, which sets this.
fn copies() -> usize {
    if std::env::var_os("WARDLINE_FAULTS_AT_LENGTH").is_some() { 10_000 } else { 200 }
}

#[test]
fn every_one_of_many_damaged_copies_opens() {
    let whole = filled();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut recovered = 0;
    let copies = copies();
    for copy in 0..copies {
        let scratch = Scratch::new();
        let mut octets = whole.clone();
        // Every other copy is hit in its header or schema page, where it hurts most.
        let reach = if copy % 2 == 0 { octets.len() } else { 512 };
        for _ in 0..=numbers.below(8) {
            octets[numbers.below(reach)] ^= 1 << numbers.below(8);
        }
        fs::write(scratch.file(), &octets).unwrap();
        if let Some(recovery) = open_and_use(&scratch).recovered_from {
            recovered += 1;
            assert!(recovery.set_aside.exists());
        }
    }
    // Some damage is of no consequence, and some must have been found.
    println!("{copies} damaged copies, {recovered} of them set aside: all open");
    assert!((1..copies).contains(&recovered), "{recovered}");
}

#[test]
fn every_octet_of_the_header_may_be_damaged() {
    let whole = filled();
    for offset in 0..100 {
        for mask in [0xff, 0x01] {
            let scratch = Scratch::new();
            let mut octets = whole.clone();
            octets[offset] ^= mask;
            fs::write(scratch.file(), &octets).unwrap();
            open_and_use(&scratch);
        }
    }
}

#[test]
fn a_file_cut_anywhere_opens() {
    let whole = filled();
    for part in 0..32 {
        let scratch = Scratch::new();
        fs::write(scratch.file(), &whole[..whole.len() * part / 32]).unwrap();
        let opened = open_and_use(&scratch);
        assert_eq!(opened.recovered_from.is_some(), part > 0, "{part}");
    }
}

#[test]
fn a_damaged_file_is_set_aside_as_it_was_and_reported() {
    let scratch = Scratch::new();
    for number in 1..=3 {
        let octets = vec![number; 5000];
        fs::write(scratch.file(), &octets).unwrap();
        let recovery = corruption(open_and_use(&scratch));
        let name = format!("wardline.db.corrupt-{number}");
        assert_eq!(recovery.set_aside, scratch.path().join(name));
        assert_eq!(fs::read(recovery.set_aside).unwrap(), octets);
    }
}

#[test]
fn only_the_latest_damaged_files_are_kept() {
    let scratch = Scratch::new();
    for _ in 0..12 {
        fs::write(scratch.file(), [1; 5000]).unwrap();
        corruption(Store::open(scratch.path()).unwrap().1);
    }
    let is_kept = |number: u32| {
        let name = format!("wardline.db.corrupt-{number}");
        scratch.path().join(name).exists()
    };
    assert!(!is_kept(4));
    assert!((5..=12).all(is_kept));
}

#[test]
fn the_log_of_a_damaged_file_goes_with_it() {
    let scratch = Scratch::new();
    fs::write(scratch.file(), filled()).unwrap();
    let mut store = scratch.open();
    store.save_devices(&[station(1)], clock()).unwrap();
    // The file and its log as they are when the agent is killed.
    let log = scratch.path().join("wardline.db-wal");
    let killed = Scratch::new();
    let octets = fs::read(&log).unwrap();
    fs::write(killed.path().join("wardline.db-wal"), &octets).unwrap();
    let mut damaged = fs::read(scratch.file()).unwrap();
    damaged[100..].fill(1);
    fs::write(killed.file(), &damaged).unwrap();

    let recovery = corruption(open_and_use(&killed));
    assert_eq!(fs::read(recovery.set_aside).unwrap(), damaged);
    let kept = killed.path().join("wardline.db.corrupt-1-wal");
    assert_eq!(fs::read(kept).unwrap(), octets);
}

#[test]
fn a_file_whose_log_is_damaged_keeps_what_was_in_it_before() {
    let whole = filled();
    let mut numbers = Numbers(77);
    let scratch = Scratch::new();
    fs::write(scratch.file(), &whole).unwrap();
    let mut store = scratch.open();
    store.save_devices(&[station(500)], clock()).unwrap();
    let log = fs::read(scratch.path().join("wardline.db-wal")).unwrap();
    for _ in 0..50 {
        let killed = Scratch::new();
        let mut octets = log.clone();
        octets[numbers.below(log.len())] ^= 1 << numbers.below(8);
        fs::write(killed.path().join("wardline.db-wal"), &octets).unwrap();
        fs::write(killed.file(), &whole).unwrap();
        let store = killed.open();
        let devices = store.load_devices(clock()).unwrap().rows;
        assert!(devices.starts_with(&(1..=40).map(station).collect::<Vec<_>>()));
    }
}

#[test]
fn what_was_committed_survives_a_kill() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.save_devices(&[station(1)], clock()).unwrap();
    let killed = Scratch::new();
    for name in ["wardline.db", "wardline.db-wal"] {
        fs::copy(scratch.path().join(name), killed.path().join(name)).unwrap();
    }
    let loaded = killed.open().load_devices(clock()).unwrap();
    assert_eq!(loaded.rows, [station(1)]);
}

#[test]
fn the_database_of_another_program_is_set_aside() {
    let scratch = Scratch::new();
    let other = Connection::open(scratch.file()).unwrap();
    other.execute_batch("CREATE TABLE devices (id)").unwrap();
    drop(other);
    let recovery = open_and_use(&scratch).recovered_from.unwrap();
    assert_eq!(recovery.cause, RecoveryCause::Foreign);
}

#[test]
fn a_directory_in_the_files_place_is_set_aside() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.file()).unwrap();
    let recovery = open_and_use(&scratch).recovered_from.unwrap();
    assert_eq!(recovery.cause, RecoveryCause::Foreign);
    assert!(recovery.set_aside.is_dir());
}

#[test]
fn the_file_of_a_newer_version_is_set_aside_whole() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    store.save_devices(&[station(1)], clock()).unwrap();
    store.connection.pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    let recovery = open_and_use(&scratch).recovered_from.unwrap();
    assert_eq!(recovery.cause, RecoveryCause::Newer(99));
    // The newer version finds everything when the file is put back.
    let newer = Connection::open(recovery.set_aside).unwrap();
    let count: i64 = newer.query_row("SELECT count(*) FROM devices", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn an_empty_database_of_version_0_is_migrated() {
    let scratch = Scratch::new();
    let empty = Connection::open(scratch.file()).unwrap();
    empty.execute_batch("PRAGMA user_version = 0; VACUUM").unwrap();
    drop(empty);
    assert!(fs::metadata(scratch.file()).unwrap().len() > 0);
    let mut store = scratch.open();
    store.save_devices(&[station(1)], clock()).unwrap();
    let version: i64 =
        store.connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 6);
}

#[test]
fn tables_that_are_not_ours_are_found_out() {
    let scratch = Scratch::new();
    let store = scratch.open();
    store.connection.execute_batch("ALTER TABLE alerts RENAME COLUMN rule TO rune").unwrap();
    drop(store);
    corruption(open_and_use(&scratch));
}
