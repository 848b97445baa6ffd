//! Either process may die, or the worker hang, at any time: nothing is lost, and nobody is left over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tests::agent::{Agent, Settings, signal_worker, status_of, wait_until, worker_of};
use tests::frames::FrameGenerator;
use tests::lab::Lab;

const PATIENCE: Duration = Duration::from_secs(60);

fn worker(keeper: u32) -> u32 {
    wait_until(PATIENCE, || worker_of(keeper)).expect("the keeper has a worker").0
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn books_stay_exact_while_workers_are_killed_under_load() {
    const KILLS: u64 = 6;
    let lab = Lab::new("workers").unwrap();
    let wire = lab.wire().unwrap();
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let is_over = AtomicBool::new(false);
    let report = thread::scope(|scope| {
        let sender = &wire.sender;
        let injection = scope.spawn(|| {
            let goes_on = |index: &usize| *index < 4_000_000 && !is_over.load(Ordering::Relaxed);
            let frames = FrameGenerator::new(12).map(|specimen| specimen.octets);
            let stream = (0..).take_while(goes_on).zip(frames).map(|(_, frame)| frame);
            sender.inject(stream)
        });
        for _ in 0..KILLS {
            let killed = worker(agent.id());
            thread::sleep(Duration::from_millis(300));
            signal_worker(killed, libc::SIGKILL).unwrap();
            let next = wait_until(PATIENCE, || {
                let next = worker_of(agent.id()).filter(|next| *next != killed);
                next.filter(|_| agent.fetch("/readyz").is_ok_and(|(status, _)| status == 200))
            });
            assert!(next.is_some(), "another worker takes over:\n{}", agent.log());
        }
        is_over.store(true, Ordering::Relaxed);
        injection.join().unwrap().unwrap().unwrap()
    });
    let settled = wait_until(PATIENCE, || {
        let metrics = agent.metrics().unwrap();
        let ended: u64 = metrics.fates().iter().sum();
        let is_settled =
            metrics.received() == report.sent && ended == report.sent + metrics.encapsulated();
        is_settled.then_some(metrics)
    });
    let metrics = settled.unwrap_or_else(|| panic!("{:?}", agent.metrics().unwrap().fates())).0;
    println!("{} frames over {KILLS} kills: fates {:?}", report.sent, metrics.fates());
    assert!(report.refused.is_empty() && report.sent > 10_000);
    assert_eq!(metrics.count("wardline_worker_restarts_total", &[]), KILLS);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn no_worker_outlives_its_keeper() {
    let lab = Lab::new("orphan").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings { persist: true, ..Settings::on(&["rx0"]) };
    let mut agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let worker = worker(agent.id());
    agent.kill().unwrap();
    // A zombie has ended; whoever inherited it has yet to notice.
    let is_gone = || status_of(worker).get("State").is_none_or(|state| state.starts_with('Z'));
    let gone = wait_until(PATIENCE, || is_gone().then_some(()));
    println!("the worker was gone {:.2?} after its keeper", gone.expect("it ends").1);
    agent.start_again().unwrap();
    assert_eq!(agent.metrics().unwrap().count("wardline_epoch_resumed", &[]), 1);
    assert!(agent.stop().unwrap().success());
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn wedged_worker_is_replaced_and_nothing_is_lost() {
    let lab = Lab::new("wedged").unwrap();
    let wire = lab.wire().unwrap();
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let wedged = worker(agent.id());
    signal_worker(wedged, libc::SIGSTOP).unwrap();
    let frames = FrameGenerator::new(13).take(20_000).map(|specimen| specimen.octets);
    let sent = wire.sender.inject(frames).unwrap().unwrap().sent;
    let replaced =
        wait_until(2 * PATIENCE, || worker_of(agent.id()).filter(|worker| *worker != wedged));
    println!("replaced after {:.1?}", replaced.expect("another worker takes over").1);
    let counted = wait_until(PATIENCE, || {
        let metrics = agent.metrics().ok()?;
        let ended: u64 = metrics.fates().iter().sum();
        (metrics.received() == sent && ended == sent + metrics.encapsulated()).then_some(())
    });
    assert!(counted.is_some(), "{}", agent.log());
    assert!(agent.log().contains("wedged"));
}
