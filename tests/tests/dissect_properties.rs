//! What holds of every frame, whole or cut.

use sensor_common::dissect::{Dissection, dissect};
use tests::frames::FrameGenerator;

const FRAMES: usize = 5_000;

fn dissection(frame: &[u8]) -> Option<Dissection> {
    let mut found = Dissection::default();
    dissect(frame, 7, &mut found).ok().map(|()| found)
}

#[test]
fn a_longer_piece_of_a_frame_never_changes_the_flow_of_a_shorter_one() {
    let mut compared = 0_u64;
    for specimen in FrameGenerator::new(7).with_lengths(0, 1514).take(FRAMES) {
        let frame = &specimen.octets;
        let mut known: Option<Dissection> = None;
        // Headers end within 200 octets; further cuts only shorten the payload.
        let cuts = (0..=frame.len().min(200)).chain([frame.len()]);
        for cut in cuts {
            let found = dissection(&frame[..cut]);
            if let Some(known) = &known {
                let found = found.unwrap_or_else(|| {
                    panic!("{cut} octets have no flow, fewer had: {}", specimen.description)
                });
                assert_eq!(found.key, known.key, "{cut} octets: {}", specimen.description);
                compared += 1;
            }
            known = found.or(known);
        }
    }
    assert!(compared > 100_000, "only {compared} pieces had a flow");
}

#[test]
fn the_payload_lies_within_what_the_headers_declare() {
    let mut dissected = 0;
    for specimen in FrameGenerator::new(8).with_lengths(0, 1514).take(FRAMES) {
        let Some(found) = dissection(&specimen.octets) else { continue };
        dissected += 1;
        let end = found.payload_offset + found.payload_length;
        assert!(end <= found.declared_length, "{found:?}: {}", specimen.description);
        assert!(found.payload_offset >= 14, "{found:?}: {}", specimen.description);
        assert_eq!(found.key.interface(), 7);
        assert!(found.key.network().is_some(), "{found:?}");
    }
    assert!(dissected > FRAMES / 2, "only {dissected} frames have a flow");
}
