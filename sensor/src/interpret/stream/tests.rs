use super::*;
use crate::interpret::chance::Chance;

fn flow(number: u64) -> FlowKey {
    FlowKey::from_words([number, 0, 0, 0, 0, 0])
}

fn text(octets: usize) -> Vec<u8> {
    (0..octets).map(|at| (at ^ (at >> 8)) as u8).collect()
}

#[test]
fn segments_in_order_lengthen_the_stream() {
    let mut streams = Streams::new(4);
    assert_eq!(streams.push(flow(1), 100, b"abc"), Some(&b"abc"[..]));
    assert_eq!(streams.push(flow(1), 103, b"def"), Some(&b"abcdef"[..]));
    assert_eq!(streams.push(flow(2), 103, b"xyz"), Some(&b"xyz"[..]));
}

#[test]
fn a_retransmission_tells_nothing_new() {
    let mut streams = Streams::new(4);
    streams.push(flow(1), 100, b"abc");
    assert_eq!(streams.push(flow(1), 100, b"abc"), None);
    assert_eq!(streams.push(flow(1), 101, b"XX"), None);
    assert_eq!(streams.push(flow(1), 101, b"XXd"), Some(&b"abcd"[..]));
    assert_eq!(streams.push(flow(1), 104, b""), None);
}

#[test]
fn the_first_segment_may_come_last() {
    let mut streams = Streams::new(4);
    assert_eq!(streams.push(flow(1), 103, b"def"), Some(&b"def"[..]));
    assert_eq!(streams.push(flow(1), 106, b"ghi"), Some(&b"defghi"[..]));
    assert_eq!(streams.push(flow(1), 100, b"abc"), Some(&b"abcdefghi"[..]));
}

#[test]
fn sequence_numbers_wrap() {
    let mut streams = Streams::new(4);
    streams.push(flow(1), u32::MAX - 1, b"abc");
    assert_eq!(streams.push(flow(1), 1, b"def"), Some(&b"abcdef"[..]));
    streams.push(flow(2), 1, b"def");
    assert_eq!(streams.push(flow(2), u32::MAX - 1, b"abc"), Some(&b"abcdef"[..]));
}

#[test]
fn a_gap_is_waited_for() {
    let mut streams = Streams::new(4);
    streams.push(flow(1), 100, b"abc");
    assert_eq!(streams.push(flow(1), 106, b"ghi"), None);
    assert_eq!(streams.push(flow(1), 103, b"def"), Some(&b"abcdefghi"[..]));
}

#[test]
fn a_far_sequence_number_begins_anew() {
    let mut streams = Streams::new(4);
    for sequence in [100, 100 + REACH + 1, 50, 0x8000_0000, 0x8000_0000 + REACH + 1] {
        assert_eq!(streams.push(flow(1), sequence, b"new"), Some(&b"new"[..]), "{sequence}");
    }
    assert_eq!((streams.len(), streams.displaced()), (1, 0));
}

#[test]
fn a_later_segment_of_a_long_stream_is_not_kept_and_does_not_begin_anew() {
    let mut streams = Streams::new(4);
    streams.push(flow(1), 100, b"abc");
    assert_eq!(streams.push(flow(1), 100 + 60_000, b"later"), None);
    assert_eq!(streams.push(flow(1), 103, b"def"), Some(&b"abcdef"[..]));
}

#[test]
fn a_stream_is_kept_up_to_its_bound() {
    let mut streams = Streams::new(4);
    let octets = text(10_000);
    let mut longest = 0;
    for (number, segment) in octets.chunks(1448).enumerate() {
        let sequence = 7 + 1448 * u32::try_from(number).unwrap();
        if let Some(beginning) = streams.push(flow(1), sequence, segment) {
            assert_eq!(beginning, &octets[..beginning.len()]);
            longest = beginning.len();
        }
    }
    assert_eq!(longest, STREAM_OCTETS);
}

#[test]
fn the_stream_begun_longest_ago_goes_first_and_is_counted() {
    let mut streams = Streams::new(2);
    for number in 1..=3 {
        streams.push(flow(number), 100, b"abc");
    }
    assert_eq!((streams.len(), streams.displaced()), (2, 1));
    assert_eq!(streams.push(flow(3), 103, b"d"), Some(&b"abcd"[..]));
    assert_eq!(streams.push(flow(1), 103, b"d"), Some(&b"d"[..]), "forgotten");
    streams.forget(&flow(1));
    assert_eq!((streams.len(), streams.displaced()), (1, 2));
}

#[test]
fn any_splitting_reordering_and_duplication_gives_the_same_octets() {
    let mut chance = Chance::new(0x5eed);
    for round in 0..1000 {
        let octets = text(chance.within(1..=STREAM_OCTETS));
        let first = chance.next() as u32;
        let mut segments = Vec::new();
        let mut at = 0;
        while at < octets.len() {
            // Segments overlap the one before, and may reach past what was cut from it.
            let start = at.saturating_sub(chance.within(0..=40));
            let end = (at + chance.within(50..=1460)).min(octets.len());
            segments.push(start..end);
            at = end;
        }
        for _ in 0..chance.within(0..=3) {
            segments.push(segments[chance.within(0..=segments.len() - 1)].clone());
        }
        chance.shuffle(&mut segments);

        let mut streams = Streams::new(1);
        let mut told: Vec<u8> = Vec::new();
        for segment in segments {
            let sequence = first.wrapping_add(u32::try_from(segment.start).unwrap());
            if let Some(beginning) = streams.push(flow(1), sequence, &octets[segment]) {
                told = beginning.to_vec();
            }
        }
        assert_eq!(told, octets, "round {round}");
    }
}

#[test]
fn contradicting_and_random_segments_keep_the_books() {
    let mut chance = Chance::new(0xbad);
    let mut streams = Streams::new(8);
    for _ in 0..20_000 {
        let key = flow(chance.within(0..=15) as u64);
        let sequence = match chance.within(0..=3) {
            0 => chance.next() as u32,
            _ => (chance.within(0..=9000) as u32).wrapping_sub(4500),
        };
        let octets = vec![chance.next() as u8; chance.within(0..=1500)];
        if let Some(beginning) = streams.push(key, sequence, &octets) {
            assert!(!beginning.is_empty() && beginning.len() <= STREAM_OCTETS);
        }
        assert!(streams.len() <= 8);
    }
}
