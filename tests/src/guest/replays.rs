//! Captures through the program and through the host: the events are the same octets.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::{Guest, Reason, read};
use crate::frames::FrameGenerator;
use crate::frames::pcap::capture_of;

/// Frames of every kind, whole and broken.
const GENERATED: usize = 5_000;
const SEED: u64 = 20_261_124;
const START: Duration = Duration::from_secs(1_700_000_000);

pub fn agree(guest: &Guest) -> Result<(), Reason> {
    generate(&guest.captures.join("generated.pcap"))?;
    let entries = fs::read_dir(&guest.captures).map_err(|error| error.to_string())?;
    let mut captures: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    captures.retain(|path| path.extension().is_some_and(|extension| extension == "pcap"));
    captures.sort();
    captures.iter().try_for_each(|capture| agrees(guest, capture))
}

fn generate(path: &Path) -> Result<(), Reason> {
    let frames = FrameGenerator::new(SEED).take(GENERATED).map(|specimen| specimen.octets);
    fs::write(path, capture_of(START, frames)).map_err(|error| error.to_string())
}

fn agrees(guest: &Guest, capture: &Path) -> Result<(), Reason> {
    let [host, kernel] = ["host", "kernel"].map(|engine| events(guest, capture, engine));
    let (host, kernel) = (host?, kernel?);
    let name = capture.file_stem().unwrap_or_default().to_string_lossy();
    if host != kernel {
        let lines = host.split(|octet| *octet == b'\n');
        let differing = lines.zip(kernel.split(|octet| *octet == b'\n')).find(|(a, b)| a != b);
        let (host, kernel) = differing.unwrap_or((b"no more", b"or more"));
        let text = String::from_utf8_lossy;
        return Err(format!("{name}: host says {}, kernel {}", text(host), text(kernel)));
    }
    let frames = balanced_frames(&kernel).map_err(|reason| format!("{name}: {reason}"))?;
    let events = kernel.iter().filter(|octet| **octet == b'\n').count();
    println!("agrees\t{name}\t{frames}\t{events}");
    Ok(())
}

fn events(guest: &Guest, capture: &Path, engine: &str) -> Result<Vec<u8>, Reason> {
    let events = capture.with_extension(format!("{engine}.jsonl"));
    let mut command = guest.command(&["replay", "--engine", engine, "--events"]);
    command.arg(&events).arg(capture);
    super::succeeded(command)?;
    read(&events)
}

/// Frames received by the last event, if every one of them has its fate.
fn balanced_frames(events: &[u8]) -> Result<u64, Reason> {
    let mut lines = events.split(|octet| *octet == b'\n');
    let last = lines.rfind(|line| !line.is_empty()).unwrap_or_default();
    let event: Value = serde_json::from_slice(last).map_err(|error| error.to_string())?;
    let frames = |fate: &str| event["stats"]["frames"][fate].as_u64();
    let fates = ["received", "encapsulated", "counted", "undissected", "lost"].map(frames);
    match fates {
        [Some(received), Some(encapsulated), Some(counted), Some(undissected), Some(lost)]
            if received > 0 && received + encapsulated == counted + undissected + lost =>
        {
            Ok(received)
        }
        fates => Err(format!("received, encapsulated, counted, undissected, lost: {fates:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_that_do_not_add_up_are_refused() {
        let page = |counted: u64| {
            format!(
                "{{}}\n{{\"stats\":{{\"frames\":{{\"received\":7,\"encapsulated\":2,\"counted\":{counted},\
                 \"undissected\":2,\"lost\":1}}}}}}\n"
            )
        };
        assert_eq!(balanced_frames(page(6).as_bytes()), Ok(7));
        assert!(balanced_frames(page(7).as_bytes()).is_err());
        assert!(balanced_frames(b"").is_err());
    }
}
