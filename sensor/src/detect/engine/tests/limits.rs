//! The built-in rules below, at and above their limits, and what must not fire them.

use sensor_common::wire::transport::tcp_flags::{ACK, FIN, SYN};

use super::*;

/// Device 1 fires the built-in rule `name` with `count` of `each`, and not with one less.
fn fires_at(name: &str, count: u32, each: impl Fn(u32) -> Draft) {
    for (count, fires) in [(count - 1, false), (count, true), (count + 1, true)] {
        let mut bench = Bench::builtin(name);
        for index in 0..count {
            bench.feed(each(index), 1, 2);
        }
        let alerts = bench.evaluate(0.25);
        let devices: Vec<_> = alerts.iter().map(|alert| alert.device.0).collect();
        let expected: &[u32] = if fires { &[1] } else { &[] };
        assert_eq!(devices, expected, "{name} with {count}");
    }
}

#[test]
fn a_tenth_smb_peer_is_an_alert_at_the_next_evaluation() {
    fires_at("smb_fan_out", 10, |index| tcp(1, 10 + index, 40_000, 445));
    fires_at("smb_fan_out", 10, |index| tcp(1, 10 + index, 40_000, [139, 445][index as usize % 2]));
}

#[test]
fn an_address_scan_is_two_hundred_and_fifty_failures_on_one_port() {
    fires_at("address_scan", 250, |index| tcp(1, 10 + index, 40_000, 22));
    let mut bench = Bench::builtin("address_scan");
    for index in 0..400 {
        let ports = [22, 23];
        bench.feed(tcp(1, 10 + index, 4, ports[index as usize % 2]), 1, 2);
    }
    assert!(bench.evaluate(1.0).is_empty());
}

#[test]
fn an_arp_scan_is_a_hundred_requests_but_not_of_a_router() {
    fires_at("arp_scan", 100, |index| arp(1, 10 + index, true));
    let mut bench = Bench::builtin("arp_scan");
    for index in 0..500 {
        bench.feed(arp(100, 200 + index, true), 100, 2);
        bench.feed(arp(1, 200 + index, false), 1, 2);
    }
    assert!(bench.evaluate(1.0).is_empty());
}

#[test]
fn a_port_scan_is_fifteen_failures_at_one_peer() {
    let port = |index: u32| 20 + index as u16;
    fires_at("port_scan", 15, |index| tcp(1, 2, 40_000, port(index)));
    fires_at("port_scan", 15, |index| tcp(1, 2, 40_000, port(index)).flags(FIN, FIN));
    fires_at("udp_port_scan", 64, |index| udp(1, 2, 40_000, port(index)));
    let mut bench = Bench::builtin("port_scan");
    for index in 0..100 {
        bench.feed(tcp(1, 10 + index % 10, 40_000, port(index)), 1, 2);
    }
    assert!(bench.evaluate(1.0).is_empty());
}

#[test]
fn what_is_answered_is_no_scan() {
    let mut bench = Bench::builtin("port_scan");
    for index in 0..40 {
        let opening = tcp(1, 2, 40_000, 20 + index);
        bench.feed(opening, 1, 2);
        bench.feed(opening.again().flags(SYN, SYN | ACK), 1, 2);
        bench.feed(tcp(1, 2, 40_000, 100 + index).flags(SYN, SYN | ACK), 1, 2);
    }
    assert!(bench.evaluate(1.0).is_empty());
    assert_eq!(bench.engine.windows(), 0);
    assert_eq!(bench.engine.windows.values, 0);
}

#[test]
fn replies_are_no_fan_out() {
    let mut bench = Bench::new(builtin::thresholds());
    for client in 0..200 {
        let answer = tcp(1, 10 + client, 445, 40_000).flags(SYN | ACK, SYN | ACK);
        bench.feed(answer, 1, 10 + client);
        bench.feed(udp(1, 10 + client, 161, 40_000 + client as u16), 1, 10 + client);
    }
    assert!(bench.evaluate(1.0).is_empty());
}

#[test]
fn stealth_probes_are_counted() {
    fires_at("stealth_scan", 3, |index| tcp(1, 2, 40_000 + index as u16, 80).flags(0, 0));
}

#[test]
fn floods_are_rates_over_their_windows() {
    fires_at("syn_flood", 1001, |index| tcp(1, 2, index as u16, 80));
    fires_at("udp_flood", 1280, |index| udp(1, 2, 10_000 + index as u16, 53));
    fires_at("icmp_flood", 1250, |_| icmp(1, 2, 8));
    fires_at("unanswered_attempts", 100, |index| tcp(1, 2, 10_000 + index as u16, 443));
}

#[test]
fn a_flood_from_forged_sources_names_its_target() {
    for (count, fires) in [(1000, false), (1001, true), (1002, true)] {
        let mut bench = Bench::builtin("syn_flood_target");
        for index in 0..count {
            let delta = tcp(10 + index, 2, 9, 80).delta;
            bench.engine.observe(&delta, None, Some(DeviceId(2)));
        }
        let alerts = bench.evaluate(0.5);
        assert_eq!(!alerts.is_empty(), fires, "{count}");
        assert!(alerts.iter().all(|alert| alert.device == DeviceId(2)));
        assert_eq!(bench.engine.unattributed(), u64::from(count));
    }
}

#[test]
fn echo_replies_are_no_flood() {
    let mut bench = Bench::builtin("icmp_flood");
    bench.feed(icmp(1, 2, 0).packets(100_000), 1, 2);
    assert!(bench.evaluate(0.5).is_empty());
}

#[test]
fn half_open_connections_are_counted_and_shared() {
    for (count, fires) in [(255, false), (256, true), (257, true)] {
        let mut bench = Bench::builtin("syn_without_answer");
        (0..count).for_each(|_| bench.outcome(1, true, 0.0));
        (0..count).for_each(|_| bench.outcome(3, false, 0.0));
        assert_eq!(!bench.evaluate(0.5).is_empty(), fires, "{count}");
    }
    for (half_open, all, fires) in
        [(99, 99, false), (89, 100, false), (90, 100, true), (100, 100, true)]
    {
        let mut bench = Bench::builtin("half_open_share");
        (0..all).for_each(|index| bench.outcome(1, index < half_open, 0.0));
        assert_eq!(!bench.evaluate(0.5).is_empty(), fires, "{half_open} of {all}");
    }
}
