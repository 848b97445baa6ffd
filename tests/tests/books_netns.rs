//! The books are exact: of N frames that crossed a wire into a monitored interface, every one is
//! counted in a flow, undissected or lost, on the nose, and so is every frame found in a tunnel; also while the agent is killed again and
//! again, and when the flow table and the rings are far too small.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tests::agent::{Agent, Metrics, Settings, wait_until};
use tests::frames::FrameGenerator;
use tests::lab::{Lab, Wire};
use tests::soak::falls;

const FRAMES: usize = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(10);
/// Older than the totals on the metrics page ever are.
const STALE: Duration = Duration::from_millis(700);

fn frames(seed: u64) -> impl Iterator<Item = Vec<u8>> + Send {
    FrameGenerator::new(seed).map(|specimen| specimen.octets)
}

/// Waits until every frame has arrived and the books are closed, and returns the page.
fn settled(agent: &Agent, wire: &Wire, sent: u64) -> Metrics {
    let arrived = wait_until(PATIENCE, || {
        let statistics = wire.receiver.statistics().unwrap();
        (statistics.rx_packets >= sent).then_some(statistics)
    });
    let (link, _) = arrived.expect("every frame that was sent arrives");
    assert_eq!((link.rx_packets, link.rx_errors), (sent, 0), "no other frame is on the wire");
    wait_until(PATIENCE, || {
        let metrics = agent.metrics().unwrap();
        let ended: u64 = metrics.fates().iter().sum();
        (ended == sent + metrics.encapsulated()).then_some(())
    });
    thread::sleep(STALE);
    agent.metrics().unwrap()
}

/// Everything that has to add up, does.
fn assert_exact(metrics: &Metrics, sent: u64) {
    let [counted, undissected, lost] = metrics.fates();
    let inner = metrics.encapsulated();
    println!(
        "{sent} frames and {inner} in tunnels: {counted} counted, {undissected} undissected, {lost} lost"
    );
    assert!(inner > sent / 100, "tunnels are among the frames");
    assert_eq!(metrics.received(), sent);
    assert_eq!(counted + undissected + lost, sent + inner);
    assert_eq!(metrics.sum("wardline_frames_undissected_total", &[]), undissected);
    assert_eq!(metrics.sum("wardline_interface_frames_total", &[]), sent);
    assert_eq!(metrics.count("wardline_interface_frames_total", &[("interface", "rx0")]), sent);
    assert_eq!(
        metrics.sum("wardline_interface_undissected_frames_total", &[("interface", "rx0")]),
        undissected
    );
    // The program folds a flow into the totals of its endpoints before it gives the flow's slot
    // away, so they hold the packets of lost records too. Each packet was sent by one and received
    // by one: a device, `overflow` (no room in the table) or `elsewhere` (nobody we know).
    let in_flows = sent + inner - undissected;
    for direction in ["sent", "received"] {
        let total = metrics.sum("wardline_device_packets_total", &[("direction", direction)]);
        assert_eq!(total, in_flows, "packets {direction}, by device");
    }
    assert_eq!(metrics.sum("wardline_application_packets_total", &[]), in_flows);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn every_one_of_a_million_frames_is_in_the_books() {
    let lab = Lab::new("books").unwrap();
    let wire = lab.wire().unwrap();
    let agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let began = Instant::now();
    let report = wire.sender.inject(frames(1).take(FRAMES)).unwrap().unwrap();
    println!("injected in {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!((report.sent, report.refused.len()), (FRAMES as u64, 0));
    let metrics = settled(&agent, &wire, report.sent);
    assert_exact(&metrics, report.sent);
    let memory = metrics.count("process_resident_memory_bytes", &[]) >> 20;
    println!("{memory} MiB resident");
    assert_eq!(metrics.count("wardline_bytes_received_total", &[]), report.sent_octets);
    assert_eq!(
        metrics.get("wardline_interface_info", &[("interface", "rx0"), ("mode", "native")]),
        Some(1.0)
    );
    assert!(
        metrics.count("wardline_frames_undissected_total", &[("reason", "unknown_ethertype")])
            > 1000
    );
    assert!(
        metrics.count(
            "wardline_device_packets_total",
            &[("device", "overflow"), ("direction", "sent")]
        ) > 0
    );
}

const RESTARTS: usize = 12;

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn books_stay_exact_while_the_agent_is_killed_and_started_again() {
    let lab = Lab::new("killed").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings { persist: true, ..Settings::on(&["rx0"]) };
    let mut agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let is_over = AtomicBool::new(false);
    let mut received = Vec::new();
    let report = thread::scope(|scope| {
        let sender = &wire.sender;
        let injection = scope.spawn(|| {
            // To an end even if the agent does not come back.
            let goes_on = |index: &usize| {
                *index < FRAMES || *index < 4 * FRAMES && !is_over.load(Ordering::Relaxed)
            };
            let stream = (0..).take_while(goes_on).zip(frames(2)).map(|(_, frame)| frame);
            sender.inject(stream)
        });
        for restart in 0..RESTARTS {
            // Now in full swing, now in the middle of its own start.
            thread::sleep(Duration::from_millis(200));
            agent.kill().unwrap();
            thread::sleep(Duration::from_millis(50));
            agent.launch_again().unwrap();
            if restart % 3 == 2 {
                thread::sleep(Duration::from_millis(20 * restart as u64));
                agent.kill().unwrap();
                agent.launch_again().unwrap();
            }
            agent.wait_until_ready().unwrap();
            received.push(agent.metrics().unwrap().received());
        }
        is_over.store(true, Ordering::Relaxed);
        injection.join().unwrap().unwrap().unwrap()
    });
    println!("received after each restart: {received:?}");
    assert!(received.is_sorted(), "counts never fall: {received:?}");
    assert!(received[0] > 0 && *received.last().unwrap() < report.sent, "frames came throughout");
    assert!(report.sent >= FRAMES as u64 && report.refused.is_empty());
    let metrics = settled(&agent, &wire, report.sent);
    assert_exact(&metrics, report.sent);
    assert_eq!(metrics.count("wardline_epoch_resumed", &[]), 1);
    // Pinned as they are, counts outlive an orderly end too.
    assert!(agent.stop().unwrap().success());
    let more = wire.sender.inject(frames(3).take(10_000)).unwrap().unwrap();
    agent.start_again().unwrap();
    let total = report.sent + more.sent;
    assert_exact(&settled(&agent, &wire, total), total);
    let pins = agent.pin_directory().to_owned();
    assert!(pins.exists());
    drop(agent);
    assert!(!pins.exists(), "`wardline detach` removes {}", pins.display());
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn what_a_small_table_and_small_rings_lose_is_in_the_books() {
    let lab = Lab::new("small").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings { flows: 512, ring: "64KiB", ..Settings::on(&["rx0"]) };
    let agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let report = wire.sender.inject(frames(4).take(FRAMES)).unwrap().unwrap();
    let metrics = settled(&agent, &wire, report.sent);
    assert_exact(&metrics, report.sent);
    let [_, _, lost] = metrics.fates();
    let records = metrics.count("wardline_flow_records_lost_total", &[]);
    let notices = metrics.count("wardline_notices_lost_total", &[]);
    println!("{lost} frames lost with {records} records; {notices} notices lost");
    assert!(lost > 1000 && records > 1000 && notices > 1000);
    assert!(metrics.count("wardline_flow_table_slots", &[]) <= 512);
    let told = wait_until(Duration::from_secs(3), || {
        agent.events("stats").pop().filter(|event| event["stats"]["frames"]["lost"] == lost)
    });
    let (event, _) = told.expect("the last statistics say what was lost");
    let frames = &event["stats"]["frames"];
    let sum: u64 =
        ["counted", "undissected", "lost"].iter().filter_map(|fate| frames[fate].as_u64()).sum();
    let entered: u64 =
        ["received", "encapsulated"].iter().filter_map(|of| frames[of].as_u64()).sum();
    assert_eq!((frames["received"].as_u64(), sum), (Some(report.sent), entered));
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn no_counter_falls_over_restarts_when_records_were_lost_before_and_between() {
    let lab = Lab::new("heirs").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings { persist: true, flows: 512, ring: "64KiB", ..Settings::on(&["rx0"]) };
    let mut agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let mut sent = wire.sender.inject(frames(5).take(100_000)).unwrap().unwrap().sent;
    let mut before = settled(&agent, &wire, sent);
    for seed in 6..12 {
        let lost = before.fates()[2];
        agent.kill().unwrap();
        // Nobody reads them: the ring is full at once.
        sent += wire.sender.inject(frames(seed).take(50_000)).unwrap().unwrap().sent;
        agent.start_again().unwrap();
        let first = agent.metrics().unwrap();
        assert_eq!(falls(&before, &first, &BTreeSet::new()), Vec::<String>::new());
        before = settled(&agent, &wire, sent);
        assert_exact(&before, sent);
        assert!(before.fates()[2] > lost + 1000, "records are lost in this test");
    }
}
