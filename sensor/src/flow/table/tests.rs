mod conservation;
mod detail;
mod evidence;
mod memory;
mod outcome;

use std::net::IpAddr;

use sensor_common::{
    application::{Application, Evidence},
    flow::{Encapsulation, FlowKey, FlowKeyFields, Network},
    wire::transport::tcp_flags::{ACK, FIN, RST, SYN},
};

use super::*;
use crate::flow::Opinion;

const SECOND: u64 = 1_000_000;
const STATION: u64 = 0x0200_0000_0000;

fn at(micros: u64) -> Moment {
    Moment::from_micros(micros)
}

fn settings() -> FlowSettings {
    FlowSettings {
        active_timeout: Duration::from_secs(100),
        maximum: 1000,
        ..FlowSettings::default()
    }
}

/// The fields of a TCP flow from host `source` to host `destination` of 10.0.0.0/8.
fn fields(source: (u32, u16), destination: (u32, u16)) -> FlowKeyFields {
    let words = |host: u32| [(STATION | u64::from(host)) << 16, 0x0a00_0000 | u64::from(host)];
    FlowKeyFields {
        network: Network::Ipv4,
        source: words(source.0),
        destination: words(destination.0),
        source_port: source.1,
        destination_port: destination.1,
        outer_vlan: 0,
        inner_vlan: 0,
        interface: 1,
        protocol: 6,
    }
}

/// A new flow of one packet at `micros`.
fn delta(fields: &FlowKeyFields, micros: u64, first_tcp_flags: u8) -> FlowDelta {
    FlowDelta {
        key: FlowKey::new(fields),
        source_endpoint: 0,
        destination_endpoint: 0,
        packets: 1,
        octets: 100,
        tcp_flags: first_tcp_flags,
        first_tcp_flags,
        icmp_type_code: 0,
        opinion: Opinion::default(),
        earlier: Default::default(),
        change: Default::default(),
        digest: 0,
        first_seen: at(micros),
        last_seen: at(micros),
        is_new: true,
    }
}

fn later(delta: FlowDelta, last_seen: u64, tcp_flags: u8) -> FlowDelta {
    FlowDelta {
        last_seen: at(last_seen),
        tcp_flags: delta.tcp_flags | tcp_flags,
        is_new: false,
        ..delta
    }
}

fn expired(table: &mut FlowTable, micros: u64) -> Vec<FlowRecord> {
    let mut records = Vec::new();
    table.expire(at(micros), &mut records);
    records
}

fn finished(table: &mut FlowTable, micros: u64) -> Vec<FlowRecord> {
    let mut records = Vec::new();
    table.expire(at(micros), &mut records);
    table.end_oldest(usize::MAX, at(micros), &mut records);
    assert!(table.is_empty());
    records
}

#[test]
fn both_directions_on_two_interfaces_join() {
    let mut table = FlowTable::new(settings());
    let request = FlowKeyFields { interface: 3, outer_vlan: 10, ..fields((1, 40000), (2, 104)) };
    let answer = FlowKeyFields { interface: 4, outer_vlan: 20, ..fields((2, 104), (1, 40000)) };
    // The answer is read first.
    table.observe(&delta(&answer, 20, SYN | ACK), Some(DeviceId(2)), None);
    table.observe(&delta(&request, 10, SYN), Some(DeviceId(1)), Some(DeviceId(2)));
    let record = finished(&mut table, 30).remove(0);
    assert_eq!(record.initiator, Some(IpAddr::from([10, 0, 0, 1])));
    assert_eq!((record.initiator_port, record.responder_port), (40000, 104));
    assert_eq!(record.initiator_station, Some(STATION | 1));
    assert_eq!(record.responder_station, Some(STATION | 2));
    assert_eq!(record.initiator_device, Some(DeviceId(1)));
    assert_eq!(record.responder_device, Some(DeviceId(2)));
    assert_eq!((record.outer_vlan, record.interface), (10, 3));
    assert_eq!((record.forward.packets, record.reverse.packets), (1, 1));
    assert_eq!((record.start, record.end), (at(10), at(20)));
    assert_eq!(record.end_reason, FlowEndReason::ForcedEnd);
}

#[test]
fn vlans_keep_flows_apart_when_asked_to() {
    let mut table = FlowTable::new(FlowSettings { by_vlan: true, ..settings() });
    for outer_vlan in [10, 20] {
        let fields = FlowKeyFields { outer_vlan, ..fields((1, 40000), (2, 104)) };
        table.observe(&delta(&fields, 10, SYN), None, None);
    }
    assert_eq!(table.len(), 2);
}

#[test]
fn the_same_direction_of_two_cpus_sums() {
    let mut table = FlowTable::new(settings());
    let fields = fields((1, 40000), (2, 104));
    table.observe(&delta(&fields, 10, SYN), None, None);
    table.observe(&delta(&fields, 12, ACK), None, None);
    let record = finished(&mut table, 20).remove(0);
    assert_eq!((record.forward.packets, record.forward.octets), (2, 200));
    assert_eq!(record.forward.tcp_flags, SYN | ACK);
}

#[test]
fn direction_is_that_of_the_syn_then_of_time_then_of_the_port() {
    let initiator_port = |deltas: &[FlowDelta]| {
        let mut table = FlowTable::new(settings());
        for delta in deltas {
            table.observe(delta, None, None);
        }
        finished(&mut table, 100).remove(0).initiator_port
    };
    let request = fields((1, 50000), (2, 104));
    let answer = fields((2, 104), (1, 50000));
    let syn = delta(&request, 20, SYN);
    assert_eq!(initiator_port(&[delta(&answer, 10, ACK), syn]), 50000);
    assert_eq!(initiator_port(&[delta(&answer, 10, SYN | ACK)]), 50000);
    assert_eq!(initiator_port(&[delta(&answer, 10, SYN | ACK), delta(&request, 20, ACK)]), 50000);
    assert_eq!(initiator_port(&[delta(&request, 20, ACK), delta(&answer, 10, ACK)]), 104);
    assert_eq!(initiator_port(&[delta(&request, 10, ACK), delta(&answer, 10, ACK)]), 50000);
    assert_eq!(initiator_port(&[delta(&answer, 10, ACK), delta(&request, 10, ACK)]), 50000);
}

#[test]
fn arp_and_link_flows_join_by_address_and_station() {
    let mut table = FlowTable::new(settings());
    let arp = |mut fields: FlowKeyFields| {
        (fields.network, fields.protocol) = (Network::Arp, 0);
        fields
    };
    let mut request = arp(fields((1, 0), (2, 0)));
    request.destination[0] = 0xffff_ffff_ffff << 16;
    table.observe(&delta(&request, 10, 0), None, None);
    table.observe(&delta(&arp(fields((2, 0), (1, 0))), 11, 0), None, None);
    let link = |mut fields: FlowKeyFields| {
        (fields.network, fields.protocol) = (Network::Link, 0);
        (fields.source[1], fields.destination[1]) = (0, 0);
        fields
    };
    table.observe(&delta(&link(fields((1, 0), (2, 0x0442))), 12, 0), None, None);
    table.observe(&delta(&link(fields((2, 0), (1, 0x4204))), 13, 0), None, None);
    let records = finished(&mut table, 100);
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].responder, Some(IpAddr::from([10, 0, 0, 2])));
    assert_eq!(records[0].responder_station, Some(STATION | 2));
    assert_eq!(records[1].initiator, None);
    assert_eq!(records[1].initiator_station, Some(STATION | 1));
    assert_eq!((records[1].forward.packets, records[1].reverse.packets), (1, 1));
}

#[test]
fn an_echo_and_an_arp_request_begin_their_flows_even_within_a_tick() {
    let request = |network, protocol, icmp_type_code| {
        let mut fields = FlowKeyFields { network, protocol, ..fields((9, 0), (2, 0)) };
        fields.destination[0] = 0xffff_ffff_ffff << 16;
        FlowDelta { icmp_type_code, ..delta(&fields, 10, 0) }
    };
    let answer = |network, protocol| {
        delta(&FlowKeyFields { network, protocol, ..fields((2, 0), (9, 0)) }, 10, 0)
    };
    for (network, protocol) in [(Network::Ipv4, 1), (Network::Arp, 0)] {
        let mut table = FlowTable::new(settings());
        table.observe(&answer(network, protocol), None, None);
        table.observe(&request(network, protocol, 0x0800), None, None);
        let record = finished(&mut table, 20).remove(0);
        assert_eq!(record.initiator, Some(IpAddr::from([10, 0, 0, 9])));
        assert_eq!(record.responder_station, Some(STATION | 2));
    }
}

#[test]
fn an_unsolicited_advertisement_is_its_own_beginning() {
    let mut fields = fields((9, 0), (2, 0));
    (fields.network, fields.protocol) = (Network::Ipv6, 58);
    (fields.source, fields.destination) = ([0xfe80 << 48, 9], [0xff02 << 48, 1]);
    let mut table = FlowTable::new(settings());
    let advertisement = FlowDelta { icmp_type_code: 136 << 8, ..delta(&fields, 10, 0) };
    table.observe(&advertisement, None, None);
    let record = finished(&mut table, 20).remove(0);
    assert_eq!(record.responder, Some("ff02::1".parse().expect("an address")));
}

#[test]
fn an_idle_flow_ends_at_its_timeout_and_not_before() {
    let mut table = FlowTable::new(settings());
    let udp = FlowKeyFields { protocol: 17, ..fields((1, 5000), (2, 53)) };
    let first = delta(&udp, 5 * SECOND, 0);
    table.observe(&first, None, None);
    table.observe(&later(first, 30 * SECOND, 0), None, None);
    assert_eq!(expired(&mut table, 90 * SECOND - 1), []);
    let records = expired(&mut table, 90 * SECOND);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].end_reason, FlowEndReason::IdleTimeout);
    assert_eq!((records[0].start, records[0].end), (at(5 * SECOND), at(30 * SECOND)));
    assert!(table.is_empty());
}

#[test]
fn a_lasting_flow_is_reported_by_differences_under_one_id() {
    let mut table = FlowTable::new(settings());
    let first = delta(&fields((1, 40000), (2, 104)), 0, SYN);
    table.observe(&first, None, None);
    let mut records = Vec::new();
    for second in 1..=210 {
        table.observe(&later(first, second * SECOND, ACK), None, None);
        table.expire(at(second * SECOND), &mut records);
    }
    table.expire(at(270 * SECOND), &mut records);
    let summary: Vec<_> = records
        .iter()
        .map(|record| (record.id, record.forward.packets, record.end_reason))
        .collect();
    assert_eq!(
        summary,
        [
            (1, 101, FlowEndReason::ActiveTimeout),
            (1, 100, FlowEndReason::ActiveTimeout),
            (1, 10, FlowEndReason::IdleTimeout),
        ]
    );
    assert!(records.iter().all(|record| record.start == at(0)));
}

#[test]
fn a_closed_connection_ends_after_its_linger_with_the_late_segments() {
    let mut table = FlowTable::new(settings());
    let request = delta(&fields((1, 40000), (2, 104)), 0, SYN);
    let answer = delta(&fields((2, 104), (1, 40000)), 1, SYN | ACK);
    table.observe(&request, None, None);
    table.observe(&answer, None, None);
    table.observe(&later(request, SECOND, FIN), None, None);
    assert_eq!(expired(&mut table, 30 * SECOND), []);
    table.observe(&later(answer, 30 * SECOND, FIN), None, None);
    table.observe(&later(request, 31 * SECOND, FIN), None, None);
    assert_eq!(expired(&mut table, 32 * SECOND - 1), []);
    let records = expired(&mut table, 32 * SECOND);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].end_reason, FlowEndReason::EndOfFlow);
    assert_eq!((records[0].forward.packets, records[0].reverse.packets), (3, 2));
    assert!(table.is_empty());
}

#[test]
fn a_new_syn_on_a_closed_connection_begins_another_record() {
    let mut table = FlowTable::new(settings());
    let request = delta(&fields((1, 40000), (2, 104)), 0, SYN);
    table.observe(&request, None, None);
    let refusal = delta(&fields((2, 104), (1, 40000)), 10, RST | ACK);
    table.observe(&refusal, None, None);
    table.observe(&delta(&fields((1, 40000), (2, 104)), 500, SYN), None, None);
    let records = expired(&mut table, 1000);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].end_reason, FlowEndReason::EndOfFlow);
    assert_eq!(table.len(), 1);
    assert_eq!(finished(&mut table, 2000)[0].id, 2);
}

#[test]
fn old_control_bits_do_not_end_a_flow_that_goes_on() {
    let mut table = FlowTable::new(settings());
    let first = delta(&fields((1, 40000), (2, 104)), 0, SYN);
    table.observe(&later(first, 10, RST | FIN), None, None);
    assert_eq!(expired(&mut table, 10 * SECOND), []);
    assert_eq!(table.len(), 1);
    assert!(table.take_outcomes().is_empty() || table.len() == 1);
}

#[test]
fn a_full_table_gives_up_what_is_longest_unseen() {
    let mut table = FlowTable::new(FlowSettings { maximum: 2, ..settings() });
    let flow = |host| delta(&fields((host, 40000), (9, 104)), u64::from(host), SYN);
    table.observe(&flow(1), None, None);
    table.observe(&flow(2), None, None);
    // Which of two was seen later is known to a second.
    table.observe(&later(flow(1), 2 * SECOND, ACK), None, None);
    table.observe(&flow(4), None, None);
    assert_eq!((table.len(), table.displaced()), (2, 1));
    let records = expired(&mut table, 2 * SECOND);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].end_reason, FlowEndReason::LackOfResources);
    assert_eq!(records[0].initiator, Some(IpAddr::from([10, 0, 0, 2])));
}

#[test]
fn the_best_evidence_of_both_directions_names_the_application() {
    let application = |forward: (Application, Evidence), reverse: (Application, Evidence)| {
        let mut table = FlowTable::new(settings());
        let request = delta(&fields((1, 40000), (2, 104)), 0, SYN);
        let answer = delta(&fields((2, 104), (1, 40000)), 1, SYN | ACK);
        for (delta, (application, evidence)) in [(request, forward), (answer, reverse)] {
            table.observe(
                &FlowDelta { opinion: Opinion::of_packet_path(application, evidence), ..delta },
                None,
                None,
            );
        }
        let record = finished(&mut table, 10).remove(0);
        (record.opinion.application, record.opinion.evidence)
    };
    let unknown = (Application::Unknown, Evidence::Confirmed);
    let by_port = (Application::Dicom, Evidence::Port);
    let likely = (Application::Http, Evidence::Likely);
    let other_likely = (Application::Tls, Evidence::Likely);
    assert_eq!(application(unknown, by_port), by_port);
    assert_eq!(application(by_port, unknown), by_port);
    assert_eq!(application(by_port, likely), likely);
    assert_eq!(application(likely, by_port), likely);
    assert_eq!(application(likely, other_likely), likely);
}

#[test]
fn deadlines_of_displaced_flows_do_not_pile_up() {
    let mut table = FlowTable::new(FlowSettings { maximum: 10, ..settings() });
    for host in 0..100_000 {
        let udp = FlowKeyFields { protocol: 17, ..fields((host, 53), (7, 53)) };
        table.observe(&delta(&udp, u64::from(host), 0), None, None);
        if host % 1000 == 0 {
            expired(&mut table, u64::from(host));
        }
    }
    assert!(table.deadlines.len() < 6000);
}

#[test]
fn what_a_tunnel_carries_joins_neither_plain_flows_nor_those_of_another_kind() {
    let mut table = FlowTable::new(settings());
    let (asked, answered) = (fields((1, 40_000), (2, 104)), fields((2, 104), (1, 40_000)));
    let kinds = [None, Some(Encapsulation::ErspanII), Some(Encapsulation::Vxlan)];
    for kind in kinds {
        for (fields, flags) in [(&asked, SYN), (&answered, SYN | ACK)] {
            let mut delta = delta(fields, SECOND, flags);
            delta.key = delta.key.inside(kind.map_or(0, |kind| kind as u8));
            table.observe(&delta, None, None);
        }
    }
    let mut records = finished(&mut table, 2 * SECOND);
    records.sort_by_key(|record| record.encapsulation);
    assert_eq!(records.iter().map(|record| record.encapsulation).collect::<Vec<_>>(), kinds);
    assert!(records.iter().all(|record| record.reverse.packets == 1));
}
