//! What one reader told, the next one does not tell again.

use super::*;

/// How one reader ends and what the next is told.
#[derive(Clone, Copy, PartialEq)]
enum End {
    InOrder,
    Killed,
    /// In order, but its list is of other tables.
    Mistaken,
}

struct Relay {
    datapath: HostDatapath,
    random: Random,
    /// Packets that were told; that were sent, and those of them before the last reading.
    told: u64,
    sent: u64,
    read: u64,
    tick: u64,
    /// How long a flow may rest.
    rest: u64,
    cut_short: u64,
}

impl Relay {
    fn new(seed: u64, sizes: &TableSizes) -> Self {
        Self {
            datapath: HostDatapath::new(sizes),
            random: Random(seed),
            told: 0,
            sent: 0,
            read: 0,
            tick: 100_000,
            rest: 0,
            cut_short: 0,
        }
    }

    fn receive(&mut self, count: u64) {
        for _ in 0..count {
            let frame = frame(&mut self.random);
            self.tick += self.random.below(3);
            self.sent += u64::from(frame.len() >= 42);
            self.datapath.receive(&frame, frame.len() as u64, 1, self.tick);
        }
    }

    fn take(&mut self, observation: &mut Observation) {
        self.told += observation.flows.iter().map(|delta| delta.packets).sum::<u64>();
        observation.clear();
    }

    /// One reader's life, and frames that nobody reads after it.
    fn life(&mut self, past: &Past, end: End) -> Past {
        let mut reader = Reader::new(&self.datapath, TickClock::of_replay());
        let mut observation = Observation::default();
        reader.resume(&mut self.datapath, past, &mut observation);
        self.cut_short += reader.cut_short();
        self.take(&mut observation);
        for _ in 0..20 {
            self.receive(50);
            reader.skim(&mut self.datapath, &mut observation);
            self.take(&mut observation);
        }
        if end != End::Killed {
            (0..3).for_each(|_| reader.sweep(&mut self.datapath, &mut observation));
            self.take(&mut observation);
        }
        self.read = self.sent;
        let past = reader.past(&self.datapath);
        self.tick += 1;
        self.receive(200);
        match end {
            End::InOrder => past,
            End::Killed => Past::of_killed(past.told_until, self.rest),
            End::Mistaken => Past {
                flows: past
                    .flows
                    .iter()
                    .map(|told| super::super::Told { first_seen: told.first_seen + 1, ..*told })
                    .collect(),
                ..past
            },
        }
    }
}

#[test]
fn after_an_orderly_end_every_packet_is_told_once() {
    // Also where flows lose their slots, and their records wait in the ring meanwhile.
    for sizes in [SIZES, TableSizes { sets: 1024, ..SIZES }] {
        for seed in 1..9 {
            let mut relay = Relay::new(seed, &sizes);
            let mut past = Past::default();
            for _ in 0..10 {
                past = relay.life(&past, End::InOrder);
            }
            assert!(past.flows.len() > 10);
            assert_eq!(relay.told, relay.read, "seed {seed}");
            assert_eq!(relay.cut_short, 0, "seed {seed}");
        }
    }
}

#[test]
fn after_a_kill_nothing_is_told_twice_and_flows_that_are_new_are_told() {
    for end in [End::Killed, End::Mistaken] {
        for seed in 1..9 {
            let mut relay = Relay::new(seed, &TableSizes { sets: 1024, ..SIZES });
            let mut past = Past::default();
            for _ in 0..10 {
                past = relay.life(&past, end);
            }
            assert!(relay.told <= relay.read, "{} of {}", relay.told, relay.read);
            assert!(relay.told * 2 > relay.read, "{} of {}", relay.told, relay.read);
            assert!(relay.cut_short > 0, "and that is counted");
        }
    }
}

#[test]
fn after_a_kill_flows_that_began_lately_are_told_again_and_nothing_of_them_is_missing() {
    for seed in 1..9 {
        // With room for all flows: of those that lost their slots, the records were read.
        let mut relay = Relay::new(seed, &TableSizes { sets: 1 << 14, ..SIZES });
        relay.rest = 50_000;
        let past = relay.life(&Past::default(), End::Killed);
        let told = relay.told;
        relay.life(&past, End::InOrder);
        assert_eq!(relay.told - told, relay.read, "seed {seed}");
        assert_eq!(relay.cut_short, 0);
    }
}
