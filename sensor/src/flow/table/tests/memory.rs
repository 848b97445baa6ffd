//! What biflows take of memory, and that those that end give it back.

use super::*;

/// Octets for each biflow held: with what finds it by its key, and without.
fn octets_each(table: &FlowTable) -> (usize, usize) {
    let (biflows, buckets) = table.store.octets();
    let held = biflows + table.deadlines.octets();
    ((held + buckets).div_ceil(table.len()), held.div_ceil(table.len()))
}

fn large() -> FlowSettings {
    FlowSettings { maximum: 1 << 20, ..settings() }
}

/// The flow of so many in a table, and its answer.
fn both_ways(number: u32) -> [FlowKeyFields; 2] {
    let (asking, answering) = ((1 << 20 | number, 40_000), (1 + number % 7, 104));
    [fields(asking, answering), fields(answering, asking)]
}

fn in_ipv6(fields: FlowKeyFields) -> FlowKeyFields {
    let address = |[_, low]: [u64; 2]| [0xfe80 << 48, low];
    FlowKeyFields {
        network: Network::Ipv6,
        source: address(fields.source),
        destination: address(fields.destination),
        ..fields
    }
}

#[test]
fn a_million_biflows_of_ipv4_fit() {
    const COUNT: u32 = 1 << 17;
    let mut table = FlowTable::new(large());
    // As many in a second as a million in ten.
    let seen_at = |number: u32| u64::from(number) * 10;
    for number in 0..COUNT {
        let [asked, _] = both_ways(number);
        table.observe(&delta(&asked, seen_at(number), ACK), None, Some(DeviceId(3)));
    }
    let (in_all, without_buckets) = octets_each(&table);
    assert!(without_buckets <= 136 && in_all <= 144, "{without_buckets}, {in_all}");
    for number in 0..COUNT {
        let [_, answered] = both_ways(number);
        table.observe(&delta(&answered, seen_at(COUNT) + seen_at(number), ACK), None, None);
    }
    let (in_all, without_buckets) = octets_each(&table);
    assert!(without_buckets <= 184 && in_all <= 192, "{without_buckets}, {in_all}");
    assert_eq!(table.len(), COUNT as usize);
}

#[test]
fn what_ends_gives_its_room_to_what_comes() {
    let mut table = FlowTable::new(FlowSettings { by_vlan: true, ..large() });
    let mut records = Vec::new();
    let mut octets = None;
    for round in 0..4 {
        let begin = 100 * SECOND * round;
        for number in 0..5000 {
            for asked in both_ways(number) {
                for fields in [FlowKeyFields { outer_vlan: 9, ..asked }, asked, in_ipv6(asked)] {
                    table.observe(&delta(&fields, begin, ACK), None, None);
                }
            }
        }
        assert_eq!(table.len(), 15_000);
        let now = table.store.octets();
        // What is free is listed from the first end on.
        let most = *octets.get_or_insert(now.0 + 2 * 15_000 * 8);
        assert!(now.0 <= most, "{} in round {round}", now.0);
        table.expire(at(begin + 60 * SECOND), &mut records);
        assert!(table.is_empty());
    }
    assert_eq!(records.len(), 60_000);
    assert!(
        records.iter().all(|record| record.forward.packets == 1 && record.reverse.packets == 1)
    );
    let tagged = records.iter().filter(|record| record.outer_vlan == 9).count();
    let long = records.iter().filter(|record| record.network == Network::Ipv6).count();
    assert_eq!((tagged, long), (20_000, 20_000));
}

#[test]
fn counts_stand_still_at_what_fits() {
    let mut table = FlowTable::new(settings());
    let first = delta(&fields((1, 40000), (2, 104)), 0, ACK);
    let much = FlowDelta { packets: u64::MAX, octets: 1 << 56, ..first };
    table.observe(&much, None, None);
    table.observe(&later(first, 1, ACK), None, None);
    let record = finished(&mut table, 2).remove(0);
    assert_eq!(record.forward.packets, (1 << 40) - 1);
    assert_eq!(record.forward.octets, (1 << 56) - 1);
}

#[test]
fn records_come_in_the_order_of_their_deadlines_within_a_tick_too() {
    let mut table = FlowTable::new(large());
    let udp = |number: u32| {
        let [fields, _] = both_ways(number);
        FlowKeyFields { protocol: 17, ..fields }
    };
    for number in 0..1000 {
        let micros = u64::from(number * 7919 % 1000) * 1000;
        table.observe(&delta(&udp(number), micros, 0), None, None);
    }
    let half = expired(&mut table, 60 * SECOND + 499_999);
    let records = expired(&mut table, 61 * SECOND);
    assert_eq!((half.len(), records.len()), (500, 500));
    let ends: Vec<_> = half.iter().chain(&records).map(|record| record.end).collect();
    assert!(ends.is_sorted());
    assert_eq!(ends.len(), 1000);
}
