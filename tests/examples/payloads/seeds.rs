//! What each fuzz target begins with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use sensor_common::application::RECOGNISERS;
use sensor_common::laws::{Dialogue, Utterance};
use sensor_common::payload::Payload;

/// Frames of each capture that become seeds.
pub const FRAMES: usize = 16;
/// Seeds of one target; the smallest of a length are kept.
const OF_ONE_TARGET: usize = 250;
/// Longer payloads and captures are cut: the fuzzer works best on small inputs.
const LONGEST: usize = 700;
const LONGEST_CAPTURE: usize = 3_000;
const LONGEST_FRAME: usize = 400;

#[derive(Default)]
pub struct Seeds {
    by_target: BTreeMap<&'static str, BTreeSet<(usize, Vec<u8>)>>,
}

impl Seeds {
    /// Each payload for every recogniser that knows it, and for the whole inquiry.
    pub fn add_dialogue(&mut self, dialogue: &Dialogue) {
        for saying in &dialogue.sayings {
            let context = dialogue.context(saying.is_answer);
            let payload = &saying.octets[..saying.octets.len().min(LONGEST)];
            let seed = Utterance { context, payload }.to_octets();
            let octets = &saying.octets[..];
            let window = Payload::from_octets(octets);
            for row in RECOGNISERS {
                if (row.recognise)(octets, &window, &context).is_some() {
                    self.add(row.name, seed.clone());
                }
            }
            self.add("identify", seed);
        }
    }

    /// Frames one by one for dissection, and together for accounting.
    pub fn add_frames(&mut self, frames: &[Vec<u8>]) {
        // Four sets, eight endpoints, rings that are full every fourth time.
        let mut sequence = vec![2, 8, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee];
        for frame in frames {
            let frame = &frame[..frame.len().min(LONGEST_FRAME)];
            self.add("dissect", frame.to_vec());
            sequence.extend((frame.len() as u16).to_be_bytes());
            sequence.extend([0, 1, 0]);
            sequence.extend(frame);
        }
        if !frames.is_empty() {
            self.add("account", sequence);
        }
    }

    pub fn add_capture(&mut self, octets: &[u8]) {
        self.add("capture", octets[..octets.len().min(LONGEST_CAPTURE)].to_vec());
    }

    fn add(&mut self, target: &'static str, seed: Vec<u8>) {
        let seeds = self.by_target.entry(target).or_default();
        seeds.insert((seed.len(), seed));
        if seeds.len() > OF_ONE_TARGET {
            // Thinned evenly, so that all lengths stay.
            *seeds = std::mem::take(seeds).into_iter().step_by(2).collect();
        }
    }

    /// A directory for each target, a file for each seed; how many targets, and octets in all.
    pub fn write(&self, out: &Path) -> Result<(usize, usize)> {
        let mut octets = 0;
        for (target, seeds) in &self.by_target {
            let directory = out.join(target);
            fs::create_dir_all(&directory)
                .with_context(|| format!("cannot make {}", directory.display()))?;
            for (number, (length, seed)) in seeds.iter().enumerate() {
                let path = directory.join(format!("seed-{number:04}"));
                fs::write(&path, seed)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                octets += length;
            }
        }
        Ok((self.by_target.len(), octets))
    }
}
