//! Takes captures apart: dialogues by label, for `cargo xtask chance`, and seeds by fuzz target, for
//! `cargo xtask fuzz`. Both hold payload, so they stay below the target directory.
//!
//! payloads OUT CAPTURE... [--truth TRUTH_FLOWS_CSV DIRECTORY_OF_ITS_CAPTURES]

mod conversations;
mod labels;
mod seeds;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use sensor::capture::file::CaptureFile;
use sensor_common::laws::Dialogue;
use tests::speakers::repertoire::repertoire;

use conversations::Conversations;
use labels::Labels;
use seeds::Seeds;

/// Dialogues kept of one label; what comes later is mostly the same again.
const OF_ONE_LABEL: usize = 150;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out = PathBuf::from(arguments.next().context("payloads OUT CAPTURE... [--truth ...]")?);
    let mut captures: Vec<PathBuf> = Vec::new();
    let mut labels = Labels::default();
    while let Some(argument) = arguments.next() {
        if argument == "--truth" {
            let (Some(table), Some(directory)) = (arguments.next(), arguments.next()) else {
                bail!("--truth needs a table and the directory of its captures");
            };
            labels = Labels::read(Path::new(&table), Path::new(&directory))?;
            captures.extend(labels.captures());
        } else {
            captures.push(argument.into());
        }
    }
    let mut kept = BTreeMap::<String, Vec<Dialogue>>::new();
    let mut seeds = Seeds::default();
    let mut unread = 0;
    for capture in &captures {
        let conversations = take_apart(capture, &mut seeds);
        unread += usize::from(conversations.is_none());
        for (flow, dialogue) in conversations.into_iter().flatten() {
            seeds.add_dialogue(&dialogue);
            if let Some(label) = labels.of(capture, &flow) {
                keep(&mut kept, label, dialogue);
            }
        }
    }
    for saying in repertoire() {
        let (label, dialogue) = conversations::generated(&saying);
        seeds.add_dialogue(&dialogue);
        keep(&mut kept, label, dialogue);
    }
    write(&out, &kept)?;
    let (targets, octets) = seeds.write(&out.join("seeds"))?;
    let dialogues: usize = kept.values().map(Vec::len).sum();
    println!(
        "payloads: {} captures ({unread} not read to the end), {dialogues} dialogues of {} labels, \
         {octets} octets of seeds for {targets} targets",
        captures.len(),
        kept.len()
    );
    ensure!(targets > 0, "no capture gave a seed");
    Ok(())
}

fn keep(kept: &mut BTreeMap<String, Vec<Dialogue>>, label: &str, dialogue: Dialogue) {
    let of_label = kept.entry(label.to_owned()).or_default();
    if of_label.len() < OF_ONE_LABEL && !dialogue.sayings.is_empty() {
        of_label.push(dialogue);
    }
}

/// The conversations of a capture as far as it can be read; `None` if it is none.
fn take_apart(capture: &Path, seeds: &mut Seeds) -> Option<Conversations> {
    let mut conversations = Conversations::default();
    let mut frames = Vec::new();
    let mut file = CaptureFile::open(capture).ok()?;
    while let Ok(Some(frame)) = file.next() {
        conversations.add(frame.octets);
        if frames.len() < seeds::FRAMES {
            frames.push(frame.octets.to_vec());
        }
    }
    seeds.add_frames(&frames);
    if let Ok(octets) = fs::read(capture) {
        seeds.add_capture(&octets);
    }
    Some(conversations)
}

fn write(out: &Path, kept: &BTreeMap<String, Vec<Dialogue>>) -> Result<()> {
    for (label, dialogues) in kept {
        let directory = out.join("dialogues").join(label.replace(['/', '.'], "_"));
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        for (number, dialogue) in dialogues.iter().enumerate() {
            let path = directory.join(format!("{number:04}"));
            fs::write(&path, dialogue.to_octets())
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}
