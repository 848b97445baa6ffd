//! What becomes of alerts, and of the memory of what led to them.

mod limits;

use std::time::Duration;

use super::{
    super::{AlertState, builtin, fixture::*, threshold::Protocol},
    *,
};

const RESEND: Duration = Duration::from_secs(60);

/// An engine with devices 0 to 2000, of which every hundredth is a router.
struct Bench {
    engine: Thresholds,
    devices: Vec<Device>,
}

impl Bench {
    fn new(rules: Vec<Threshold>) -> Self {
        Self::bounded(rules, Bounds::default())
    }

    fn bounded(rules: Vec<Threshold>, bounds: Bounds) -> Self {
        let roles = vec![Role {
            name: "pumps".to_owned(),
            devices: vec!["10.20.0.9".parse().unwrap()],
            ..Role::default()
        }];
        let devices =
            (0..2000).map(|host| Device { is_router: host % 100 == 0, ..device(host) }).collect();
        Self { engine: Thresholds::new(rules, roles, RESEND, bounds), devices }
    }

    /// With the built-in rule called `name` alone.
    fn builtin(name: &str) -> Self {
        let mut rules = builtin::thresholds();
        rules.retain(|rule| rule.name == name);
        assert_eq!(rules.len(), 1, "{name}");
        Self::new(rules)
    }

    fn feed(&mut self, draft: Draft, from: u32, to: u32) {
        self.engine.observe(&draft.delta, Some(DeviceId(from)), Some(DeviceId(to)));
    }

    fn outcome(&mut self, from: u32, is_half_open: bool, at: f64) {
        self.engine.observe_outcome(ConnectionOutcome {
            device: DeviceId(from),
            is_half_open,
            at: seconds(at),
        });
    }

    fn evaluate(&mut self, at: f64) -> Vec<Alert> {
        let devices = &self.devices;
        let look_up = |id: DeviceId| devices.get(id.0 as usize);
        self.engine.evaluate(seconds(at), &look_up)
    }

    /// Device and state of each alert at `at`.
    fn states(&mut self, at: f64) -> Vec<(u32, AlertState)> {
        let alerts = self.evaluate(at);
        alerts.iter().map(|alert| (alert.device.0, alert.state)).collect()
    }
}

const FIRING: AlertState = AlertState::Firing;
const RESOLVED: AlertState = AlertState::Resolved;

fn rate(limit: f64) -> Threshold {
    Threshold {
        window: Duration::from_secs(10),
        ..Threshold::new("X-1", "rate", Metric::OctetRate, limit)
    }
}

#[test]
fn octets_are_told_by_direction() {
    for (octets, fires) in [(999, false), (1000, true), (1001, true)] {
        let received = Threshold { direction: Direction::Received, ..rate(100.0) };
        let mut bench = Bench::new(vec![rate(100.0), received]);
        bench.feed(tcp(1, 2, 9, 80).octets(octets).again(), 1, 2);
        let expected = if fires { vec![(1, FIRING), (2, FIRING)] } else { vec![] };
        assert_eq!(bench.states(1.0), expected);
    }
}

#[test]
fn filters_leave_other_flows_out() {
    let filtered = |change: fn(&mut Threshold)| {
        let mut rule = Threshold::new("X-2", "new", Metric::NewFlowRate, 1.0 / 60.0);
        change(&mut rule);
        let mut bench = Bench::new(vec![rule]);
        bench.feed(tcp(1, 2, 40_000, 80), 1, 2);
        !bench.evaluate(1.0).is_empty()
    };
    assert!(filtered(|_| {}));
    assert!(filtered(|rule| rule.filter.protocol = Some(Protocol::Tcp)));
    assert!(!filtered(|rule| rule.filter.protocol = Some(Protocol::Udp)));
    assert!(filtered(|rule| rule.filter.destination_ports = vec![80]));
    assert!(!filtered(|rule| rule.filter.destination_ports = vec![81]));
    let dicom = sensor_common::application::Application::Dicom;
    assert!(!matches!(dicom.name(), "unknown"));
    assert!(!filtered(|rule| {
        rule.filter.applications = vec![sensor_common::application::Application::Dicom];
    }));
    assert!(!filtered(|rule| rule.scope = Scope::Role("pumps".to_owned())));
    assert!(!filtered(|rule| rule.scope = Scope::Device("10.20.0.9".parse().unwrap())));
    assert!(filtered(|rule| rule.scope = Scope::Device("10.20.0.1".parse().unwrap())));
    assert!(filtered(|rule| rule.except_roles = vec!["pumps".to_owned()]));
}

#[test]
fn an_alert_is_resolved_below_its_lower_limit_only() {
    let mut bench = Bench::new(vec![rate(100.0)]);
    bench.feed(tcp(1, 2, 9, 80).octets(200).at(0.0), 1, 2);
    bench.feed(tcp(1, 2, 9, 80).octets(800).at(1.5), 1, 2);
    assert_eq!(bench.states(2.0), [(1, FIRING)]);
    // 80 a second are not below 0.8 of the limit.
    assert_eq!(bench.states(10.5), []);
    assert_eq!(bench.engine.firing().count(), 1);
    assert_eq!(bench.states(11.5), [(1, RESOLVED)]);
    assert_eq!(bench.engine.firing().count(), 0);
    assert_eq!(bench.engine.windows(), 0);
    assert_eq!(bench.states(12.0), []);
}

#[test]
fn a_rule_waits_for_as_long_as_it_says() {
    let held = Threshold { hold: Duration::from_secs(3), ..rate(100.0) };
    let mut bench = Bench::new(vec![held]);
    bench.feed(tcp(1, 2, 9, 80).octets(1000), 1, 2);
    assert_eq!(bench.states(0.0), []);
    assert_eq!(bench.states(2.9), []);
    assert_eq!(bench.states(3.0), [(1, FIRING)]);
    assert_eq!(bench.states(3.1), []);
    assert_eq!(bench.states(10.0), [(1, RESOLVED)]);
    // A second burst that is over too soon.
    bench.feed(tcp(1, 2, 9, 80).octets(1000).at(12.0), 1, 2);
    bench.feed(tcp(1, 2, 9, 80).octets(900).at(20.0), 1, 2);
    assert_eq!(bench.states(20.0), []);
    assert_eq!(bench.states(22.9), []);
    bench.feed(tcp(1, 2, 9, 80).octets(100).at(23.0), 1, 2);
    assert_eq!(bench.states(23.0), []);
    assert_eq!(bench.states(25.9), []);
    assert_eq!(bench.states(26.0), [(1, FIRING)]);
}

#[test]
fn peers_age_out_of_the_window() {
    let mut bench = Bench::builtin("smb_fan_out");
    for peer in 0..30 {
        bench.feed(tcp(1, 10 + peer, 40_000, 445).at(f64::from(peer) * 7.0), 1, 2);
        assert!(bench.evaluate(f64::from(peer) * 7.0 + 0.25).is_empty());
    }
}

#[test]
fn a_growing_alert_is_given_out_again_after_the_interval() {
    let mut bench = Bench::builtin("smb_fan_out");
    let sweep = |bench: &mut Bench, count: u32, at: f64| {
        for peer in 0..count {
            bench.feed(tcp(1, 10 + peer, 40_000, 445).at(at), 1, 2);
        }
    };
    sweep(&mut bench, 10, 0.0);
    let first = bench.evaluate(0.25).remove(0);
    assert_eq!((first.value, first.fired_at), (10.0, seconds(0.25)));
    sweep(&mut bench, 200, 30.0);
    assert!(bench.evaluate(30.0).is_empty());
    sweep(&mut bench, 20, 60.0);
    let grown = bench.evaluate(60.25).remove(0);
    assert_eq!((grown.id, grown.value), (first.id, 200.0));
    assert!(grown.summary.contains(": 200 over"), "{}", grown.summary);
    sweep(&mut bench, 20, 100.0);
    assert!(bench.evaluate(150.0).is_empty());
    let last = bench.evaluate(400.0).remove(0);
    assert_eq!((last.id, last.state, last.value), (first.id, RESOLVED, 200.0));
    assert_eq!(last.resolved_at, Some(seconds(400.0)));
    sweep(&mut bench, 10, 500.0);
    assert_ne!(bench.evaluate(500.25)[0].id, first.id);
}

#[test]
fn several_peers_make_one_alert_of_the_highest() {
    let mut bench = Bench::builtin("port_scan");
    for port in 0..30 {
        bench.feed(tcp(1, 7, 40_000, port).at(5.0), 1, 2);
        bench.feed(tcp(1, 8, 40_000, port * 2).at(4.0), 1, 2);
        bench.feed(tcp(1, 8, 40_000, port * 2 + 1).at(4.0), 1, 2);
    }
    let alerts = bench.evaluate(6.0);
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].value, 60.0);
    assert_eq!(alerts[0].evidence_since, seconds(4.0));
    assert!(alerts[0].summary.contains("to 10.20.0.8"));
}

#[test]
fn a_silent_device_is_reported_if_it_is_watched() {
    let silence = Threshold {
        scope: Scope::Role("pumps".to_owned()),
        ..Threshold::new("WL-025", "silent", Metric::Silence, 60.0)
    };
    let mut bench = Bench::new(vec![silence]);
    bench.feed(tcp(9, 2, 9, 80).at(10.0), 9, 2);
    bench.feed(tcp(8, 2, 9, 80).at(10.0), 8, 2);
    assert_eq!(bench.states(69.9), []);
    assert_eq!(bench.states(70.0), [(9, FIRING)]);
    assert_eq!(bench.states(71.0), []);
    bench.feed(tcp(9, 2, 9, 80).at(72.0), 9, 2);
    assert_eq!(bench.states(72.1), [(9, RESOLVED)]);
    assert_eq!(bench.states(72.2), []);
}

#[test]
fn alerts_of_forgotten_devices_are_resolved() {
    let mut bench = Bench::builtin("smb_fan_out");
    for peer in 0..20 {
        bench.feed(tcp(1, 10 + peer, 40_000, 445), 1, 2);
    }
    assert_eq!(bench.states(0.25), [(1, FIRING)]);
    bench.devices.clear();
    assert_eq!(bench.states(0.5), [(1, RESOLVED)]);
}

#[test]
fn more_than_a_thousand_peers_are_at_least_as_many() {
    let mut bench = Bench::builtin("smb_fan_out");
    for peer in 0..5000 {
        bench.feed(tcp(1, 10 + peer, 40_000, 445), 1, 2);
    }
    let alert = bench.evaluate(0.25).remove(0);
    assert_eq!(alert.value, 1024.0);
    assert!(alert.summary.contains("at least 1024"));
    assert_eq!(bench.engine.overflowed(), 5000 - 1024);
}

#[test]
fn nothing_grows_beyond_its_bound() {
    let bounds = Bounds { windows: 500, values: 300, groups: 16 };
    let mut bench = Bench::bounded(builtin::thresholds(), bounds);
    for flow in 0..20_000u32 {
        let from = flow % 1000;
        let draft = tcp(from, flow, flow as u16, (flow >> 4) as u16);
        bench.feed(draft, from, 2);
        bench.outcome(from, true, 0.0);
        assert!(bench.engine.windows() <= 500);
        assert!(bench.engine.windows.values <= 300);
    }
    assert!(bench.engine.windows.groups.values().all(|&count| count <= 16));
    assert!(bench.engine.overflowed() > 10_000);
    bench.evaluate(1.0);
    bench.evaluate(10_000.0);
    assert_eq!(bench.engine.windows(), 0);
    assert_eq!(bench.engine.windows.values, 0);
    assert!(bench.engine.windows.groups.is_empty());
    assert_eq!(bench.engine.firing().count(), 0);
}

#[test]
fn a_sweep_leaves_room_for_other_devices() {
    let bounds = Bounds { windows: 2000, ..Bounds::default() };
    let mut bench = Bench::bounded(builtin::thresholds(), bounds);
    for peer in 0..60_000 {
        bench.feed(tcp(1, 10 + peer, 40_000, (peer % 5000) as u16), 1, 2);
    }
    for peer in 0..10 {
        bench.feed(tcp(5, 10 + peer, 40_000, 445), 5, 2);
    }
    let alerts = bench.evaluate(0.5);
    let mut named = alerts.iter().filter(|alert| alert.name == "smb_fan_out");
    assert!(named.any(|alert| alert.device == DeviceId(5)));
}

#[test]
fn the_same_input_gives_the_same_alerts() {
    let run = || {
        let mut bench = Bench::new(builtin::thresholds());
        let mut alerts = Vec::new();
        for step in 0..4000u32 {
            let (from, at) = (1 + step % 7, f64::from(step) / 100.0);
            bench.feed(tcp(from, 10 + step % 300, 9, (step % 600) as u16).at(at), from, 3);
            bench.outcome(from, step % 3 > 0, at);
            if step % 25 == 0 {
                alerts.extend(bench.evaluate(at));
            }
        }
        alerts
    };
    let first = run();
    assert!(first.len() > 5);
    assert_eq!(first, run());
}

#[test]
fn disabled_rules_measure_nothing() {
    let mut rule = rate(1.0);
    rule.enabled = false;
    let mut bench = Bench::new(vec![rule]);
    bench.feed(tcp(1, 2, 9, 80).octets(1 << 40), 1, 2);
    assert_eq!(bench.engine.windows(), 0);
    assert!(bench.evaluate(1.0).is_empty());
}

#[test]
fn an_alert_of_an_earlier_run_goes_on_under_its_number() {
    let mut before = Bench::new(vec![rate(100.0)]);
    before.feed(udp(1, 2, 9, 9).octets(2000).at(1.0), 1, 2);
    let fired = before.evaluate(1.0).pop().unwrap();
    let mut bench = Bench::new(vec![rate(100.0)]);
    let strangers = bench.engine.adopt(vec![fired.clone()], seconds(2.0));
    assert_eq!(strangers, []);
    assert_eq!(bench.states(3.0), [], "the window is empty, and has had no time to fill");
    bench.feed(udp(1, 2, 9, 9).octets(2000).at(20.0), 1, 2);
    assert_eq!(bench.states(20.0), [], "it fires already");
    assert_eq!(bench.engine.firing().map(|alert| alert.id).collect::<Vec<_>>(), [fired.id]);
    assert_eq!(bench.states(71.0), [], "10 s of window and a minute");
    assert_eq!(bench.states(72.0), [(1, RESOLVED)]);
}

#[test]
fn an_alert_that_no_rule_explains_any_more_is_given_back() {
    let mut before = Bench::new(vec![rate(100.0)]);
    before.feed(udp(1, 2, 9, 9).octets(2000).at(1.0), 1, 2);
    let fired = before.evaluate(1.0);
    let mut bench = Bench::new(vec![Threshold { name: "other".to_owned(), ..rate(100.0) }]);
    assert_eq!(bench.engine.adopt(fired.clone(), seconds(2.0)), fired);
}
