//! What tests of sinks need.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use super::{Address, Delivered, Failure, Notice, Sink};
use crate::{
    detect::{Alert, AlertState, Severity, desk::Marks},
    inventory::{Device, DeviceId, DeviceKey},
    time::{Moment, Timestamp, WallClock},
};

/// What the alerts of these tests say of their runbook.
pub const RUNBOOK: &str = "https://wiki.example/wardline/smb_fan_out";

/// 2026-01-01, which is moment zero too.
pub const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

pub fn clock() -> WallClock {
    WallClock::new(Moment::default(), START)
}

pub fn alert(id: u64, severity: Severity, state: AlertState) -> Alert {
    Alert {
        id,
        rule: "WL-002".to_owned(),
        name: "smb_fan_out".to_owned(),
        severity,
        state,
        device: DeviceId(id as u32),
        metric: "distinct_peers".to_owned(),
        value: 14.0,
        limit: 10.0,
        window: Duration::from_secs(60),
        summary: format!("Device {id} \"contacts\" distinct peers: 14"),
        evidence_since: Moment::default(),
        fired_at: Moment::from_micros(1_000_000),
        found_at: Moment::from_micros(1_000_000),
        resolved_at: (state == AlertState::Resolved).then_some(Moment::from_micros(2_000_000)),
        evidence: Box::default(),
        marks: Box::new(Marks { runbook_url: Some(RUNBOOK.to_owned()), ..Marks::default() }),
    }
}

pub fn device(host_name: &str, vendor: &str) -> Device {
    Device {
        id: DeviceId(7),
        key: DeviceKey::Station { station: 0x0009_fb01_0203, vlans: 0 },
        vendor: Some(vendor.to_owned()),
        vendor_is_module_maker: false,
        is_locally_administered: false,
        host_name: Some(host_name.to_owned()),
        vendor_class: None,
        addresses: BTreeSet::from([[10, 20, 0, 5].into()]),
        applications: BTreeSet::new(),
        interface: 1,
        is_router: false,
        first_seen: Moment::default(),
        last_seen: Moment::default(),
    }
}

/// A notice with hostile text in every field that may hold text, past what cleans it.
pub fn hostile(texts: &[String; 7], severity: Severity, is_test: bool) -> Notice {
    let [rule, name, summary, metric, sensor, host_name, vendor] = texts.clone();
    let plain = alert(3, severity, AlertState::Resolved);
    let notice = Notice::of(&plain, Some(&device("", "")), clock(), 5, "s", START);
    let mut device = notice.device.clone();
    (device.host_name, device.vendor) = (Some(host_name), Some(vendor));
    Notice { rule, name, summary, metric, sensor, device, is_test, ..notice }
}

/// Text of everything that means something in some format.
pub fn hostile_text() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let disturbing = prop::sample::select(vec![
        "\"", "\\", "]", "[", "|", "=", "\n", "\r", "\r\n", "\0", "\x1b[31m", "\u{202e}",
        "\u{200f}", "\u{2028}", "\u{feff}", "\u{fffd}", "<13>1 ", "CEF:0|", " src=", " key=\"",
        "{\"", "'", "%n", "\u{85}", "\t", "é", "名", "-", " ",
    ]);
    let part = prop_oneof![disturbing.prop_map(str::to_owned), any::<String>(), "[a-z ]{0,90}"];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

/// A directory for one test.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn make() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wardline-delivery-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn address(name: &str) -> Address {
    Address {
        id: name.to_owned(),
        label: name.to_owned(),
        minimum_severity: Severity::Info,
        keeps_states: false,
    }
}

/// A receiver in memory, seen from its own side.
#[derive(Clone, Debug, Default)]
pub struct Receiver(Arc<Mutex<Desk>>);

#[derive(Debug, Default)]
struct Desk {
    is_away: bool,
    refused: Option<u64>,
    stumbles: Option<u64>,
    got: Vec<Notice>,
    attempts: usize,
    takes_at_once: Option<usize>,
}

impl Receiver {
    pub fn go_away(&self, is_away: bool) {
        self.0.lock().unwrap().is_away = is_away;
    }

    /// Calls everything of this alert wrong.
    pub fn refuse(&self, alert: Option<u64>) {
        self.0.lock().unwrap().refused = alert;
    }

    /// Is gone whenever it is told of this alert.
    pub fn stumble_over(&self, alert: Option<u64>) {
        self.0.lock().unwrap().stumbles = alert;
    }

    /// Is gone after so many notices of each delivery.
    pub fn break_off_after(&self, notices: Option<usize>) {
        self.0.lock().unwrap().takes_at_once = notices;
    }

    pub fn got(&self) -> Vec<Notice> {
        self.0.lock().unwrap().got.clone()
    }

    pub fn attempts(&self) -> usize {
        self.0.lock().unwrap().attempts
    }
}

impl Sink for Receiver {
    fn deliver(&mut self, notices: &[Notice], _: Instant) -> Delivered {
        let mut desk = self.0.lock().unwrap();
        desk.attempts += 1;
        if desk.is_away {
            return Delivered::until(0, Failure::away("away"));
        }
        for (accepted, notice) in notices.iter().enumerate() {
            if desk.refused == Some(notice.alert) {
                return Delivered::until(accepted, Failure::Refused("wrong".to_owned()));
            }
            if desk.stumbles == Some(notice.alert) {
                return Delivered::until(accepted, Failure::away("stumbled"));
            }
            if desk.takes_at_once.is_some_and(|limit| accepted >= limit) {
                return Delivered::until(accepted, Failure::away("gone"));
            }
            desk.got.push(notice.clone());
        }
        Delivered::all(notices)
    }
}
