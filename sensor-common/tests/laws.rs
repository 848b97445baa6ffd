//! The laws of `sensor_common::laws`, asked with octets made for the purpose.

mod messages;

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample};
use sensor_common::{
    application::{Context, RECOGNISERS},
    laws::{
        FlowTable, Utterance, dissection_depends_on_declared_octets_only, frames_are_conserved,
        recogniser_keeps_its_word, samples_keep_to_their_bounds,
        whole_inquiry_agrees_with_a_recogniser,
    },
    wire::transport::protocol::{TCP, UDP},
};

use messages::{DATAGRAMS, STREAMS};

/// Frames of a sequence at most.
const FRAMES: usize = if cfg!(miri) { 5 } else { 60 };

fn cases(count: u32) -> ProptestConfig {
    let cases = if cfg!(miri) { 3 } else { count };
    // A failure prints its input; none is written beside the sources.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Octets, and what takes their places: an offset and an octet each.
fn damaged(octets: Vec<u8>, places: usize) -> impl Strategy<Value = Vec<u8>> {
    let damage = vec((any::<sample::Index>(), any::<u8>()), 0..places);
    (Just(octets), damage, any::<sample::Index>(), 0..4_u8).prop_map(
        |(mut octets, damage, cut, cuts)| {
            for (place, octet) in damage {
                if !octets.is_empty() {
                    let at = place.index(octets.len());
                    octets[at] = octet;
                }
            }
            if cuts == 0 {
                octets.truncate(cut.index(octets.len() + 1));
            }
            octets
        },
    )
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    let messages: Vec<Vec<u8>> =
        STREAMS.iter().chain(DATAGRAMS).map(|(_, octets)| octets.to_vec()).collect();
    prop_oneof![
        1 => vec(any::<u8>(), 0..140),
        1 => vec(sample::select(vec![0, 1, 2, 3, 5, 6, 0x20, 0x30, 0x80, 0xff]), 0..80),
        4 => sample::select(messages).prop_flat_map(|octets| damaged(octets, 4)),
    ]
}

fn context() -> impl Strategy<Value = Context> {
    let registered = [21, 25, 53, 137, 138, 161, 546, 1812, 3702, 5353, 5355, 5683, 7000];
    let port = prop_oneof![any::<u16>(), sample::select(registered.to_vec())];
    (sample::select(vec![TCP, UDP]), any::<u16>(), port, any::<u32>()).prop_map(
        |(protocol, source_port, destination_port, source_address)| Context {
            protocol,
            source_port,
            destination_port,
            source_address,
        },
    )
}

/// Frames of few stations and ports, so that flows meet again; some damaged.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let ends = (1..6_u8, 1..6_u8, 1..4_u8, 0..3_u8);
    (ends, sample::select(vec![TCP, UDP, 1]), any::<u8>(), payload())
        .prop_map(|((from, to, port, network), protocol, flags, payload)| {
            let mut frame = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from];
            let transport = transport(protocol, port, flags, &payload);
            let length = transport.len() as u16;
            if network == 0 {
                frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                frame.extend(length.to_be_bytes());
                frame.extend([protocol, 64]);
                frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, from]);
                frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, to]);
            } else {
                frame.extend([0x08, 0, 0x45, 0]);
                frame.extend((20 + length).to_be_bytes());
                frame.extend([0, 0, 0, 0, 64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
            }
            frame.extend(transport);
            frame
        })
        .prop_flat_map(|frame| prop_oneof![3 => Just(frame.clone()), 1 => damaged(frame, 3)])
}

fn transport(protocol: u8, port: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0xc0, port, 0, port];
    match protocol {
        TCP => octets.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0xff, 0, 0, 0, 0, 0]),
        _ => octets.extend([0, 8 + payload.len() as u8, 0, 0]),
    }
    octets.extend(payload);
    octets
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn every_recogniser_names_only_what_it_is_for(context in context(), octets in payload()) {
        let utterance = Utterance { context, payload: &octets };
        for recogniser in RECOGNISERS {
            recogniser_keeps_its_word(recogniser, &utterance);
        }
    }
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn a_verdict_comes_from_the_payload_alone(context in context(), octets in payload()) {
        whole_inquiry_agrees_with_a_recogniser(&Utterance { context, payload: &octets });
    }

    #[test]
    fn no_more_of_a_payload_leaves_than_may(context in context(), octets in payload()) {
        samples_keep_to_their_bounds(&Utterance { context, payload: &octets });
    }

    #[test]
    fn an_utterance_survives_the_way_through_its_octets(context in context(), octets in payload()) {
        let utterance = Utterance { context, payload: &octets };
        let kept = utterance.to_octets();
        prop_assert_eq!(Utterance::from_octets(&kept), Some(utterance));
    }

    #[test]
    fn nothing_after_a_packets_end_matters(frame in frame(), padding in vec(any::<u8>(), 0..50)) {
        let mut padded = frame;
        padded.extend(padding);
        dissection_depends_on_declared_octets_only(&padded);
    }

    #[test]
    fn arbitrary_octets_break_no_law(octets in vec(any::<u8>(), 0..120)) {
        dissection_depends_on_declared_octets_only(&octets);
        frames_are_conserved(&octets);
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn every_frame_has_one_fate_whatever_the_room(
        frames in vec((frame(), 0..300_u64, 0..60_u64, 1..3_u32), 1..FRAMES),
        sets in 0..3_u8,
        endpoints in 0..12_u32,
        room in any::<u64>(),
    ) {
        let mut table = FlowTable::new(1 << sets, endpoints, room);
        let mut now = (1_u64 << 32) - 600;
        for (frame, uncaptured, ticks, interface) in &frames {
            now += ticks;
            table.receive(frame, frame.len() as u64 + uncaptured, *interface, now);
            table.assert_balanced();
        }
    }
}

#[test]
fn a_table_of_one_set_hands_on_what_it_cannot_keep() {
    const FLOWS: u8 = 7;
    let frames = if cfg!(miri) { 2 * FLOWS } else { 200 };
    let mut table = FlowTable::new(1, 2, 0b0101_0011);
    for number in 0..frames {
        let mut frame =
            vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0, 0x45, 0, 0, 28, 0, 0, 0, 0];
        frame.extend([
            64,
            UDP,
            0,
            0,
            10,
            0,
            0,
            2,
            10,
            0,
            0,
            1,
            0xc0,
            number % FLOWS,
            0,
            53,
            0,
            8,
            0,
            0,
        ]);
        table.receive(&frame, 60, 1, u64::from(number));
        table.assert_balanced();
    }
    assert_eq!(table.dissected(), frames.into());
    let kept = 4;
    assert_eq!(table.evictions(), u64::from(frames) - kept, "seven in turn never find their slots");
}

#[test]
fn packets_of_settled_flows_take_the_express_way_but_every_64th() {
    let packets = if cfg!(miri) { 8 } else { 200 };
    let mut table = FlowTable::new(4, 4, !0);
    let tagged = |tags: &[u8], network: &[u8], protocol| {
        let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
        frame.extend(tags);
        frame.extend(network);
        frame.extend(transport(protocol, 9, 0x18, &[0x55; 20]));
        frame
    };
    let ipv4 = |protocol, length: u8| {
        [8, 0, 0x45, 0, 0, length, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1]
    };
    let mut ipv6 = [0; 42];
    ipv6[..10].copy_from_slice(&[0x86, 0xdd, 0x60, 0, 0, 0, 0, 40, TCP, 64]);
    (ipv6[10], ipv6[25], ipv6[26], ipv6[41]) = (0xfd, 1, 0xfd, 2);
    let frames = [
        tagged(&[], &ipv4(TCP, 60), TCP),
        tagged(&[], &ipv4(UDP, 48), UDP),
        tagged(&[0x81, 0, 0, 20], &ipv4(TCP, 60), TCP),
        tagged(&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 20], &ipv4(UDP, 48), UDP),
        tagged(&[], &ipv6, TCP),
        tagged(&[0x81, 0, 0, 20], &ipv6, TCP),
    ];
    for packet in 0..packets {
        for frame in &frames {
            table.receive(frame, frame.len() as u64, 1, packet);
        }
    }
    table.assert_balanced();
    // Four are inspected; at the 63rd, the 127th and so on the flow is looked after.
    let express = packets - 4 - (packets + 1) / 64;
    assert_eq!(table.express_frames(), express * frames.len() as u64);
}

/// A recogniser that is in no row would be neither fuzzed nor asked above.
#[test]
#[cfg_attr(miri, ignore = "Miri reads no files")]
fn every_file_with_a_recogniser_has_a_row() {
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src/application");
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(sources).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        if source.contains("pub(super) fn recognise") && source.contains("Option<Identification>") {
            files.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    files.remove("port");
    let rows: BTreeSet<_> = RECOGNISERS.iter().map(|row| row.name.to_owned()).collect();
    assert_eq!(files, rows, "application/recognisers.rs has a row for every recogniser");
}
