//! The rules that apply unless the file replaces them or `[defaults] thresholds = false`.
//!
//! Limits with a published source: WL-010 250 local destinations in 5 min (Zeek simple-scan),
//! WL-011 15 ports in 5 min (Zeek scan), WL-012 256 a minute, WL-022 more than 5 servers and WL-032 ICMP 250/s and flows 256/s
//! (ntopng). The others are proposals of ours.

use std::time::Duration;

use super::{
    alert::Severity,
    role::ROUTER,
    threshold::{Direction, Filter, Metric, Protocol, Threshold},
};

pub fn thresholds() -> Vec<Threshold> {
    let mut all = spreading();
    all.extend(scanning());
    all.extend(asking());
    all.extend(flooding());
    all
}

fn over(protocol: Protocol) -> Filter {
    Filter { protocol: Some(protocol), ..Filter::default() }
}

fn spreading() -> Vec<Threshold> {
    vec![Threshold {
        severity: Severity::Critical,
        filter: Filter { destination_ports: vec![139, 445], ..over(Protocol::Tcp) },
        ..Threshold::new("WL-002", "smb_fan_out", Metric::DistinctPeers, 10.0)
    }]
}

fn scanning() -> Vec<Threshold> {
    let five_minutes = Duration::from_secs(300);
    vec![
        Threshold {
            window: five_minutes,
            failed: true,
            per_port: true,
            filter: over(Protocol::Tcp),
            ..Threshold::new("WL-010", "address_scan", Metric::DistinctPeers, 250.0)
        },
        // A poller of 60 hosts asks for 60 addresses; a router asks for whatever it is sent.
        Threshold {
            except_roles: vec![ROUTER.to_owned()],
            filter: over(Protocol::Arp),
            ..Threshold::new("WL-010", "arp_scan", Metric::DistinctPeers, 100.0)
        },
        // Failed attempts only: passive FTP and RPC open many ports of one host, and are answered.
        Threshold {
            window: five_minutes,
            failed: true,
            per_peer: true,
            filter: over(Protocol::Tcp),
            ..Threshold::new("WL-011", "port_scan", Metric::DistinctDestinationPorts, 15.0)
        },
        // Above what a traceroute (3 ports a hop) or the calls of one telephone exchange take.
        Threshold {
            per_peer: true,
            filter: over(Protocol::Udp),
            ..Threshold::new("WL-011", "udp_port_scan", Metric::DistinctDestinationPorts, 64.0)
        },
        Threshold::new("WL-012", "syn_without_answer", Metric::HalfOpenRate, 256.0 / 60.0),
        Threshold {
            window: five_minutes,
            ..Threshold::new("WL-012", "half_open_share", Metric::HalfOpenShare, 0.9)
        },
        Threshold {
            filter: over(Protocol::Tcp),
            ..Threshold::new("WL-012", "stealth_scan", Metric::InvalidOpenings, 3.0)
        },
    ]
}

fn asking() -> Vec<Threshold> {
    let asks_by_work = [ROUTER, "dns_server", "domain_controller", "monitoring", "scanner"];
    vec![Threshold {
        severity: Severity::Low,
        window: Duration::from_secs(600),
        except_roles: asks_by_work.map(str::to_owned).into(),
        filter: Filter { destination_ports: vec![53], ..over(Protocol::Udp) },
        // More than five (ntopng).
        ..Threshold::new("WL-022", "many_dns_servers", Metric::DistinctPeers, 6.0)
    }]
}

/// Above 1,000 a second; a rule fires when its limit is reached.
const SYN_FLOOD: f64 = 1001.0;

fn flooding() -> Vec<Threshold> {
    let flood = |name, metric, limit, window, filter| Threshold {
        severity: Severity::High,
        window: Duration::from_secs(window),
        filter,
        ..Threshold::new("WL-032", name, metric, limit)
    };
    vec![
        Threshold {
            per_peer: true,
            ..flood("syn_flood", Metric::SynRate, SYN_FLOOD, 1, over(Protocol::Tcp))
        },
        // From forged sources: only the target can be named.
        Threshold {
            direction: Direction::Received,
            ..flood("syn_flood_target", Metric::SynRate, SYN_FLOOD, 1, over(Protocol::Tcp))
        },
        Threshold {
            severity: Severity::Medium,
            per_peer: true,
            per_port: true,
            failed: true,
            ..flood(
                "unanswered_attempts",
                Metric::DistinctSourcePorts,
                100.0,
                10,
                over(Protocol::Tcp),
            )
        },
        Threshold {
            per_peer: true,
            ..flood("udp_flood", Metric::NewFlowRate, 256.0, 5, over(Protocol::Udp))
        },
        flood("icmp_flood", Metric::PacketRate, 250.0, 5, over(Protocol::Icmp)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_builtin_can_fire_and_is_named_once() {
        let all = thresholds();
        for threshold in &all {
            assert_eq!(threshold.check(), Ok(()), "{}", threshold.name);
        }
        let names: HashSet<_> = all.iter().map(|each| (&each.id, &each.name)).collect();
        assert_eq!(names.len(), all.len());
    }
}
