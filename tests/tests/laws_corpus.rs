//! The laws of `sensor_common::laws`, asked with every frame of the recorded hospital and of the
//! labelled corpus: what the fuzz targets begin with.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::path::{Path, PathBuf};

use sensor::capture::file::CaptureFile;
use sensor_common::application::{Context, RECOGNISERS};
use sensor_common::dissect::{Dissection, dissect};
use sensor_common::laws::{
    FlowTable, Utterance, dissection_depends_on_declared_octets_only, recogniser_keeps_its_word,
    whole_inquiry_agrees_with_a_recogniser,
};

/// Of each capture; the laws ask about every frame some hundred times.
const FRAMES: usize = 50;
/// So few sets that flows are evicted all the time.
const SETS: usize = 4;

fn captures_below(directory: &Path) -> Vec<PathBuf> {
    let mut captures = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            captures.extend(captures_below(&path));
        } else if path.extension().is_some_and(|kind| kind == "pcap" || kind == "pcapng") {
            captures.push(path);
        }
    }
    captures
}

/// Asks the laws about the first frames of a capture; how many there were.
fn ask(capture: &Path) -> usize {
    let Ok(mut file) = CaptureFile::open(capture) else { return 0 };
    let mut table = FlowTable::new(SETS, 6, 0x0f0f_7777_5555_ffff);
    let mut frames = 0;
    while let Ok(Some(frame)) = file.next() {
        table.receive(frame.octets, frame.octets.len() as u64, frame.interface, frames as u64);
        dissection_depends_on_declared_octets_only(frame.octets);
        ask_about_payload(frame.octets);
        frames += 1;
        if frames == FRAMES {
            break;
        }
    }
    table.assert_balanced();
    frames
}

fn ask_about_payload(frame: &[u8]) {
    let mut found = Dissection::default();
    if dissect(frame, 1, &mut found).is_err() || found.payload_length == 0 {
        return;
    }
    let end = (found.payload_offset + found.payload_length).min(frame.len());
    let Some(payload) = frame.get(found.payload_offset..end) else { return };
    let utterance = Utterance { context: Context::of(&found.key), payload };
    whole_inquiry_agrees_with_a_recogniser(&utterance);
    for recogniser in RECOGNISERS {
        recogniser_keeps_its_word(recogniser, &utterance);
    }
}

#[test]
fn no_frame_of_the_hospital_breaks_a_law() {
    let frames = ask(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/hospital.pcap").as_ref());
    assert_eq!(frames, FRAMES);
}

#[test]
fn no_frame_of_the_corpus_breaks_a_law() {
    let named = std::env::var_os("WARDLINE_CORPUS").map(PathBuf::from);
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus/dev").into();
    let Some(corpus) = Some(named.unwrap_or_else(beside)).filter(|path| path.is_dir()) else {
        println!("NOT RUN: no_frame_of_the_corpus_breaks_a_law: there is no corpus");
        return;
    };
    let captures = captures_below(&corpus);
    let frames: usize = captures.iter().map(|capture| ask(capture)).sum();
    println!("{} captures, {frames} frames", captures.len());
    assert!(frames > captures.len(), "only {frames} frames in {} captures", captures.len());
}
