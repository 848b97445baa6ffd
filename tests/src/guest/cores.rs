//! A secret that the agent was given is in no core dump, however its processes end: neither where
//! cores are files nor where they go to a program, which the limit on their size does not stop.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::scene::{PATIENCE, Scene, is_ready, log, make_pair, send, take_down};
use super::{Guest, Reason};
use crate::agent::{signal_worker, wait_until, worker_of};
use crate::frames::FrameGenerator;

/// One piece of the secret, which consists of many: what is freed is written over in part.
const PIECE: &str = "canary-nobody-may-read-this-secret-of-a-web-hook-0123456789abcdef\n";
const PIECES: usize = 200;
const SECRET: &str = "/tmp/secret";
const CORES: &str = "/tmp/cores";
const PATTERN: &str = "/proc/sys/kernel/core_pattern";
/// core(5): to files, and to the standard input of a program.
const PATTERNS: [&str; 2] = ["/tmp/cores/%p", "|/bin/busybox dd of=/tmp/cores/%p"];
/// Whoever is seen is an alert, and nobody takes it: so the worker reads the secret again and again.
const HOOK: &str = "[detection.new_device]\nlearning = \"0s\"\n\
                    [[webhook]]\nname = \"hook\"\nurl = \"http://127.0.0.1:9/\"\n\
                    secret_file = \"/tmp/secret\"\n";

pub fn hold_no_secret(guest: &Guest) -> Result<(), Reason> {
    let wrong = |error: io::Error| error.to_string();
    fs::write(SECRET, PIECE.repeat(PIECES)).map_err(wrong)?;
    unlimited().map_err(wrong)?;
    let peer = make_pair("cored", 1500)?;
    let before = fs::read_to_string(PATTERN).map_err(wrong)?;
    let ends = PATTERNS.iter().try_fold(0, |ends, pattern| {
        fs::write(PATTERN, pattern).map_err(wrong)?;
        Ok::<usize, Reason>(ends + of_pattern(guest, &peer)?)
    });
    fs::write(PATTERN, before).map_err(wrong)?;
    println!("cores\t{}", ends?);
    Ok(())
}

/// How many processes of the agent were ended.
fn of_pattern(guest: &Guest, peer: &str) -> Result<usize, Reason> {
    // What the pattern before left.
    let _ = fs::remove_dir_all(CORES);
    fs::create_dir_all(CORES).map_err(|error| error.to_string())?;
    let open = fs::set_permissions(CORES, fs::Permissions::from_mode(0o777));
    open.map_err(|error| error.to_string())?;
    control()?;
    let scene = Scene { more: HOOK, ..Scene::of("cored") };
    let mut agent = scene.ready(guest)?;
    send(peer, FrameGenerator::new(11).take(50).map(|specimen| specimen.octets))?;
    let mut ends = 0;
    for signal in [libc::SIGSEGV, libc::SIGABRT] {
        let worker = worker_with_secret(agent.id())?;
        // Again and again: Rust's own handler takes the first SIGSEGV for a fault that will recur.
        wait_until(PATIENCE, || match worker_of(agent.id()) {
            Some(now) if now == worker => {
                // It may be gone by now.
                signal_worker(worker, signal).ok();
                None
            }
            next => next,
        })
        .ok_or_else(|| format!("signal {signal} does not end the worker: {}", log()))?;
        is_ready(&mut agent)?;
        ends += 1;
    }
    worker_with_secret(agent.id())?;
    agent.signal(libc::SIGABRT).map_err(|error| error.to_string())?;
    agent.wait_for(PATIENCE).map_err(|error| error.to_string())?;
    let left = any_core()?;
    take_down(guest, &mut agent)?;
    match left {
        None => Ok(ends + 1),
        Some(core) => Err(format!("{core} was written of the agent")),
    }
}

/// A process with the secret, which nothing protects, leaves a core with it: so the search can find
/// something. Its core is removed.
fn control() -> Result<(), Reason> {
    let mut command = Command::new("/bin/busybox");
    command.args(["sh", "-c", "kill -ABRT $$"]).env("SECRET", PIECE).stdin(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.core_dumped() {
        return Err(format!("an unprotected process leaves no core ({status})"));
    }
    let core = Path::new(CORES).join(child.id().to_string());
    // A program takes a moment to write what it was given.
    let found = wait_until(PATIENCE, || has_piece(&fs::read(&core).ok()?).then_some(()));
    found.ok_or("the secret is not in the core of an unprotected process")?;
    fs::remove_file(core).map_err(|error| error.to_string())
}

/// The worker, when the secret is in its memory.
fn worker_with_secret(keeper: u32) -> Result<u32, Reason> {
    let found = wait_until(PATIENCE, || {
        let worker = worker_of(keeper)?;
        memory_has_piece(worker).ok()?.then_some(worker)
    });
    found.map(|(worker, _)| worker).ok_or_else(|| format!("no worker has the secret: {}", log()))
}

/// Looks through what a process may write of its own.
fn memory_has_piece(process: u32) -> io::Result<bool> {
    let maps = fs::read_to_string(format!("/proc/{process}/maps"))?;
    let memory = File::open(format!("/proc/{process}/mem"))?;
    let own = maps.lines().filter(|line| line.contains(" rw-p ")).filter_map(|line| {
        let (begin, end) = line.split_once(' ')?.0.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        Some((number(begin)?, number(end)?))
    });
    for (begin, end) in own {
        let mut octets = vec![0; (end - begin) as usize];
        // Pages that were never touched are zeros; what cannot be read is not in a core either.
        if memory.read_exact_at(&mut octets, begin).is_ok() && has_piece(&octets) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn has_piece(octets: &[u8]) -> bool {
    let piece = PIECE.trim_ascii_end().as_bytes();
    let first = piece[0];
    let mut rest = octets;
    while let Some(at) = rest.iter().position(|octet| *octet == first) {
        if rest[at..].starts_with(piece) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

/// The name of a core that is there.
fn any_core() -> Result<Option<String>, Reason> {
    let mut entries = fs::read_dir(CORES).map_err(|error| error.to_string())?.flatten();
    Ok(entries.next().map(|entry| entry.path().display().to_string()))
}

/// Lets this process and what it starts write cores of any size.
fn unlimited() -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: the argument is alive.
    match unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
