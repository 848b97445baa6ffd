//! Captures that nobody meant well, and those of the corpus.

use super::*;

#[test]
fn mutated_captures_end_in_frames_or_an_error() {
    let mut ng = section(false, &[(1, &[(9, &[6])]), (113, &[])]);
    for ticks in 0..20 {
        enhanced(&mut ng, (ticks % 2) as u32, ticks, PACKET);
    }
    let records: Vec<_> = (0..20).map(|second| (second, 0, PACKET)).collect();
    let samples = [ng.octets, pcap(true, 0xa1b2_c3d4, 1, &records)];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..1000 {
        let mut octets = samples[round % 2].clone();
        for _ in 0..1 + round % 7 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let place = (random >> 33) as usize % octets.len();
            octets[place] = (random >> 24) as u8;
        }
        if round % 5 == 0 {
            octets.truncate((random >> 40) as usize % octets.len());
        }
        read_out(octets);
    }
}

/// Reads a capture from a stream and from memory, which must come to the same.
fn read_out(octets: Vec<u8>) {
    let outcome = |opened: Result<CaptureFile, CaptureError>| match opened {
        Ok(mut file) => {
            let (frames, error) = frames(&mut file);
            (frames, error.map(|error| error.to_string()), file.progress())
        }
        Err(error) => (Vec::new(), Some(error.to_string()), (0, None)),
    };
    let streamed = outcome(open(octets.clone()));
    assert!(streamed.0.iter().all(|frame| frame.octets.len() <= LARGEST_BLOCK + 14));
    assert_eq!(streamed, outcome(open_mapped(octets)));
}

/// The corpus is not part of the repository.
fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/dev");
    let path = std::env::var_os("WARDLINE_CORPUS").map_or(beside, PathBuf::from);
    if !path.is_dir() {
        println!("NOT RUN: no corpus at {}; set WARDLINE_CORPUS", path.display());
        return None;
    }
    Some(path)
}

/// Packets that the corpus' truth says a capture has.
fn expected_packets(corpus: &Path) -> Vec<(PathBuf, usize)> {
    let truth = std::fs::read_to_string(corpus.join("truth.csv")).unwrap();
    let mut lines = truth.lines();
    assert!(lines.next().unwrap().starts_with("file,packets,"));
    lines
        .filter_map(|line| {
            let mut fields = line.split(',');
            let path = corpus.join(fields.next()?);
            Some((path, fields.next()?.parse().ok()?))
        })
        .collect()
}

#[test]
fn every_capture_of_the_corpus_is_read_to_its_end() {
    let Some(corpus) = corpus() else { return };
    let mut read = 0;
    let (mut faulty, mut unsupported) = (0, 0);
    for (path, expected) in expected_packets(&corpus) {
        let found = match CaptureFile::open(&path) {
            Ok(mut file) => frames(&mut file),
            Err(error) => (Vec::new(), Some(error)),
        };
        match found {
            (_, Some(CaptureError::LinkType { .. })) => unsupported += 1,
            (frames, fault) => {
                // Wireshark, which made the truth, reads on where a record's length is absurd.
                let is_right = match fault {
                    Some(CaptureError::Oversized { .. }) => frames.len() <= expected,
                    _ => frames.len() == expected,
                };
                assert!(is_right, "{} {fault:?}", path.display());
                read += 1;
                faulty += usize::from(fault.is_some());
            }
        }
    }
    println!(
        "{read} captures read, {faulty} of them up to a fault; {unsupported} of other link types"
    );
    assert!(read > 0);
}

#[test]
fn mutated_hostile_captures_end_in_frames_or_an_error() {
    let Some(corpus) = corpus() else { return };
    for entry in std::fs::read_dir(corpus.join("hostile")).unwrap() {
        let whole = std::fs::read(entry.unwrap().path()).unwrap();
        read_out(whole.clone());
        let step = whole.len() / 20 + 1;
        for place in (0..whole.len()).step_by(step) {
            let mut octets = whole.clone();
            octets[place] ^= 0xff;
            read_out(octets);
            read_out(whole[..place].to_vec());
        }
    }
}
