//! A processor is taken away and given back while frames come in on it: what it counted stays
//! counted, and what comes in elsewhere meanwhile too.

use std::fs;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::scene::{BATCH, PATIENCE, Scene, closed_books, count, make_pair, send_batch, take_down};
use super::{Guest, Reason};
use crate::agent::wait_until;
use crate::frames::FrameGenerator;

/// The one that goes; the first cannot be taken away everywhere.
const SECOND: usize = 1;
const SWITCH: &str = "/sys/devices/system/cpu/cpu1/online";
const ROUNDS: usize = 10;

/// Batches sent so far, by the processor that sent and so received them.
type Batches = [AtomicU64; 2];

pub fn come_and_go(guest: &Guest) -> Result<(), Reason> {
    let peer = &make_pair("shared", 1500)?;
    let mut agent = Scene::of("shared").ready(guest)?;
    let (is_over, batches) = (AtomicBool::new(false), Batches::default());
    let (switched, sent) = thread::scope(|scope| {
        let sender = scope.spawn(|| send_from_second(peer, &is_over, &batches));
        let switched = (0..ROUNDS).try_for_each(|_| switch(&batches));
        is_over.store(true, Ordering::Relaxed);
        (switched, sender.join())
    });
    switched?;
    let sent = sent.map_err(|_| "the sender broke off".to_owned())??;
    let crossed = sent - count(peer, "tx_dropped")?;
    let [counted, undissected, lost] = closed_books(crossed)?.fates();
    let on = [0, SECOND].map(|number| batches[number].load(Ordering::Relaxed));
    println!(
        "processors\t{crossed}\t{ROUNDS}\t{counted}\t{undissected}\t{lost}\t{}\t{}",
        on[0], on[1]
    );
    take_down(guest, &mut agent)
}

/// Takes the second processor away and gives it back, each time after frames came in where they
/// should.
fn switch(batches: &Batches) -> Result<(), Reason> {
    for (on, word) in [(SECOND, "0"), (0, "1")] {
        let before = batches[on].load(Ordering::Relaxed);
        wait_until(PATIENCE, || (batches[on].load(Ordering::Relaxed) > before + 1).then_some(()))
            .ok_or_else(|| format!("no frame is sent on processor {on}"))?;
        fs::write(SWITCH, word).map_err(|error| format!("{SWITCH}: {error}"))?;
    }
    Ok(())
}

/// Sends on the second processor while there is one. A veth's frames come in where they are sent.
fn send_from_second(peer: &str, is_over: &AtomicBool, batches: &Batches) -> Result<u64, Reason> {
    let mut frames = FrameGenerator::new(9).map(|specimen| specimen.octets);
    let mut sent = 0;
    while !is_over.load(Ordering::Relaxed) {
        // Fails while it is away; then wherever the kernel likes.
        let _ = move_to_second();
        sent += send_batch(peer, frames.by_ref().take(BATCH).collect())?;
        // SAFETY: it takes no argument.
        let on = unsafe { libc::sched_getcpu() };
        if let Some(batches) = usize::try_from(on).ok().and_then(|on| batches.get(on)) {
            batches.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(sent)
}

fn move_to_second() -> io::Result<()> {
    // SAFETY: a set of processors is a plain array of bits; this thread alone is moved.
    let result = unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        libc::CPU_SET(SECOND, &mut set);
        libc::sched_setaffinity(0, size_of_val(&set), &raw const set)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
