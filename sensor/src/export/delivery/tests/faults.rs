//! Killed agents, full disks, receivers that refuse or stumble.

use super::*;

#[test]
fn an_agent_killed_at_any_point_loses_nothing_that_it_stored() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
    let mut stored: Vec<(u64, AlertState)> = Vec::new();
    for step in 0..60u64 {
        // The receiver breaks off in the middle of some deliveries, and is away for some.
        receiver.break_off_after((step % 3 == 0).then_some(1));
        receiver.go_away(step % 7 == 2);
        run.tell(step, severity_of(step), Firing);
        stored.push((step, Firing));
        if step >= 4 {
            run.tell(step - 4, severity_of(step), Resolved);
            stored.push((step - 4, Resolved));
        }
        if step % 2 == 0 {
            run.turn();
            run.now += Duration::from_secs(40);
        }
        // What a killed process leaves: the file and its log as they are.
        let left = Scratch::make();
        for name in ["wardline.db", "wardline.db-wal"] {
            std::fs::copy(scratch.path().join(name), left.path().join(name)).unwrap();
        }
        let after = Receiver::default();
        let mut next = Run::begin(Some(left.path()), 1000, &after);
        next.pass(HOUR);
        assert_eq!(next.waiting(), 0);
        let mut got = receiver.got();
        got.extend(after.got());
        let stories = stories(&got);
        for (id, state) in &stored {
            assert!(stories[id].contains(state), "{step}: {id} {state:?}");
            assert!(stories[id].is_sorted_by_key(|state| *state == Resolved), "{step}: {id}");
        }
    }
}

#[test]
fn what_a_full_disk_does_not_take_is_delivered_from_memory_and_stored_later() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
    run.store.as_ref().unwrap().refuse_writes(true);
    run.take(1, Severity::High, Firing);
    run.take(2, Severity::Low, Firing);
    assert!(run.settle().error.is_some());
    receiver.break_off_after(Some(1));
    run.turn();
    assert_eq!(receiver.got().len(), 1);
    // Tried again, and in vain: nothing is in memory twice.
    assert!(run.settle().error.is_some());
    assert_eq!(run.waiting(), 1);
    run.store.as_ref().unwrap().refuse_writes(false);
    let settled = run.settle();
    assert_eq!((settled.saved, settled.error.is_none()), (2, true));
    assert_eq!(run.waiting(), 1, "now in the store, and what was delivered is not");
    receiver.break_off_after(None);
    run.now += HOUR;
    run.pass(HOUR);
    let ids: Vec<u64> = receiver.got().iter().map(|notice| notice.alert).collect();
    assert_eq!(ids, [1, 2]);
    let firing = run.store.unwrap().load_firing(clock()).unwrap().rows;
    assert_eq!(firing.len(), 2);
}

#[test]
fn what_the_store_cannot_be_told_to_forget_is_not_delivered_over_and_over() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
    run.tell(1, Severity::High, Firing);
    run.outbox.refuse_writes(true);
    run.pass(HOUR);
    run.tell(1, Severity::High, Resolved);
    run.pass(HOUR);
    assert_eq!(stories(&receiver.got())[&1], [Firing, Resolved]);
    assert_eq!(receiver.got().len(), 2);
    run.outbox.refuse_writes(false);
    run.pass(HOUR);
    assert_eq!((run.waiting(), receiver.got().len()), (0, 2));
}

#[test]
fn the_order_within_an_alert_holds_between_store_and_memory() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
    receiver.go_away(true);
    run.tell(1, Severity::Low, Firing);
    run.tell(2, Severity::Medium, Firing);
    run.store.as_ref().unwrap().refuse_writes(true);
    run.take(1, Severity::Critical, Resolved);
    run.take(3, Severity::High, Firing);
    assert!(run.settle().error.is_some());
    receiver.go_away(false);
    run.pass(HOUR);
    let got = receiver.got();
    assert_eq!(got[0].alert, 3, "memory does not wait for the store");
    assert_eq!(stories(&got)[&1], [Firing, Resolved]);
    assert_eq!(got.len(), 4);
}

#[test]
fn without_a_store_alerts_are_delivered_from_memory_that_is_bounded() {
    let receiver = Receiver::default();
    let mut run = Run::begin(None, 1000, &receiver);
    receiver.go_away(true);
    for id in 0..21_000 {
        run.take(id, if id == 5 { Severity::High } else { Severity::Low }, Firing);
    }
    run.settle();
    assert_eq!(run.outbox.dropped(DropReason::MemoryFull), 1000);
    receiver.go_away(false);
    run.pass(HOUR);
    let got = receiver.got();
    assert_eq!((got.len(), got[0].alert), (20_000, 5));
}

#[test]
fn a_notice_that_is_refused_holds_up_its_own_alert_only_and_is_given_up_after_a_day() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
    receiver.refuse(Some(1));
    run.tell(1, Severity::High, Firing);
    run.tell(1, Severity::High, Resolved);
    run.tell(2, Severity::Low, Firing);
    run.pass(22 * HOUR);
    assert_eq!(stories(&receiver.got()), BTreeMap::from([(2, vec![Firing])]));
    assert_eq!((run.waiting(), run.outbox.dropped(DropReason::Refused)), (2, 0));
    run.pass(4 * HOUR);
    assert_eq!((run.waiting(), run.outbox.dropped(DropReason::Refused)), (1, 1));
    // The receiver is mended in time for the next.
    receiver.refuse(None);
    run.pass(2 * HOUR);
    assert_eq!(stories(&receiver.got())[&1], [Resolved]);
    assert_eq!(run.waiting(), 0);
}

#[test]
fn a_notice_over_which_the_receiver_stumbles_does_not_hold_up_the_others_for_long() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
    receiver.stumble_over(Some(1));
    run.tell(1, Severity::Critical, Firing);
    run.tell(1, Severity::Critical, Resolved);
    run.tell(2, Severity::Low, Firing);
    run.tell(3, Severity::Low, Firing);
    run.pass(Duration::from_secs(120));
    let others = BTreeMap::from([(2, vec![Firing]), (3, vec![Firing])]);
    assert_eq!(stories(&receiver.got()), others);
    assert_eq!((run.waiting(), run.outbox.dropped(DropReason::Refused)), (2, 0));
    receiver.stumble_over(None);
    run.pass(2 * HOUR);
    assert_eq!(stories(&receiver.got())[&1], [Firing, Resolved]);
    assert_eq!(run.waiting(), 0);
}

#[test]
fn damaged_entries_are_counted_and_hold_up_nothing() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
    let item = crate::export::store::OutboxItem {
        sink: "receiver",
        alert: 77,
        sequence: 1,
        severity: Severity::Critical,
        body: "{\"alert\":",
        supersedes: false,
    };
    run.store.as_mut().unwrap().save_alerts_and_queue([], [item], START).unwrap();
    run.tell(1, Severity::High, Firing);
    run.pass(HOUR);
    assert_eq!((run.waiting(), run.outbox.dropped(DropReason::Unreadable)), (0, 1));
    assert_eq!(receiver.got().len(), 1);
}
