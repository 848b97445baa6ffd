//! Nothing is lost or counted twice, whatever comes in whatever order.

use std::collections::BTreeMap;

use super::*;

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// What deltas and records add up to for each unordered pair of ports.
type Sums = BTreeMap<(u16, u16), (u64, u64)>;

fn add(sums: &mut Sums, a: u16, b: u16, packets: u64, octets: u64) {
    let sum = sums.entry((a.min(b), a.max(b))).or_default();
    sum.0 += packets;
    sum.1 += octets;
}

#[test]
fn records_add_up_to_what_was_observed() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let maximum = [3, 50, 1000][seed as usize % 3];
        let mut table = FlowTable::new(FlowSettings {
            maximum,
            idle_timeout: Duration::from_secs(5),
            active_timeout: Duration::from_secs(9),
            ..settings()
        });
        let (mut observed, mut recorded) = (Sums::new(), Sums::new());
        let (mut records, mut now) = (Vec::new(), 1000 * SECOND);
        for _ in 0..2000 {
            now += random.below(SECOND / 2);
            let delta = random_delta(&mut random, now);
            let (a, b) = (delta.key.source_port(), delta.key.destination_port());
            add(&mut observed, a, b, delta.packets, delta.octets);
            table.observe(&delta, None, None);
            assert!(table.len() <= maximum);
            if random.below(3) == 0 {
                table.expire(at(now), &mut records);
            }
        }
        table.expire(at(now), &mut records);
        table.end_oldest(usize::MAX, at(now), &mut records);
        for record in &records {
            let (a, b) = (record.initiator_port, record.responder_port);
            add(&mut recorded, a, b, record.forward.packets, record.forward.octets);
            add(&mut recorded, a, b, record.reverse.packets, record.reverse.octets);
        }
        recorded.retain(|_, sum| *sum != (0, 0));
        observed.retain(|_, sum| *sum != (0, 0));
        assert_eq!(observed, recorded, "seed {seed}");
    }
}

fn random_delta(random: &mut Random, now: u64) -> FlowDelta {
    let (a, b) = (random.below(8) as u16, 100 + random.below(8) as u16);
    let fields = match random.below(2) {
        0 => fields((1, a), (2, b)),
        _ => fields((2, b), (1, a)),
    };
    let protocol = [6, 6, 17][random.below(3) as usize];
    let interface = random.below(3) as u32;
    let fields = FlowKeyFields { protocol, interface, ..fields };
    FlowDelta {
        packets: 1 + random.below(5),
        octets: random.below(5000),
        tcp_flags: random.below(32) as u8,
        first_seen: at(now - random.below(20 * SECOND)),
        is_new: random.below(3) == 0,
        ..delta(&fields, now, random.below(32) as u8)
    }
}
