//! The mechanism, with receivers in memory and clocks that the tests turn.

mod faults;

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
    dispatch: Dispatch,
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
        let dispatch = Dispatch::new(Arc::clone(&outbox), Arc::clone(&sinks), START);
        let courier = Courier::new(
            0,
            sinks[0].clone(),
            Box::new(receiver.clone()),
            Arc::clone(&outbox),
            Arc::new(Counts::default()),
        );
        let began = Instant::now();
        Self { dispatch, courier, outbox, store: open(), began, now: Duration::ZERO }
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_micros(START.as_micros() + self.now.as_micros() as i64)
    }

    fn take(&mut self, id: u64, severity: Severity, state: AlertState) {
        self.dispatch.take(alert(id, severity, state), None, clock(), self.wall());
    }

    fn settle(&mut self) -> Settled {
        let now = self.wall();
        self.dispatch.settle(self.store.as_mut(), now)
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
    let mut delivery = Delivery::start(sinks, Some(second)).unwrap();
    let mut dispatch = delivery.dispatch();
    dispatch.take(alert(1, Severity::Low, Firing), None, clock(), wall_time());
    dispatch.settle(Some(&mut store), wall_time());
    let began = Instant::now();
    while receiver.got().is_empty() && began.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(receiver.got().len(), 1);
    dispatch.take(alert(2, Severity::High, Firing), None, clock(), wall_time());
    dispatch.settle(Some(&mut store), wall_time());
    delivery.finish();
    assert_eq!(receiver.got().len(), 3, "the second is severe enough for both");
}
