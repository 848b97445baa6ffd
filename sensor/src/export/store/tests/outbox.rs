use super::*;

fn now(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + seconds * 1_000_000)
}

fn bodies(store: &Store, sink: &str, seconds: i64) -> Vec<String> {
    let entries = store.outbox_peek(sink, now(seconds), 100).unwrap();
    entries.into_iter().map(|entry| entry.body).collect()
}

fn item<'a>(alert: u64, severity: Severity, body: &'a str) -> OutboxItem<'a> {
    OutboxItem { sink: "webhook", alert, sequence: alert, severity, body, supersedes: false }
}

fn push(store: &mut Store, item: OutboxItem<'_>) {
    store.save_alerts_and_queue([], [item], now(0)).unwrap();
}

fn id_of(store: &Store, body: &str) -> i64 {
    let entries = store.outbox_peek("webhook", now(1 << 40), 100).unwrap();
    entries.into_iter().find(|entry| entry.body == body).unwrap().id
}

fn small(scratch: &Scratch) -> Store {
    let limits = StoreLimits { outbox_entries: 3, ..StoreLimits::default() };
    Store::open_with(scratch.path(), limits).unwrap().0
}

#[test]
fn entries_wait_over_a_restart_until_they_are_delivered() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, item(1, Severity::Low, "a"));
    push(&mut store, item(2, Severity::Low, "b"));
    push(&mut store, OutboxItem { sink: "syslog", ..item(3, Severity::Low, "c") });
    drop(store);
    let mut store = scratch.open();
    assert_eq!(bodies(&store, "webhook", 0), ["a", "b"]);
    assert_eq!(bodies(&store, "syslog", 0), ["c"]);
    let first = store.outbox_peek("webhook", now(0), 1).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].attempts, first[0].created), (0, now(0)));
    store.outbox_delivered(&[first[0].id]).unwrap();
    assert_eq!(bodies(&store, "webhook", 0), ["b"]);
    assert_eq!(store.outbox_len("webhook").unwrap(), 1);
    assert_eq!(store.outbox_dropped(DropReason::Full).unwrap(), 0);
    assert_eq!(store.last_sequence().unwrap(), 3);
}

#[test]
fn an_alert_and_what_is_told_of_it_are_stored_together_or_not_at_all() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let fired = alert(7, AlertState::Firing);
    // The file may not grow, so the entry finds no room after the alert was written.
    store.connection.query_row("PRAGMA max_page_count = 1", [], |_| Ok(())).unwrap();
    let long = "x".repeat(1 << 20);
    let items = [item(7, Severity::High, &long)];
    let error = store.save_alerts_and_queue([(&fired, clock())], items, now(0)).unwrap_err();
    assert_eq!(error.fault, Fault::NoSpace);
    assert_eq!(store.load_alerts(10, clock()).unwrap().rows, []);
    let items = [item(7, Severity::High, "short")];
    store.save_alerts_and_queue([(&fired, clock())], items, now(0)).unwrap();
    assert_eq!(store.load_firing(clock()).unwrap().rows, [fired]);
    assert_eq!(bodies(&store, "webhook", 0), ["short"]);
}

#[test]
fn the_worst_alerts_come_first_and_each_in_its_own_order() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, item(1, Severity::Low, "1 low"));
    push(&mut store, item(2, Severity::Medium, "2 medium"));
    push(&mut store, item(1, Severity::Critical, "1 critical"));
    push(&mut store, item(3, Severity::High, "3 high"));
    push(&mut store, item(1, Severity::Low, "1 low again"));
    assert_eq!(
        bodies(&store, "webhook", 0),
        ["1 low", "1 critical", "1 low again", "3 high", "2 medium"]
    );
}

#[test]
fn what_supersedes_takes_the_place_of_its_own_alert_only() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, item(1, Severity::Low, "1 firing"));
    push(&mut store, item(2, Severity::Low, "2 firing"));
    push(&mut store, OutboxItem { supersedes: true, ..item(1, Severity::Low, "1 resolved") });
    assert_eq!(bodies(&store, "webhook", 0), ["2 firing", "1 resolved"]);
    assert_eq!(store.outbox_dropped(DropReason::Full).unwrap(), 0);
}

#[test]
fn what_is_refused_waits_and_holds_up_its_own_alert_only() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, item(1, Severity::Low, "1 firing"));
    push(&mut store, item(2, Severity::Low, "2 firing"));
    let id = id_of(&store, "1 firing");
    store.outbox_put_off(id, now(0), Duration::from_secs(30)).unwrap();
    push(&mut store, item(1, Severity::Low, "1 resolved"));
    assert_eq!(bodies(&store, "webhook", 29), ["2 firing"]);
    assert_eq!(bodies(&store, "webhook", 30), ["1 firing", "2 firing", "1 resolved"]);
    assert_eq!(store.outbox_peek("webhook", now(30), 1).unwrap()[0].attempts, 1);
    // A wait is an hour at most.
    store.outbox_put_off(id, now(30), Duration::MAX).unwrap();
    assert_eq!(bodies(&store, "webhook", 30 + 3599), ["2 firing"]);
    assert_eq!(bodies(&store, "webhook", 30 + 3600).len(), 3);
}

#[test]
fn a_wall_clock_that_is_set_back_holds_nothing_up() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, item(1, Severity::Low, "a"));
    let id = id_of(&store, "a");
    store.outbox_put_off(id, now(86_400), Duration::from_secs(30)).unwrap();
    assert_eq!(bodies(&store, "webhook", 0), ["a"]);
}

#[test]
fn a_full_outbox_drops_the_oldest_of_the_least_severe_of_its_sink_and_counts_it() {
    let scratch = Scratch::new();
    let mut store = small(&scratch);
    push(&mut store, OutboxItem { sink: "syslog", ..item(9, Severity::Info, "other") });
    for (alert, severity, body) in [
        (1, Severity::High, "a"),
        (2, Severity::Low, "b"),
        (3, Severity::Low, "c"),
        (4, Severity::Medium, "d"),
    ] {
        push(&mut store, item(alert, severity, body));
    }
    assert_eq!(bodies(&store, "webhook", 0), ["a", "d", "c"]);
    push(&mut store, item(5, Severity::Critical, "e"));
    assert_eq!(bodies(&store, "webhook", 0), ["e", "a", "d"]);
    // What is less severe than all the others does not enter.
    push(&mut store, item(6, Severity::Info, "f"));
    assert_eq!(bodies(&store, "webhook", 0), ["e", "a", "d"]);
    assert_eq!(bodies(&store, "syslog", 0), ["other"]);
    drop(store);
    assert_eq!(small(&scratch).outbox_dropped(DropReason::Full).unwrap(), 3);
}

#[test]
fn an_outbox_that_was_made_smaller_shrinks_at_the_next_entry() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    for (alert, body) in (1..).zip(["a", "b", "c", "d", "e"]) {
        push(&mut store, item(alert, Severity::Low, body));
    }
    drop(store);
    let mut store = small(&scratch);
    push(&mut store, item(6, Severity::Low, "f"));
    assert_eq!(bodies(&store, "webhook", 0), ["d", "e", "f"]);
    assert_eq!(store.outbox_dropped(DropReason::Full).unwrap(), 3);
}

#[test]
fn what_is_given_up_and_what_waits_for_a_removed_sink_is_counted() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, item(1, Severity::Low, "a"));
    push(&mut store, item(2, Severity::Low, "b"));
    push(&mut store, OutboxItem { sink: "gone", ..item(3, Severity::Low, "c") });
    let id = id_of(&store, "a");
    store.outbox_give_up(&[id, id], DropReason::Refused).unwrap();
    assert_eq!(store.outbox_dropped(DropReason::Refused).unwrap(), 1);
    assert_eq!(store.outbox_keep_sinks(&["webhook"]).unwrap(), 1);
    assert_eq!(store.outbox_dropped(DropReason::SinkRemoved).unwrap(), 1);
    assert_eq!(bodies(&store, "webhook", 0), ["b"]);
    assert_eq!(bodies(&store, "gone", 0), [""; 0]);
}

#[test]
fn entries_of_the_schema_before_are_kept() {
    let scratch = Scratch::new();
    let old = Connection::open(scratch.file()).unwrap();
    old.execute_batch(schema::MIGRATIONS[0]).unwrap();
    old.execute_batch(
        "PRAGMA application_id = 1463898692; PRAGMA user_version = 1;
         INSERT INTO outbox (sink, severity, created, body, attempts, next_attempt)
         VALUES ('webhook', 1, 5, 'low', 0, 5), ('webhook', 4, 6, 'critical', 2, 6);",
    )
    .unwrap();
    drop(old);
    let mut store = scratch.open();
    assert_eq!(bodies(&store, "webhook", 0), ["critical", "low"]);
    store.outbox_put_off(id_of(&store, "low"), now(0), Duration::from_secs(9)).unwrap();
    assert_eq!(bodies(&store, "webhook", 0), ["critical"]);
}

#[test]
fn what_was_delivered_already_may_be_confirmed_again() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, item(1, Severity::Low, "a"));
    let id = id_of(&store, "a");
    store.outbox_delivered(&[id]).unwrap();
    store.outbox_delivered(&[id]).unwrap();
    // Identifiers are not given again, so a late confirmation meets no other entry.
    push(&mut store, item(2, Severity::Low, "b"));
    assert!(id_of(&store, "b") > id);
}
