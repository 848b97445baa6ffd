//! The books balance whatever happens to flows, records and readings.

use sensor_common::{
    books::{Entry, InterfaceRow},
    endpoint::Direction,
};

mod heirs;
mod past;
mod skim;
mod wrap;

use super::*;
use crate::{
    capture::{
        Footing, Glance,
        host::{HostDatapath, TableSizes},
        totals::TotalsReader,
    },
    time::Moment,
};

/// A small deterministic generator (Steele, Lea, Flood: SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// A UDP datagram over IPv4 from one of 200 hosts; every thirteenth frame is cut short.
fn frame(random: &mut Random) -> Vec<u8> {
    let mut frame = vec![0; 60];
    let (host, peer, port) = (random.below(200), random.below(4), random.below(40));
    frame[5] = peer as u8;
    (frame[10], frame[11]) = (2, host as u8);
    (frame[12], frame[14], frame[17], frame[23]) = (0x08, 0x45, 46, 17);
    (frame[26], frame[29]) = (10, host as u8);
    (frame[30], frame[33]) = (10, 200 + peer as u8);
    (frame[35], frame[36], frame[37]) = (port as u8, 0x12, 0x34);
    if random.below(13) == 0 {
        frame.truncate(24);
    }
    frame
}

/// A data path whose ring of records is full now and then.
struct Lossy {
    inner: HostDatapath,
    random: Random,
    ring: Vec<Evicted>,
    lost: Ledger,
}

impl Lossy {
    /// As in the kernel, whether a record finds room is decided when its flow is evicted.
    fn receive(&mut self, frame: &[u8], tick: u64) {
        self.inner.receive(frame, frame.len() as u64, 1, tick);
        let Self { inner, random, ring, lost } = self;
        inner.drain_records(&mut |record| {
            if random.below(3) > 0 {
                return ring.push(*record);
            }
            let slot = record.slot.slot();
            lost.add(Entry::LostFlows, 1);
            lost.add(Entry::LostPackets, slot.packets());
            lost.add(Entry::LostOctets, slot.octets());
        });
    }
}

impl Datapath for Lossy {
    fn now(&self) -> u64 {
        self.inner.now()
    }

    fn slots(&self) -> u32 {
        self.inner.slots()
    }

    fn glance(&self, position: u32) -> Glance {
        self.inner.glance(position)
    }

    fn slot(&self, position: u32) -> Option<FlowSlot> {
        self.inner.slot(position)
    }

    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted)) {
        self.ring.drain(..).for_each(|record| visit(&record));
    }

    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice)) {
        self.inner.drain_notices(visit);
    }

    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        self.inner.endpoints(visit);
    }

    fn endpoint_capacity(&self) -> EndpointIndex {
        self.inner.endpoint_capacity()
    }

    fn interface_rows(&self) -> Vec<InterfaceRow> {
        self.inner.interface_rows()
    }

    fn ledger(&self) -> Ledger {
        let mut ledger = self.inner.ledger();
        let moves = [
            (Entry::EvictedFlows, Entry::LostFlows),
            (Entry::EvictedPackets, Entry::LostPackets),
            (Entry::EvictedOctets, Entry::LostOctets),
        ];
        for (evicted, lost) in moves {
            ledger.lines[evicted as usize] -= self.lost.line(lost);
            ledger.lines[lost as usize] += self.lost.line(lost);
        }
        ledger
    }
}

#[derive(Default)]
struct Sums {
    frames: u64,
    undissected: u64,
    delta_packets: u64,
    delta_octets: u64,
    new_flows: u64,
}

fn take(observation: &mut Observation, sums: &mut Sums) {
    for delta in &observation.flows {
        sums.delta_packets += delta.packets;
        sums.delta_octets += delta.octets;
        sums.new_flows += u64::from(delta.is_new);
    }
    observation.clear();
}

/// Frames through `datapath` with readings at random; ends with three sweeps.
fn run<D: Datapath>(
    datapath: &mut D,
    seed: u64,
    receive: impl Fn(&mut D, &[u8], u64),
) -> (Reader, Sums) {
    let mut random = Random(seed);
    let mut reader = Reader::new(datapath, TickClock::of_replay());
    let (mut observation, mut sums) = (Observation::default(), Sums::default());
    for tick in 0..30_000 {
        let frame = frame(&mut random);
        sums.frames += 1;
        sums.undissected += u64::from(frame.len() < 42);
        receive(datapath, &frame, tick);
        let before = reader.books();
        match random.below(1500) {
            0..4 => reader.drain(datapath, &mut observation),
            4..6 => reader.sweep(datapath, &mut observation),
            6..8 => reader.skim(datapath, &mut observation),
            8..14 => {
                let share = random.below(11) as f64 / 10.0;
                reader.skim_to(share, datapath, &mut observation);
            }
            _ => {}
        }
        let after = reader.books();
        assert!(after.counted_packets >= before.counted_packets, "counted fell");
        assert!(after.lost_packets >= before.lost_packets, "lost fell");
        let sum = after.counted_packets + after.lost_packets + sums.undissected;
        assert!(sum <= sums.frames, "{sum} of {} frames are in the books", sums.frames);
        take(&mut observation, &mut sums);
    }
    for _ in 0..3 {
        reader.sweep(datapath, &mut observation);
        take(&mut observation, &mut sums);
    }
    (reader, sums)
}

const SIZES: TableSizes = TableSizes { sets: 128, endpoints: 128, verdicts: 64 };

#[test]
fn every_packet_is_reported_once_when_no_record_is_lost() {
    for seed in 0..8 {
        let mut datapath = HostDatapath::new(&SIZES);
        let (reader, sums) = run(&mut datapath, seed, |datapath, frame, tick| {
            datapath.receive(frame, frame.len() as u64, 1, tick);
        });
        let ledger = datapath.ledger();
        assert!(ledger.line(Entry::EvictedFlows) > 1000, "the table is too small for the flows");
        let books = reader.books();
        assert_eq!(books.lost_packets, 0);
        assert_eq!(books.counted_packets + sums.undissected, sums.frames, "seed {seed}");
        assert_eq!(sums.delta_packets, books.counted_packets, "seed {seed}");
        assert_eq!(sums.delta_octets, books.counted_octets, "seed {seed}");
        assert_eq!(sums.new_flows, ledger.line(Entry::FlowsOpened), "seed {seed}");
    }
}

#[test]
fn what_was_seen_of_a_flow_whose_record_is_lost_stays_counted() {
    for seed in 0..8 {
        let inner = HostDatapath::new(&SIZES);
        let random = Random(seed);
        let mut datapath = Lossy { inner, random, ring: Vec::new(), lost: Ledger::default() };
        let (reader, sums) = run(&mut datapath, seed, Lossy::receive);
        let books = reader.books();
        assert!(books.lost_packets > 100, "records are lost in this test");
        let sum = books.counted_packets + books.lost_packets + sums.undissected;
        assert_eq!(sum, sums.frames, "seed {seed}");
        assert_eq!(sums.delta_packets, books.counted_packets, "seed {seed}");
        assert_eq!(sums.delta_octets, books.counted_octets, "seed {seed}");
    }
}

#[test]
fn totals_of_endpoints_hold_every_packet_once_in_each_direction() {
    let mut datapath = HostDatapath::new(&SIZES);
    let mut totals = TotalsReader::default();
    let (_, sums) = run(&mut datapath, 5, |datapath, frame, tick| {
        datapath.receive(frame, frame.len() as u64, 1, tick);
    });
    totals.read(&datapath);
    for direction in [Direction::Sent, Direction::Received] {
        let packets: u64 = (0..datapath.endpoint_capacity())
            .map(|endpoint| totals.of_endpoint(endpoint)[direction as usize].packets)
            .sum();
        assert_eq!(packets + sums.undissected, sums.frames, "{direction:?}");
    }
    let by_application: u64 = totals.by_application().values().map(|totals| totals.packets).sum();
    assert_eq!(by_application + sums.undissected, sums.frames);
}

#[test]
fn an_agent_that_comes_late_takes_over_what_was_counted_before() {
    let mut datapath = HostDatapath::new(&SIZES);
    let mut random = Random(77);
    let mut frames = 0;
    for tick in 0..100 {
        let frame = frame(&mut random);
        frames += u64::from(frame.len() >= 42);
        datapath.receive(&frame, frame.len() as u64, 1, tick);
    }
    datapath.drain_notices(&mut |_| {});
    let mut reader = Reader::new(&datapath, TickClock::of_replay());
    let mut observation = Observation::default();
    reader.resume(&mut datapath, &Past::default(), &mut observation);
    assert_eq!(observation.flows.iter().map(|delta| delta.packets).sum::<u64>(), frames);
    assert!(!observation.endpoints.is_empty());
    assert!(observation.endpoints.iter().all(|seen| seen.key.station != 0), "aliases are left out");
    assert!(observation.flows.iter().all(|delta| delta.last_seen <= Moment::from_micros(99_000)));
}

#[test]
fn endpoint_whose_notice_was_lost_is_announced_with_its_first_flow() {
    let mut datapath = HostDatapath::new(&SIZES);
    let mut reader = Reader::new(&datapath, TickClock::of_replay());
    let (mut random, mut observation) = (Random(3), Observation::default());
    let mut announced = std::collections::HashSet::from([0, 1]);
    for tick in 0..1000 {
        let frame = frame(&mut random);
        datapath.receive(&frame, frame.len() as u64, 1, tick);
        datapath.drain_notices(&mut |_| {});
        if tick % 7 == 0 {
            reader.sweep(&mut datapath, &mut observation);
        } else {
            reader.drain(&mut datapath, &mut observation);
        }
        announced.extend(observation.endpoints.iter().map(|seen| seen.index));
        for flow in &observation.flows {
            assert!(announced.contains(&flow.source_endpoint), "{flow:?}");
            assert!(announced.contains(&flow.destination_endpoint), "{flow:?}");
        }
        observation.clear();
    }
    assert!(announced.len() > 100);
}
