use super::*;
use crate::{
    detect::trial::*,
    interpret::{FlowDetail, detail::TlsDetail},
};

const HOUR: f64 = 3600.0;

/// A call every `interval` seconds from `from` to `to`, for `hours`; the findings.
fn beacon(trial: &mut Trial, interval: f64, hours: f64) -> Vec<Finding> {
    let calls = (hours * HOUR / interval) as u32;
    let mut found = Vec::new();
    for call in 0..=calls {
        let start = f64::from(call) * interval;
        let each = talk("10.20.0.7", "203.0.113.9").octets(480, 900);
        found.extend(trial.record(each.between(start, start + 0.2)));
    }
    found
}

#[test]
fn a_clock_is_high_after_six_hours_and_nothing_before() {
    let mut trial = Trial::new(&DETECTION, &[]);
    assert!(beacon(&mut trial, 60.0, 5.99).is_empty());
    let found = trial.record(talk("10.20.0.7", "203.0.113.9").octets(480, 0).at(6.0 * HOUR));
    assert_eq!(
        (found[0].severity, Some(found[0].device)),
        (Some(Severity::High), trial.id("10.20.0.7"))
    );
    assert!(found[0].value > 0.9 && found[0].evidence.peers.len() == 1);
}

#[test]
fn the_span_is_a_setting() {
    let mut trial = Trial::new(&DETECTION, &[("span", 30.0)]);
    assert!(beacon(&mut trial, 4.0, 27.0 / HOUR).is_empty(), "eight calls, and 28 seconds");
    let mut trial = Trial::new(&DETECTION, &[("span", 30.0)]);
    assert_eq!(beacon(&mut trial, 5.0, 35.0 / HOUR).len(), 1, "eight calls, and 35 seconds");
}

#[test]
fn few_calls_are_no_row() {
    let mut trial = Trial::new(&DETECTION, &[]);
    assert!(beacon(&mut trial, 2.0 * HOUR, 12.0).is_empty());
}

#[test]
fn it_is_looked_at_every_ten_minutes() {
    let mut trial = Trial::new(&DETECTION, &[]);
    let found = beacon(&mut trial, 60.0, 7.0);
    assert_eq!(found.len(), 7);
}

#[test]
fn somebody_who_reads_pages_is_none() {
    let mut trial = Trial::new(&DETECTION, &[]);
    let mut start = 0.0;
    for call in 0..200u64 {
        let chance = (call.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64;
        start += if call % 9 == 0 { 900.0 + chance % 2000.0 } else { chance % 4.0 };
        let octets = 300 + chance as u64 % 90_000;
        let each = talk("10.20.0.7", "203.0.113.9").octets(octets, 0);
        let found = trial.record(each.between(start, start + chance % 30.0));
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn clocks_and_polling_inside_are_none_unless_asked_for() {
    let inner = |trial: &mut Trial| {
        (0..420)
            .map(|minute| {
                let start = f64::from(minute) * 60.0;
                trial.record(talk("10.20.0.7", "10.20.0.8").at(start)).len()
            })
            .sum::<usize>()
    };
    assert_eq!(inner(&mut Trial::new(&DETECTION, &[])), 0);
    assert!(inner(&mut Trial::new(&DETECTION, &[("inside", 1.0)])) > 0);
    let mut trial = Trial::new(&DETECTION, &[("inside", 1.0)]);
    for minute in 0..420 {
        let at = f64::from(minute) * 60.0;
        let basis = sensor_common::application::Evidence::Confirmed;
        let ntp = talk("10.20.0.7", "203.0.113.9").udp(123, 123).speaks(Application::Ntp, basis);
        assert!(trial.record(ntp.at(at)).is_empty());
        let snmp = talk("10.20.0.7", "10.20.0.8").udp(9, 161).speaks(Application::Snmp, basis);
        assert!(trial.record(snmp.at(at)).is_empty());
    }
}

#[test]
fn a_name_holds_a_row_together_when_addresses_move() {
    let mut trial = Trial::new(&DETECTION, &[]);
    let mut found = Vec::new();
    for minute in 0..=360u32 {
        let address = format!("203.0.113.{}", minute % 200 + 1);
        let each = talk("10.20.0.7", &address).at(f64::from(minute) * 60.0);
        found.extend(trial.changed(each, |record| {
            let server_name = Some("C2.example".to_owned());
            let tls = TlsDetail { server_name, ..TlsDetail::default() };
            record.detail = Some(Box::new(FlowDetail::of_tls(tls)));
        }));
    }
    assert!(found[0].sentence.contains("`c2.example`"));
}

#[test]
fn what_half_the_house_calls_scores_less_and_what_one_in_fifty_calls_more() {
    let value = |callers: u32| {
        let mut trial = Trial::new(&DETECTION, &[("score", 0.1)]).with_devices(100);
        for host in 1..=100 {
            let from = format!("10.20.0.{host}");
            let to = if host <= callers { "203.0.113.9" } else { "198.51.100.1" };
            trial.record(talk(&from, to).octets(480, 900));
        }
        // Irregular enough to leave room on both sides.
        let mut found = Vec::new();
        for minute in 0..=361u64 {
            let start = minute as f64 * 60.0 + (minute * 7919 % 50) as f64;
            let each = talk("10.20.0.1", "203.0.113.9").octets(480 + minute * 7919 % 700, 900);
            found.extend(trial.record(each.between(start, start + (minute * 31 % 40) as f64)));
        }
        (found[0].value, found[0].severity)
    };
    let [(rare, alone), (nine, by_nine), (usual, by_ten), (common, _)] = [1, 9, 10, 50].map(value);
    assert!(alone != Some(Severity::Info) && by_nine != Some(Severity::Info), "{nine}");
    assert_eq!(by_ten, Some(Severity::Info), "a service");
    assert!((rare - usual - PREVALENCE).abs() < 1e-9, "{rare} {usual}");
    assert!((usual - common - PREVALENCE).abs() < 1e-9, "{usual} {common}");
}
