//! One reader takes over from another, at any time, and records are lost before, after and between.

use super::*;

/// Frames, and readers one after the other; `passes_on` is what the next is told.
fn generations(seed: u64, passes_on: impl Fn(Legacy) -> Legacy) -> (Vec<FlowBooks>, u64, u64) {
    let inner = HostDatapath::new(&SIZES);
    let mut datapath =
        Lossy { inner, random: Random(seed), ring: Vec::new(), lost: Ledger::default() };
    let mut random = Random(seed + 1000);
    let mut observation = Observation::default();
    let (mut books, mut dissected) = (Vec::new(), 0);
    let mut legacy = Legacy::default();
    let mut reader = Reader::new(&datapath, TickClock::of_replay());
    for tick in 0..10_000 {
        let frame = frame(&mut random);
        dissected += u64::from(frame.len() >= 42);
        datapath.receive(&frame, tick);
        match random.below(800) {
            0..4 => reader.drain(&mut datapath, &mut observation),
            4..12 => {
                reader.sweep(&mut datapath, &mut observation);
                legacy = reader.legacy();
                books.push(reader.books());
            }
            // It is killed, and what the next one does not read in time is lost.
            12..14 => {
                for late in 0..random.below(2000) {
                    let frame = super::frame(&mut random);
                    dissected += u64::from(frame.len() >= 42);
                    datapath.receive(&frame, tick + late / 1000);
                }
                reader = Reader::new(&datapath, TickClock::of_replay());
                reader.resume(&mut datapath, &Past::default(), &mut observation);
                reader.inherit(passes_on(legacy));
                legacy = reader.legacy();
                books.push(reader.books());
            }
            _ => {}
        }
        observation.clear();
    }
    (0..3).for_each(|_| reader.sweep(&mut datapath, &mut observation));
    books.push(reader.books());
    (books, dissected, datapath.lost.line(Entry::LostPackets))
}

/// How often one of the counters fell.
fn falls(books: &[FlowBooks]) -> usize {
    let counters = |books: &FlowBooks| {
        [books.counted_packets, books.counted_octets, books.lost_packets, books.lost_octets]
    };
    let has_fallen = |pair: &&[FlowBooks]| {
        let [before, after] = [counters(&pair[0]), counters(&pair[1])];
        before.iter().zip(after).any(|(before, after)| after < *before)
    };
    books.windows(2).filter(has_fallen).count()
}

fn sum(books: &[FlowBooks]) -> u64 {
    books.last().map_or(0, |books| books.counted_packets + books.lost_packets)
}

#[test]
fn no_counter_falls_when_a_reader_inherits_and_the_books_stay_exact() {
    for seed in 0..40 {
        let (books, dissected, lost) = generations(seed, |legacy| legacy);
        assert_eq!(falls(&books), 0, "seed {seed}");
        assert_eq!(sum(&books), dissected, "seed {seed}");
        assert!(lost > 500, "records are lost in this test");
    }
}

#[test]
fn counters_fall_where_nothing_is_passed_on_and_the_books_stay_exact_all_the_same() {
    let fallen = (0..20).filter(|seed| {
        let (books, dissected, _) = generations(*seed, |_| Legacy::default());
        assert_eq!(sum(&books), dissected, "seed {seed}");
        falls(&books) > 0
    });
    assert!(fallen.count() > 5, "the test above could not fail");
}

#[test]
fn what_is_passed_on_from_other_tables_unbalances_nothing() {
    for seed in 0..10 {
        let (books, dissected, _) = generations(seed, |_| Legacy {
            recovered: [u64::MAX, 1 << 40],
            counted: [1 << 50, u64::MAX],
            read_at: 0,
        });
        assert_eq!(sum(&books), dissected, "seed {seed}");
    }
}
