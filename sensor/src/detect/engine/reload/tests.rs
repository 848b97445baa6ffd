use crate::{
    detect::{
        AlertState, Bounds, Thresholds,
        fixture::{device, seconds, tcp},
        threshold::{Metric, Threshold},
    },
    inventory::DeviceId,
};
use std::time::Duration;

const RESEND: Duration = Duration::from_secs(60);

fn peers(limit: f64) -> Threshold {
    Threshold::new("T-1", "peers", Metric::DistinctPeers, limit)
}

fn ports(limit: f64) -> Threshold {
    Threshold::new("T-2", "ports", Metric::DistinctDestinationPorts, limit)
}

/// Device 1 speaks to `hosts`.
fn fill(engine: &mut Thresholds, hosts: std::ops::Range<u32>) {
    for host in hosts {
        let delta = tcp(1, host, 40_000, 445).at(1.0).delta;
        engine.observe(&delta, Some(DeviceId(1)), None);
    }
}

#[test]
fn a_lower_limit_counts_what_was_seen_before() {
    let one = device(1);
    let known = |id: DeviceId| (id == one.id).then_some(&one);
    let mut engine = Thresholds::new(vec![peers(50.0)], Vec::new(), RESEND, Bounds::default());
    fill(&mut engine, 10..30);
    assert!(engine.evaluate(seconds(2.0), &known).is_empty());
    // Another rule before it: places move.
    let (anew, strangers) = engine.reconfigure(&[ports(99.0), peers(20.0)], RESEND, seconds(2.0));
    assert!(anew.is_empty() && strangers.is_empty(), "{anew:?}");
    let alerts = engine.evaluate(seconds(3.0), &known);
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].name.as_str(), alerts[0].value), ("peers", 20.0));
}

#[test]
fn an_alert_goes_on_and_one_without_a_rule_is_handed_back() {
    let one = device(1);
    let known = |id: DeviceId| (id == one.id).then_some(&one);
    let rules = vec![peers(10.0), ports(99.0)];
    let mut engine = Thresholds::new(rules, Vec::new(), RESEND, Bounds::default());
    fill(&mut engine, 10..30);
    let alerts = engine.evaluate(seconds(2.0), &known);
    let id = alerts[0].id;
    let (_, strangers) = engine.reconfigure(&[peers(15.0)], RESEND, seconds(2.0));
    assert!(strangers.is_empty());
    assert_eq!(engine.firing().map(|alert| alert.id).collect::<Vec<_>>(), [id]);
    assert!(engine.evaluate(seconds(3.0), &known).is_empty(), "nothing is told twice");
    // It measures something else now: the alert stays until the new window could be full.
    let wider = Threshold { window: Duration::from_secs(600), ..peers(15.0) };
    let (anew, strangers) = engine.reconfigure(&[wider], RESEND, seconds(3.0));
    assert_eq!((anew, strangers.len()), (vec!["peers".to_owned()], 0));
    assert!(engine.evaluate(seconds(4.0), &known).is_empty());
    assert_eq!(engine.firing().count(), 1);
    let resolved = engine.evaluate(seconds(700.0), &known);
    assert_eq!(resolved[0].state, AlertState::Resolved);
    // And a rule that is gone has nothing firing.
    fill(&mut engine, 10..30);
    let (_, strangers) = engine.reconfigure(&[ports(99.0)], RESEND, seconds(701.0));
    assert!(strangers.is_empty() && engine.firing().count() == 0);
    assert_eq!(engine.windows(), 0);
}

#[test]
fn a_disabled_rule_hands_its_alert_back() {
    let one = device(1);
    let known = |id: DeviceId| (id == one.id).then_some(&one);
    let mut engine = Thresholds::new(vec![peers(10.0)], Vec::new(), RESEND, Bounds::default());
    fill(&mut engine, 10..30);
    let id = engine.evaluate(seconds(2.0), &known)[0].id;
    let off = Threshold { enabled: false, ..peers(10.0) };
    let (_, strangers) = engine.reconfigure(&[off], RESEND, seconds(3.0));
    assert_eq!(strangers.iter().map(|alert| alert.id).collect::<Vec<_>>(), [id]);
    assert_eq!(engine.firing().count(), 0);
}
