//! Against Debian's `prometheus-alertmanager`, on loopback.

use std::{
    fs,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use super::*;
use crate::{
    detect::{AlertState, Severity},
    inventory::DeviceId,
    time::{Moment, Timestamp},
};

const BINARY: &str = "prometheus-alertmanager";
const SECOND: Duration = Duration::from_secs(1);

fn alert(device: u32, is_resolved: bool) -> Alert {
    Alert {
        id: u64::from(device),
        rule: "WL-002".to_owned(),
        name: "smb_fan_out".to_owned(),
        severity: Severity::Critical,
        state: if is_resolved { AlertState::Resolved } else { AlertState::Firing },
        device: DeviceId(device),
        metric: "distinct_peers".to_owned(),
        value: 14.0,
        limit: 10.0,
        window: Duration::from_secs(60),
        summary: format!("Device {device} \"contacts\" distinct peers: 14"),
        evidence_since: Moment::default(),
        fired_at: Moment::from_micros(1_000_000),
        found_at: Moment::from_micros(1_000_000),
        resolved_at: is_resolved.then_some(Moment::from_micros(2_000_000)),
        evidence: Default::default(),
        marks: Box::default(),
    }
}

/// The clock of an observation that began ten seconds ago.
fn clock() -> WallClock {
    let now = wall_time(Duration::ZERO).as_micros();
    WallClock::new(Moment::default(), Timestamp::from_micros(now - 10_000_000))
}

fn settings(port: u16) -> Settings {
    Settings {
        urls: vec![format!("http://127.0.0.1:{port}")],
        timeout: 2 * SECOND,
        resend_interval: SECOND,
        sensor: "gateway-1".to_owned(),
        generator_url: Some("http://127.0.0.1:9469/".to_owned()),
    }
}

pub(super) fn posting(device: u32, is_resolved: bool) -> Posting {
    Posting::new(&alert(device, is_resolved), None, clock(), &settings(1))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
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
    let Some(receiver) =
        Receiver::start("a_real_alertmanager_takes_what_fires_and_what_is_resolved", free_port())
    else {
        return;
    };
    receiver.await_alerts(0, SECOND);
    let sink = Alertmanager::start_with(settings(receiver.port), None).unwrap();
    for device in 0..1000 {
        sink.take(&alert(device, false), None, clock());
    }
    let alerts = receiver.await_alerts(1000, 20 * SECOND);
    let labels = &alerts[0]["labels"];
    assert_eq!(labels["alertname"], "smb_fan_out");
    assert_eq!(labels["severity"], "critical");
    assert_eq!(labels["rule"], "WL-002");
    assert_eq!(labels["sensor"], "gateway-1");
    assert_eq!(labels.as_object().unwrap().len(), 5);
    let annotations = &alerts[0]["annotations"];
    assert_eq!(annotations["window"], "1m");
    assert_eq!(annotations["value"], "14");
    assert_eq!(alerts[0]["generatorURL"], "http://127.0.0.1:9469/");
    if let Ok(output) = Command::new("amtool")
        .arg(format!("--alertmanager.url=http://127.0.0.1:{}", receiver.port))
        .args(["alert", "query", "device=7", "--output=json"])
        .output()
    {
        let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(found.len(), 1);
    }
    // Sent again, they outlive four intervals.
    thread::sleep(5 * SECOND);
    receiver.await_alerts(1000, SECOND);
    for device in 0..999 {
        sink.take(&alert(device, true), None, clock());
    }
    let left = receiver.await_alerts(1, 10 * SECOND);
    assert_eq!(left[0]["labels"]["device"], "999");
    sink.take(&alert(999, true), None, clock());
    let counts = sink.counts();
    assert!(sink.finish());
    receiver.await_alerts(0, SECOND);
    assert!(counts.sent >= 3999, "{counts:?}");
    assert_eq!(counts.dropped, 0);
}

/// An outbox in memory.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<(i64, String, u32)>>>);

impl Outbox for Kept {
    fn outbox_push(&mut self, _: Severity, body: &str) -> Result<Option<i64>, OutboxError> {
        let mut rows = self.0.lock().unwrap();
        let id = rows.last().map_or(1, |row| row.0 + 1);
        rows.push((id, body.to_owned(), 0));
        Ok(Some(id))
    }

    fn outbox_peek(&mut self, limit: u32) -> Result<Vec<OutboxEntry>, OutboxError> {
        let rows = self.0.lock().unwrap();
        let entries = rows
            .iter()
            .take(limit as usize)
            .map(|(id, body, _)| OutboxEntry { id: *id, body: body.clone() });
        Ok(entries.collect())
    }

    fn outbox_delivered(&mut self, id: i64) -> Result<(), OutboxError> {
        self.0.lock().unwrap().retain(|row| row.0 != id);
        Ok(())
    }

    fn outbox_failed(&mut self, id: i64) -> Result<(), OutboxError> {
        let mut rows = self.0.lock().unwrap();
        rows.iter_mut().filter(|row| row.0 == id).for_each(|row| row.2 += 1);
        Ok(())
    }

    fn outbox_len(&mut self) -> Result<u64, OutboxError> {
        Ok(self.0.lock().unwrap().len() as u64)
    }
}

#[test]
fn what_fired_while_the_alertmanager_was_away_arrives_when_it_is_back() {
    let port = free_port();
    let kept = Kept::default();
    let sink = Alertmanager::start_with(settings(port), Some(Box::new(kept.clone()))).unwrap();
    sink.take(&alert(1, false), None, clock());
    sink.take(&alert(2, false), None, clock());
    sink.take(&alert(2, true), None, clock());
    thread::sleep(2 * SECOND);
    let counts = sink.counts();
    assert_eq!(counts.queued, 2, "{counts:?}");
    assert!(counts.failed >= 1, "{counts:?}");
    let rows = kept.0.lock().unwrap().clone();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().any(|row| row.2 > 0));
    let test = "what_fired_while_the_alertmanager_was_away_arrives_when_it_is_back";
    let Some(receiver) = Receiver::start(test, port) else {
        return;
    };
    let alerts = receiver.await_alerts(1, 30 * SECOND);
    assert_eq!(alerts[0]["labels"]["device"], "1");
    assert!(sink.finish());
    assert!(kept.0.lock().unwrap().is_empty());
}

#[test]
fn what_the_agent_could_not_deliver_is_delivered_after_its_restart() {
    let port = free_port();
    let kept = Kept::default();
    let sink = Alertmanager::start_with(settings(port), Some(Box::new(kept.clone()))).unwrap();
    sink.take(&alert(1, false), None, clock());
    let start = Instant::now();
    assert!(!sink.finish());
    assert!(start.elapsed() < 6 * SECOND);
    assert_eq!(kept.0.lock().unwrap().len(), 1);
    let test = "what_the_agent_could_not_deliver_is_delivered_after_its_restart";
    let Some(receiver) = Receiver::start(test, port) else {
        return;
    };
    let sink = Alertmanager::start_with(settings(port), Some(Box::new(kept.clone()))).unwrap();
    receiver.await_alerts(1, 20 * SECOND);
    assert!(sink.finish());
    assert!(kept.0.lock().unwrap().is_empty());
}
