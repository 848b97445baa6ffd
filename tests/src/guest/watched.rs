//! The agent on a veth pair, natively: every frame that crossed it has its fate, also those that
//! crossed while no agent ran.

use super::scene::{Scene, closed_books, count, is_ready, make_pair, send, take_down};
use super::{Guest, Reason};
use crate::frames::FrameGenerator;

/// While one agent runs, after it was killed, and while the next one runs.
const PARTS: [usize; 3] = [1_000, 500, 1_500];
const LARGE_MTU: u32 = 9_000;
/// Words of the message by which an interface of a large MTU is refused where a frame has to lie in
/// one buffer.
const REFUSAL: &str = "no frame in several buffers";

pub fn books_balance(guest: &Guest) -> Result<(), Reason> {
    let peer = &make_pair("watched", 1500)?;
    let scene = Scene::of("watched");
    let mut frames = FrameGenerator::new(7).map(|specimen| specimen.octets);
    let [first, between, last] = PARTS;
    let mut agent = scene.ready(guest)?;
    let mut sent = send(peer, frames.by_ref().take(first))?;
    let killed = agent.signal(libc::SIGKILL).and_then(|()| agent.end());
    killed.map_err(|error| error.to_string())?;
    sent += send(peer, frames.by_ref().take(between))?;
    let mut agent = scene.ready(guest)?;
    sent += send(peer, frames.take(last))?;
    let crossed = sent - count(peer, "tx_dropped")?;
    let [counted, undissected, lost] = closed_books(crossed)?.fates();
    println!("attached\t{crossed}\t{counted}\t{undissected}\t{lost}");
    take_down(guest, &mut agent)
}

/// Attached where the kernel has frames in several buffers; else refused, with the reason.
pub fn large_frames(guest: &Guest) -> Result<(), Reason> {
    make_pair("large", LARGE_MTU)?;
    let mut agent = Scene::of("large").start(guest)?;
    match is_ready(&mut agent) {
        Ok(()) => println!("large\tattaches"),
        Err(log) if log.contains(REFUSAL) => println!("large\trefused"),
        Err(log) => return Err(log),
    }
    take_down(guest, &mut agent)
}
