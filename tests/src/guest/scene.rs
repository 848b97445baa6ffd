//! The agent in the guest, on a veth pair without addresses, and what it says.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{Guest, Reason, succeeded};
use crate::agent::{Metrics, WEB_PORT, wait_until};
use crate::fetch::fetch;
use crate::frames::inject::inject;
use crate::lab::ChildGuard;

/// A veth's ring holds 256, and before Linux 6.6 drops in silence what does not fit.
pub const BATCH: usize = 64;
const PAUSE: Duration = Duration::from_millis(5);
/// An emulated processor shared with other work takes half a minute to verify the program.
pub const PATIENCE: Duration = Duration::from_secs(90);
const PINS: &str = "/sys/fs/bpf/guest";
const LINKS: &str = "/sys/class/net";
const LOG: &str = "/tmp/agent.log";
pub const EVENTS: &str = "/tmp/events.jsonl";

/// What is not the same each time.
pub struct Scene<'a> {
    pub watched: &'a str,
    /// Where the agent's store is.
    pub state: &'a str,
    /// More of the configuration.
    pub more: &'a str,
}

impl<'a> Scene<'a> {
    pub fn of(watched: &'a str) -> Self {
        Self { watched, state: "/tmp", more: "" }
    }

    pub fn start(&self, guest: &Guest) -> Result<ChildGuard, Reason> {
        let Self { watched, state, more } = self;
        let configuration = format!(
            "[capture]\ninterfaces = [\"{watched}\"]\npin_directory = \"{PINS}\"\nflows = 32768\n\
             endpoints = 1024\n[agent]\nstate_directory = \"{state}\"\n\
             socket = \"/tmp/wardline.sock\"\n[events]\npath = \"{EVENTS}\"\n{more}"
        );
        let wrong = |error: std::io::Error| error.to_string();
        fs::write("/tmp/wardline.toml", configuration).map_err(wrong)?;
        let log = File::create(LOG).map_err(wrong)?;
        let mut command = guest.command(&["run", "--config", "/tmp/wardline.toml"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().map_err(wrong)?).stderr(log);
        ChildGuard::start(&mut command).map_err(|error| error.to_string())
    }

    /// As [`Self::start`], and waits until it is ready.
    pub fn ready(&self, guest: &Guest) -> Result<ChildGuard, Reason> {
        let mut agent = self.start(guest)?;
        is_ready(&mut agent)?;
        Ok(agent)
    }
}

/// A pair without addresses; gives the name of the other end.
pub fn make_pair(watched: &str, mtu: u32) -> Result<String, Reason> {
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
    let peer = peer_of(watched)?;
    for name in [watched, &peer] {
        ip(&["link", "set", name, "mtu", &mtu.to_string()])?;
        ip(&["link", "set", name, "up"])?;
    }
    Ok(peer)
}

/// The kernel names it; each end knows the other's index.
fn peer_of(watched: &str) -> Result<String, Reason> {
    let number = |name: &str, file: &str| fs::read_to_string(format!("{LINKS}/{name}/{file}")).ok();
    let index = number(watched, "iflink").ok_or_else(|| format!("{watched} is on nothing"))?;
    let links = fs::read_dir(LINKS).map_err(|error| error.to_string())?.flatten();
    let mut names = links.map(|link| link.file_name().to_string_lossy().into_owned());
    names
        .find(|name| number(name, "ifindex").as_ref() == Some(&index))
        .ok_or_else(|| format!("{watched} has no other end"))
}

pub fn page(path: &str) -> Option<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, WEB_PORT));
    fetch(address, path).ok().filter(|(status, _)| *status == 200).map(|(_, body)| body)
}

pub fn metrics() -> Option<Metrics> {
    page("/metrics").map(|page| Metrics::parse(&page))
}

pub fn log() -> String {
    fs::read_to_string(LOG).unwrap_or_default()
}

/// Whether the agent came to be ready; what it logged if not.
pub fn is_ready(agent: &mut ChildGuard) -> Result<(), Reason> {
    let ready = wait_until(PATIENCE, || match agent.ended() {
        Ok(None) => page("/readyz").map(|_| true),
        _ => Some(false),
    });
    match ready {
        Some((true, _)) => Ok(()),
        _ => Err(log()),
    }
}

/// The peer's statistics of what it sent.
pub fn count(interface: &str, counter: &str) -> Result<u64, Reason> {
    let path = format!("{LINKS}/{interface}/statistics/{counter}");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    text.trim().parse().map_err(|_| format!("{path}: {text}"))
}

/// Sends frames no faster than the slowest kernel takes them, and says how many were sent.
pub fn send(peer: &str, mut frames: impl Iterator<Item = Vec<u8>>) -> Result<u64, Reason> {
    let mut sent = 0;
    loop {
        let batch: Vec<Vec<u8>> = frames.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(sent);
        }
        sent += send_batch(peer, batch)?;
    }
}

/// As [`send`], of frames that fit into the ring at once.
pub fn send_batch(peer: &str, batch: Vec<Vec<u8>>) -> Result<u64, Reason> {
    let sent = inject(peer, batch).map_err(|error| error.to_string())?.sent;
    thread::sleep(PAUSE);
    Ok(sent)
}

/// Waits until every one of the frames that crossed has its fate.
pub fn closed_books(crossed: u64) -> Result<Metrics, Reason> {
    let closed = wait_until(PATIENCE, || {
        let metrics = metrics()?;
        let is_closed = metrics.received() == crossed
            && metrics.fates().iter().sum::<u64>() == crossed + metrics.encapsulated()
            && metrics.fates()[0] > 0;
        is_closed.then_some(metrics)
    });
    if let Some((metrics, _)) = closed {
        return Ok(metrics);
    }
    let metrics = metrics().unwrap_or_default();
    let (received, fates) = (metrics.received(), metrics.fates());
    Err(format!("{crossed} frames crossed, {received} were received, fates {fates:?}"))
}

/// Ends the agent and takes the program off, so that the next one begins anew.
pub fn take_down(guest: &Guest, agent: &mut ChildGuard) -> Result<(), Reason> {
    agent.end().map_err(|error| error.to_string())?;
    guest.run(&["detach", "--pin-directory", PINS]).map(drop)
}
