//! The machine is switched off and on: pins and interfaces are gone, the store is there. The agent
//! comes up before its interface does.

use std::fs;
use std::time::Instant;

use super::scene::{
    PATIENCE, Scene, closed_books, count, is_ready, log, make_pair, metrics, page, send, take_down,
};
use super::{Guest, Reason};
use crate::agent::wait_until;
use crate::frames::FrameGenerator;
use crate::lab::ChildGuard;

/// What is kept over the restart: the first program of the guest sees to it.
const KEPT: &str = "/state";
const DEVICES: &str = "/state/devices";
const SCENE: Scene<'static> = Scene { watched: "late", state: KEPT, more: "" };
const FRAMES: usize = 500;

/// Before the restart: an agent sees devices, and ends as a system that goes down ends it.
pub fn prepare(guest: &Guest) -> Result<(), Reason> {
    fs::create_dir_all(KEPT).map_err(|error| error.to_string())?;
    let peer = make_pair(SCENE.watched, 1500)?;
    let mut agent = SCENE.ready(guest)?;
    let metrics = exchange(&peer, 3)?;
    take_down(guest, &mut agent)?;
    let devices = metrics.count("wardline_devices", &[]);
    if devices == 0 {
        return Err("no device was seen".to_owned());
    }
    fs::write(DEVICES, devices.to_string()).map_err(|error| error.to_string())
}

/// After it.
pub fn goes_on(guest: &Guest) -> Result<(), Reason> {
    let known = fs::read_to_string(DEVICES).map_err(|error| format!("{DEVICES}: {error}"))?;
    let mut agent = SCENE.start(guest)?;
    waits(&mut agent, &known)?;
    let peer = make_pair(SCENE.watched, 1500)?;
    let since = Instant::now();
    is_ready(&mut agent)?;
    let attached = since.elapsed();
    let metrics = exchange(&peer, 4)?;
    if metrics.get("wardline_epoch_resumed", &[]) != Some(0.0) {
        return Err("counts of the time before are said to go on".to_owned());
    }
    println!("restarted\t{known}\t{:.1}\t{}", attached.as_secs_f64(), metrics.received());
    take_down(guest, &mut agent)
}

/// It serves its page and knows its devices, and says that it misses its interface.
fn waits(agent: &mut ChildGuard, known: &str) -> Result<(), Reason> {
    let up = wait_until(PATIENCE, || match agent.ended() {
        Ok(None) => metrics().map(Some),
        _ => Some(None),
    });
    let Some((Some(metrics), _)) = up else { return Err(log()) };
    if page("/readyz").is_some() || metrics.count("wardline_interfaces_missing", &[]) != 1 {
        return Err("it is ready without its interface".to_owned());
    }
    let devices = metrics.count("wardline_devices", &[]);
    if devices.to_string() != known {
        return Err(format!("{devices} devices are known of {known}"));
    }
    Ok(())
}

/// Frames come in, and each gets its fate.
fn exchange(peer: &str, seed: u64) -> Result<crate::agent::Metrics, Reason> {
    let frames = FrameGenerator::new(seed).take(FRAMES).map(|specimen| specimen.octets);
    let sent = send(peer, frames)?;
    closed_books(sent - count(peer, "tx_dropped")?)
}
