//! Against Debian's `prometheus-alertmanager`, on loopback, through the whole of the delivery.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
};

use super::*;
use crate::{
    detect::{
        AlertState::{self, Firing as Fires, Resolved},
        Severity,
    },
    export::{
        delivery::{
            Address, Delivery, Dispatch,
            fixture::{self, Scratch},
        },
        store::Store,
    },
    inventory::DeviceId,
    time::{Moment, WallClock},
};

const BINARY: &str = "prometheus-alertmanager";
const SECOND: Duration = Duration::from_secs(1);

/// The clock of an observation that began ten seconds ago.
fn clock() -> WallClock {
    let now = wall_time().as_micros();
    WallClock::new(Moment::default(), Timestamp::from_micros(now - 10_000_000))
}

fn alert(device: u32, state: AlertState) -> crate::detect::Alert {
    fixture::alert(u64::from(device), Severity::Critical, state)
}

fn notice(id: u64, device: u32, state: AlertState) -> Notice {
    let alert = crate::detect::Alert { id, device: DeviceId(device), ..alert(device, state) };
    Notice::of(&alert, None, clock(), id, "gateway-1", wall_time())
}

fn settings(port: u16) -> Settings {
    Settings {
        url: format!("http://127.0.0.1:{port}"),
        timeout: 2 * SECOND,
        resend_interval: SECOND,
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The delivery to one Alertmanager, over a store.
struct Run {
    delivery: Delivery,
    dispatch: Dispatch,
    store: Store,
}

impl Run {
    fn start(scratch: &Scratch, port: u16) -> Self {
        let address = Address { keeps_states: true, ..fixture::address("alertmanager") };
        let sink: Box<dyn Sink> = Box::new(Alertmanager::new(settings(port)).unwrap());
        let open = || Store::open(scratch.path()).unwrap().0;
        let delivery = Delivery::start(vec![(address, sink)], Some(open())).unwrap();
        Self { dispatch: delivery.dispatch(), delivery, store: open() }
    }

    fn tell(&mut self, alerts: impl Iterator<Item = crate::detect::Alert>) {
        for alert in alerts {
            self.dispatch.take(alert, None, clock(), wall_time());
        }
        assert!(self.dispatch.settle(Some(&mut self.store), wall_time()).error.is_none());
    }

    fn await_counts(&self, is_right: impl Fn(&crate::snapshot::SinkCounts) -> bool) {
        let start = Instant::now();
        while !is_right(&self.delivery.counts()[0]) {
            assert!(start.elapsed() < 40 * SECOND, "{:?}", self.delivery.counts());
            thread::sleep(SECOND / 50);
        }
    }
}

/// A running Alertmanager and its directory.
struct Receiver {
    process: Child,
    directory: PathBuf,
    port: u16,
}

impl Receiver {
    /// `None`, with a line that says so, where there is none to run.
    fn start(test: &str, port: u16) -> Option<Self> {
        let directory =
            std::env::temp_dir().join(format!("wardline-am-{}-{port}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let configuration = directory.join("alertmanager.yml");
        fs::write(&configuration, "route: {receiver: none}\nreceivers: [{name: none}]\n").unwrap();
        let spawned = Command::new(BINARY)
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.path={}", directory.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match spawned {
            Ok(process) => Some(Self { process, directory, port }),
            Err(error) => {
                println!("NOT RUN: {test}: {BINARY}: {error}");
                fs::remove_dir_all(&directory).unwrap();
                None
            }
        }
    }

    fn await_ready(&self) {
        let url = format!("http://127.0.0.1:{}/-/ready", self.port);
        let start = Instant::now();
        while ureq::get(&url).call().is_err() {
            assert!(start.elapsed() < 20 * SECOND);
            thread::sleep(SECOND / 50);
        }
    }

    /// Its active alerts; none while it cannot be reached.
    fn alerts(&self) -> Vec<serde_json::Value> {
        let url = format!("http://127.0.0.1:{}/api/v2/alerts", self.port);
        let response = ureq::get(&url).call();
        let read = response.and_then(|mut response| response.body_mut().read_json());
        read.unwrap_or_default()
    }

    /// Waits for it to have `count` active alerts.
    fn await_alerts(&self, count: usize, patience: Duration) -> Vec<serde_json::Value> {
        let start = Instant::now();
        loop {
            let alerts = self.alerts();
            if alerts.len() == count || start.elapsed() > patience {
                assert_eq!(alerts.len(), count, "after {:?}", start.elapsed());
                return alerts;
            }
            thread::sleep(SECOND / 20);
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[test]
fn a_real_alertmanager_takes_what_fires_and_what_is_resolved() {
    let test = "a_real_alertmanager_takes_what_fires_and_what_is_resolved";
    let Some(receiver) = Receiver::start(test, free_port()) else {
        return;
    };
    let scratch = Scratch::make();
    let mut run = Run::start(&scratch, receiver.port);
    run.tell((0..1000).map(|device| alert(device, Fires)));
    let alerts = receiver.await_alerts(1000, 20 * SECOND);
    let labels = &alerts[0]["labels"];
    assert_eq!(labels["alertname"], "smb_fan_out");
    assert_eq!(labels["severity"], "critical");
    assert_eq!(labels["rule"], "WL-002");
    assert_eq!(labels.as_object().unwrap().len(), 5);
    let annotations = &alerts[0]["annotations"];
    assert_eq!(annotations["window"], "1m");
    assert_eq!(annotations["runbook_url"], fixture::RUNBOOK);
    assert_eq!(annotations["value"], "14");
    // Sent again, they outlive four intervals.
    run.await_counts(|counts| counts.written >= 1000 * 6);
    receiver.await_alerts(1000, SECOND);
    run.tell((0..999).map(|device| alert(device, Resolved)));
    let left = receiver.await_alerts(1, 20 * SECOND);
    assert_eq!(left[0]["labels"]["device"], "999");
    run.tell([alert(999, Resolved)].into_iter());
    run.await_counts(|counts| counts.waiting == Some(0));
    run.delivery.finish();
    receiver.await_alerts(0, SECOND);
}

#[test]
fn what_fired_while_the_alertmanager_was_away_arrives_after_a_restart_of_the_agent() {
    let (port, scratch) = (free_port(), Scratch::make());
    let mut run = Run::start(&scratch, port);
    run.tell([alert(1, Fires), alert(2, Fires), alert(2, Resolved)].into_iter());
    run.await_counts(|counts| counts.failed >= 2 && counts.waiting == Some(2));
    let start = Instant::now();
    run.delivery.finish();
    assert!(start.elapsed() < 6 * SECOND);
    let test = "what_fired_while_the_alertmanager_was_away_arrives_after_a_restart_of_the_agent";
    let Some(receiver) = Receiver::start(test, port) else {
        return;
    };
    let run = Run::start(&scratch, port);
    let alerts = receiver.await_alerts(1, 40 * SECOND);
    assert_eq!(alerts[0]["labels"]["device"], "1");
    run.await_counts(|counts| counts.waiting == Some(0));
}

#[test]
fn an_alert_that_was_fired_anew_goes_on_when_the_one_before_is_resolved() {
    let now = Instant::now();
    let mut sink = Alertmanager::new(settings(1)).unwrap();
    let told = |sink: &Alertmanager, notices: &[Notice]| -> Vec<(u64, AlertState)> {
        let told = sink.telling(notices);
        told.into_iter().map(|notice| (notice.alert, notice.state)).collect()
    };
    sink.adopt(notice(1, 7, Fires), now);
    assert_eq!(sink.until_refresh(now), Some(SECOND));
    let batch = [notice(2, 7, Fires), notice(1, 7, Resolved), notice(3, 8, Resolved)];
    assert_eq!(told(&sink, &batch), [(2, Fires), (3, Resolved)]);
    batch.iter().for_each(|notice| sink.keep(notice, now));
    assert_eq!(told(&sink, &[notice(1, 7, Resolved)]), []);
    assert_eq!(sink.firing.keys().copied().collect::<Vec<_>>(), [2]);
    let last = [notice(2, 7, Resolved)];
    assert_eq!(told(&sink, &last), [(2, Resolved)]);
    sink.keep(&last[0], now);
    assert_eq!(sink.until_refresh(now), None);
    assert!(sink.alerts.is_empty());
}

#[test]
fn an_alert_that_grows_worse_is_sent_under_its_new_labels_only() {
    let now = Instant::now();
    let mut sink = Alertmanager::new(settings(1)).unwrap();
    let low = Notice { severity: Severity::Low, ..notice(1, 7, Fires) };
    sink.keep(&low, now);
    sink.keep(&notice(1, 7, Fires), now);
    assert_eq!(sink.firing.len(), 1);
    assert_eq!(sink.firing[&1].notice.severity, Severity::Critical);
    assert_eq!(sink.alerts.len(), 1);
    sink.keep(&notice(1, 7, Resolved), now);
    assert!(sink.firing.is_empty() && sink.alerts.is_empty());
}

#[test]
fn a_real_alertmanager_takes_hostile_names() {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    let test = "a_real_alertmanager_takes_hostile_names";
    let Some(receiver) = Receiver::start(test, free_port()) else {
        return;
    };
    receiver.await_ready();
    let mut sink = Alertmanager::new(settings(receiver.port)).unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let texts = proptest::array::uniform7(fixture::hostile_text());
    let notices: Vec<Notice> = (0..200)
        .map(|id| {
            let texts = texts.new_tree(&mut runner).unwrap().current();
            let hostile = fixture::hostile(&texts, Severity::Low, false);
            let now = wall_time().as_micros();
            Notice {
                alert: id,
                sequence: id,
                state: Fires,
                fired_at: now,
                resolved_at: None,
                device: crate::export::delivery::Subject { id: id as u32, ..hostile.device },
                ..hostile
            }
        })
        .collect();
    for batch in notices.chunks(64) {
        assert_eq!(sink.deliver(batch, Instant::now()), Delivered::all(batch));
    }
    let alerts = receiver.await_alerts(200, 20 * SECOND);
    let summaries: Vec<_> =
        alerts.iter().filter_map(|alert| alert["annotations"]["summary"].as_str()).collect();
    let told = |notice: &Notice| {
        let summary = posting::posting(notice, Timestamp::default());
        serde_json::to_value(summary).unwrap()["annotations"]["summary"].clone()
    };
    assert!(notices.iter().map(told).all(|told| summaries.contains(&told.as_str().unwrap())));
}
