//! The mechanism, with receivers in memory and clocks that the tests turn.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    courier::{Counts, Courier},
    fixture::*,
    *,
};
use crate::{
    detect::AlertState::{self, Firing, Resolved},
    export::store::StoreLimits,
};

const HOUR: Duration = Duration::from_secs(3600);

/// One run of the agent, as far as alerts are concerned.
struct Run {
    desk: Desk,
    courier: Courier,
    outbox: Arc<Outbox>,
    store: Option<Store>,
    began: Instant,
    now: Duration,
}

impl Run {
    fn begin(directory: Option<&std::path::Path>, limit: u32, receiver: &Receiver) -> Self {
        let limits = StoreLimits { outbox_entries: limit, ..StoreLimits::default() };
        let open = || directory.map(|path| Store::open_with(path, limits).unwrap().0);
        let sinks: Arc<[Address]> = Arc::new([address("receiver")]);
        let outbox = Arc::new(Outbox::new(open(), &sinks));
        let desk = Desk::new(Arc::clone(&outbox), Arc::clone(&sinks), START);
        let courier = Courier::new(
            0,
            sinks[0].clone(),
            Box::new(receiver.clone()),
            Arc::clone(&outbox),
            Arc::new(Counts::default()),
        );
        let began = Instant::now();
        Self { desk, courier, outbox, store: open(), began, now: Duration::ZERO }
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_micros(START.as_micros() + self.now.as_micros() as i64)
    }

    fn take(&mut self, id: u64, severity: Severity, state: AlertState) {
        self.desk.take(alert(id, severity, state), None, clock(), self.wall());
    }

    fn settle(&mut self) -> Settled {
        let now = self.wall();
        self.desk.settle(self.store.as_mut(), now)
    }

    fn tell(&mut self, id: u64, severity: Severity, state: AlertState) {
        self.take(id, severity, state);
        let settled = self.settle();
        assert!(settled.error.is_none(), "{settled:?}");
    }

    fn turn(&mut self) -> Duration {
        self.courier.turn(self.began + self.now, self.wall())
    }

    /// Turns the clock on by `span`, and the courier whenever it is its time.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let pause = self.turn();
            if self.now + pause >= end {
                self.now = end;
                return;
            }
            self.now += pause;
        }
    }

    fn waiting(&self) -> u64 {
        self.outbox.len(0, &address("receiver")).unwrap()
    }
}

/// What was told of each alert, in the order of arrival and without what came twice.
fn stories(got: &[Notice]) -> BTreeMap<u64, Vec<AlertState>> {
    let mut keys = BTreeSet::new();
    let mut stories: BTreeMap<u64, Vec<AlertState>> = BTreeMap::new();
    for notice in got {
        if keys.insert(notice.key()) {
            stories.entry(notice.alert).or_default().push(notice.state);
        }
    }
    stories
}

fn severity_of(id: u64) -> Severity {
    match id % 10 {
        0 => Severity::Critical,
        1 | 2 => Severity::High,
        3..6 => Severity::Medium,
        _ => Severity::Low,
    }
}

#[test]
fn a_receiver_that_is_away_for_fourteen_days_misses_nothing() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 20_000, &receiver);
    receiver.go_away(true);
    let hours = 14 * 24;
    for hour in 0..hours {
        for alert in 0..10 {
            run.take(hour * 10 + alert, severity_of(alert), Firing);
            if hour > 0 {
                run.take((hour - 1) * 10 + alert, severity_of(alert), Resolved);
            }
        }
        let settled = run.settle();
        assert!(settled.error.is_none(), "{settled:?}");
        if hour == hours / 2 {
            let (now, wall_passed) = (run.now, run.began);
            drop(run);
            run = Run::begin(Some(scratch.path()), 20_000, &receiver);
            (run.now, run.began) = (now, wall_passed);
        }
        run.pass(HOUR);
    }
    assert!(receiver.got().is_empty());
    // Every 30 s at most, but not less often than it takes to notice the return in a minute.
    let attempts = receiver.attempts() as u64;
    assert!((hours * 60..=hours * 120 + 20).contains(&attempts), "{attempts}");
    assert_eq!(run.waiting(), hours * 20 - 10);
    receiver.go_away(false);
    run.pass(Duration::from_secs(60));
    assert_eq!(run.waiting(), 0);
    let got = receiver.got();
    assert_eq!(got.len() as u64, hours * 20 - 10, "nothing twice");
    let stories = stories(&got);
    assert_eq!(stories.len() as u64, hours * 10);
    for (id, story) in stories {
        let is_last = id >= (hours - 1) * 10;
        assert_eq!(story, if is_last { vec![Firing] } else { vec![Firing, Resolved] });
    }
    assert!(got.is_sorted_by_key(|notice| std::cmp::Reverse(notice.severity)));
    assert!(DropReason::ALL.iter().all(|reason| run.outbox.dropped(*reason) == 0));
}

#[test]
fn what_exceeds_the_limit_is_counted_and_the_least_severe_go_first() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 100, &receiver);
    receiver.go_away(true);
    for id in 0..300 {
        run.tell(id, severity_of(id), Firing);
    }
    assert_eq!(run.outbox.dropped(DropReason::Full), 200);
    receiver.go_away(false);
    run.pass(HOUR);
    let got = receiver.got();
    let of = |severity| got.iter().filter(|notice| notice.severity == severity).count();
    assert_eq!((of(Severity::Critical), of(Severity::High)), (30, 60));
    assert_eq!((of(Severity::Medium), of(Severity::Low)), (10, 0));
    // Of equals the latest are kept.
    let medium = got.iter().filter(|notice| notice.severity == Severity::Medium);
    assert!(medium.map(|notice| notice.alert).all(|id| id > 260));
    drop(run);
    let again = Run::begin(Some(scratch.path()), 100, &receiver);
    assert_eq!(again.outbox.dropped(DropReason::Full), 200, "not forgotten by a restart");
}

#[test]
fn a_storm_of_low_alerts_does_not_hold_up_a_critical_one() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut run = Run::begin(Some(scratch.path()), 20_000, &receiver);
    for id in 0..5000 {
        run.take(id, Severity::Low, Firing);
    }
    run.settle();
    run.turn();
    let before = receiver.got().len();
    assert!((1..5000).contains(&before), "the storm is under way");
    run.tell(9999, Severity::Critical, Firing);
    run.turn();
    assert_eq!(receiver.got()[before].alert, 9999);
    // An alert that grows worse takes what was said of it before with it.
    run.tell(4999, Severity::Critical, Resolved);
    let before = receiver.got().len();
    run.turn();
    let next = &receiver.got()[before..before + 2];
    assert_eq!([next[0].state, next[1].state], [Firing, Resolved]);
    assert!(next.iter().all(|notice| notice.alert == 4999));
}

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

#[test]
fn keys_are_never_given_twice_not_even_by_later_runs() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let mut keys = BTreeSet::new();
    for _ in 0..3 {
        let mut run = Run::begin(Some(scratch.path()), 1000, &receiver);
        for _ in 0..3 {
            run.tell(1, Severity::High, Firing);
            run.tell(1, Severity::High, Resolved);
        }
        run.pass(HOUR);
    }
    for notice in receiver.got() {
        assert!(keys.insert(notice.key()), "{}", notice.key());
    }
    assert_eq!(keys.len(), 18);
}

#[test]
fn couriers_wake_up_for_what_is_new_and_deliver_before_the_end() {
    let (scratch, receiver) = (Scratch::make(), Receiver::default());
    let (mut store, _) = Store::open(scratch.path()).unwrap();
    let sink: Box<dyn Sink> = Box::new(receiver.clone());
    let quiet: Box<dyn Sink> = Box::new(receiver.clone());
    let severe = Address { minimum_severity: Severity::High, ..address("severe") };
    let second = Store::open(scratch.path()).unwrap().0;
    let sinks = vec![(address("all"), sink), (severe, quiet)];
    let delivery = Delivery::start(sinks, Some(second)).unwrap();
    let mut desk = delivery.desk();
    desk.take(alert(1, Severity::Low, Firing), None, clock(), wall_time());
    desk.settle(Some(&mut store), wall_time());
    let began = Instant::now();
    while receiver.got().is_empty() && began.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(receiver.got().len(), 1);
    desk.take(alert(2, Severity::High, Firing), None, clock(), wall_time());
    desk.settle(Some(&mut store), wall_time());
    delivery.finish();
    assert_eq!(receiver.got().len(), 3, "the second is severe enough for both");
}
