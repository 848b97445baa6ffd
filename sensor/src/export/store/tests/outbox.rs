use super::*;

fn now(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + seconds * 1_000_000)
}

fn bodies(store: &Store, sink: &str, seconds: i64) -> Vec<String> {
    let entries = store.outbox_peek(sink, now(seconds), 100).unwrap();
    entries.into_iter().map(|entry| entry.body).collect()
}

fn push(store: &mut Store, severity: Severity, body: &str) -> Option<i64> {
    store.outbox_push("webhook", severity, body, now(0)).unwrap()
}

fn small(scratch: &Scratch) -> Store {
    let limits = StoreLimits { outbox_entries: 3, ..StoreLimits::default() };
    Store::open_with(scratch.path(), limits).unwrap().0
}

#[test]
fn entries_wait_in_order_over_a_restart_until_they_are_delivered() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    push(&mut store, Severity::Low, "a").unwrap();
    push(&mut store, Severity::Critical, "b").unwrap();
    store.outbox_push("syslog", Severity::Low, "c", now(0)).unwrap();
    drop(store);
    let mut store = scratch.open();
    assert_eq!(bodies(&store, "webhook", 0), ["a", "b"]);
    assert_eq!(bodies(&store, "syslog", 0), ["c"]);
    let first = store.outbox_peek("webhook", now(0), 1).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!((first[0].attempts, first[0].created), (0, now(0)));
    store.outbox_delivered(first[0].id).unwrap();
    assert_eq!(bodies(&store, "webhook", 0), ["b"]);
    assert_eq!(store.outbox_len().unwrap(), 2);
    assert_eq!(store.outbox_dropped().unwrap(), 0);
}

#[test]
fn a_failed_entry_is_due_again_after_its_wait() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let id = push(&mut store, Severity::Low, "a").unwrap();
    store.outbox_failed(id, now(0), Duration::from_secs(30)).unwrap();
    assert_eq!(bodies(&store, "webhook", 29), [""; 0]);
    assert_eq!(bodies(&store, "webhook", 30), ["a"]);
    let entry = store.outbox_peek("webhook", now(30), 1).unwrap();
    assert_eq!(entry[0].attempts, 1);
    // A wait is an hour at most.
    store.outbox_failed(id, now(30), Duration::MAX).unwrap();
    assert_eq!(bodies(&store, "webhook", 30 + 3599), [""; 0]);
    assert_eq!(bodies(&store, "webhook", 30 + 3600), ["a"]);
}

#[test]
fn a_wall_clock_that_is_set_back_holds_nothing_up() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let id = push(&mut store, Severity::Low, "a").unwrap();
    store.outbox_failed(id, now(86_400), Duration::from_secs(30)).unwrap();
    assert_eq!(bodies(&store, "webhook", 0), ["a"]);
}

#[test]
fn a_full_outbox_drops_the_oldest_of_the_least_severe_and_counts_it() {
    let scratch = Scratch::new();
    let mut store = small(&scratch);
    for (severity, body) in
        [(Severity::High, "a"), (Severity::Low, "b"), (Severity::Low, "c"), (Severity::Medium, "d")]
    {
        assert!(push(&mut store, severity, body).is_some());
    }
    assert_eq!(bodies(&store, "webhook", 0), ["a", "c", "d"]);
    assert_eq!(store.outbox_dropped().unwrap(), 1);
    assert!(push(&mut store, Severity::Critical, "e").is_some());
    assert_eq!(bodies(&store, "webhook", 0), ["a", "d", "e"]);
    assert_eq!(store.outbox_len().unwrap(), 3);
}

#[test]
fn what_is_less_severe_than_a_full_outbox_does_not_enter() {
    let scratch = Scratch::new();
    let mut store = small(&scratch);
    for body in ["a", "b", "c"] {
        push(&mut store, Severity::High, body).unwrap();
    }
    assert_eq!(push(&mut store, Severity::Info, "d"), None);
    assert_eq!(bodies(&store, "webhook", 0), ["a", "b", "c"]);
    drop(store);
    assert_eq!(small(&scratch).outbox_dropped().unwrap(), 1);
}

#[test]
fn an_outbox_that_was_made_smaller_shrinks_at_the_next_entry() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    for body in ["a", "b", "c", "d", "e"] {
        push(&mut store, Severity::Low, body).unwrap();
    }
    drop(store);
    let mut store = small(&scratch);
    push(&mut store, Severity::Low, "f").unwrap();
    assert_eq!(bodies(&store, "webhook", 0), ["d", "e", "f"]);
    assert_eq!(store.outbox_dropped().unwrap(), 3);
}

#[test]
fn what_was_delivered_already_may_be_confirmed_again() {
    let scratch = Scratch::new();
    let mut store = scratch.open();
    let id = push(&mut store, Severity::Low, "a").unwrap();
    store.outbox_delivered(id).unwrap();
    store.outbox_delivered(id).unwrap();
    // Identifiers are not given again, so a late confirmation meets no other entry.
    let next = push(&mut store, Severity::Low, "b").unwrap();
    assert!(next > id);
}
