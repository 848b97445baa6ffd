//! The agent on a veth pair, natively: every frame that crossed it has its fate, also those that
//! crossed while no agent ran.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{Guest, Reason, succeeded};
use crate::agent::{Metrics, WEB_PORT, wait_until};
use crate::fetch::fetch;
use crate::frames::FrameGenerator;
use crate::frames::inject::inject;
use crate::lab::ChildGuard;

/// While one agent runs, after it was killed, and while the next one runs.
const PARTS: [usize; 3] = [1_000, 500, 1_500];
/// A veth's ring holds 256, and before Linux 6.6 drops in silence what does not fit.
const BATCH: usize = 64;
const PAUSE: Duration = Duration::from_millis(5);
/// An emulated processor shared with other work takes half a minute to verify the program.
const PATIENCE: Duration = Duration::from_secs(90);
const LARGE_MTU: u32 = 9_000;
/// Words of the message by which an interface of a large MTU is refused where a frame has to lie in
/// one buffer.
const REFUSAL: &str = "no frame in several buffers";
const PINS: &str = "/sys/fs/bpf/guest";
const LOG: &str = "/tmp/agent.log";

/// A pair without addresses; `watched` and its peer.
fn make_pair(watched: &str, peer: &str, mtu: u32) -> Result<(), Reason> {
    for scope in ["all", "default"] {
        let path = format!("/proc/sys/net/ipv6/conf/{scope}/disable_ipv6");
        if Path::new(&path).exists() {
            fs::write(path, "1").map_err(|error| error.to_string())?;
        }
    }
    let ip = |words: &[&str]| {
        let mut command = Command::new("ip");
        command.args(words);
        succeeded(command).map(drop)
    };
    ip(&["link", "add", watched, "type", "veth"])?;
    for name in [watched, peer] {
        ip(&["link", "set", name, "mtu", &mtu.to_string()])?;
        ip(&["link", "set", name, "up"])?;
    }
    Ok(())
}

fn start(guest: &Guest, interface: &str) -> Result<ChildGuard, Reason> {
    let configuration = format!(
        "[capture]\ninterfaces = [\"{interface}\"]\npin_directory = \"{PINS}\"\nflows = 32768\n\
         endpoints = 1024\n[agent]\nstate_directory = \"/tmp\"\nsocket = \"/tmp/wardline.sock\"\n\
         [events]\npath = \"/tmp/events.jsonl\"\n"
    );
    let wrong = |error: std::io::Error| error.to_string();
    fs::write("/tmp/wardline.toml", configuration).map_err(wrong)?;
    let log = File::create(LOG).map_err(wrong)?;
    let mut command = guest.command(&["run", "--config", "/tmp/wardline.toml"]);
    command.stdin(Stdio::null()).stdout(log.try_clone().map_err(wrong)?).stderr(log);
    ChildGuard::start(&mut command).map_err(|error| error.to_string())
}

fn page(path: &str) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, WEB_PORT));
    fetch(address, path).ok().filter(|(status, _)| *status == 200).map(|(_, body)| body)
}

/// Whether the agent came to be ready; what it logged if not.
fn is_ready(agent: &mut ChildGuard) -> Result<(), Reason> {
    let ready = wait_until(PATIENCE, || match agent.ended() {
        Ok(None) => page("/readyz").map(|_| true),
        _ => Some(false),
    });
    match ready {
        Some((true, _)) => Ok(()),
        _ => Err(fs::read_to_string(LOG).unwrap_or_default()),
    }
}

/// The peer's statistics of what it sent.
fn count(interface: &str, counter: &str) -> Result<u64, Reason> {
    let path = format!("/sys/class/net/{interface}/statistics/{counter}");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    text.trim().parse().map_err(|_| format!("{path}: {text}"))
}

pub fn books_balance(guest: &Guest) -> Result<(), Reason> {
    make_pair("watched", "veth0", 1500)?;
    let mut frames = FrameGenerator::new(7).map(|specimen| specimen.octets);
    let [first, between, last] = PARTS;
    let mut agent = start(guest, "watched")?;
    is_ready(&mut agent)?;
    let mut sent = send(frames.by_ref().take(first))?;
    let killed = agent.signal(libc::SIGKILL).and_then(|()| agent.end());
    killed.map_err(|error| error.to_string())?;
    sent += send(frames.by_ref().take(between))?;
    let mut agent = start(guest, "watched")?;
    is_ready(&mut agent)?;
    sent += send(frames.take(last))?;
    let crossed = sent - count("veth0", "tx_dropped")?;
    let closed = wait_until(PATIENCE, || {
        let metrics = Metrics::parse(&page("/metrics")?);
        let is_closed = metrics.received() == crossed
            && metrics.fates().iter().sum::<u64>() == crossed + metrics.encapsulated()
            && metrics.fates()[0] > 0;
        is_closed.then_some(metrics)
    });
    let Some((metrics, _)) = closed else {
        let metrics = page("/metrics").map(|page| Metrics::parse(&page)).unwrap_or_default();
        return Err(format!(
            "{crossed} frames crossed, {} were received, fates {:?}",
            metrics.received(),
            metrics.fates()
        ));
    };
    let [counted, undissected, lost] = metrics.fates();
    println!("attached\t{crossed}\t{counted}\t{undissected}\t{lost}");
    agent.end().map_err(|error| error.to_string())?;
    guest.run(&["detach", "--pin-directory", PINS]).map(drop)
}

/// Sends frames no faster than the slowest kernel takes them, and says how many were sent.
fn send(mut frames: impl Iterator<Item = Vec<u8>>) -> Result<u64, Reason> {
    let mut sent = 0;
    loop {
        let batch: Vec<Vec<u8>> = frames.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(sent);
        }
        sent += inject("veth0", batch).map_err(|error| error.to_string())?.sent;
        thread::sleep(PAUSE);
    }
}

/// Attached where the kernel has frames in several buffers; else refused, with the reason.
pub fn large_frames(guest: &Guest) -> Result<(), Reason> {
    make_pair("large", "veth1", LARGE_MTU)?;
    let mut agent = start(guest, "large")?;
    let ready = is_ready(&mut agent);
    match ready {
        Ok(()) => println!("large\tattaches"),
        Err(log) if log.contains(REFUSAL) => println!("large\trefused"),
        Err(log) => return Err(log),
    }
    agent.end().map(drop).map_err(|error| error.to_string())
}
