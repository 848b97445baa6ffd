//! tcpdump beside the agent: an independent word on which frames came, and when.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::child::ChildGuard;
use super::error::LabError;
use super::link::Port;

const PATIENCE: Duration = Duration::from_secs(10);
const GLANCE: Duration = Duration::from_millis(20);
/// More than any attack of a test is; then it stops of itself.
const MOST_FRAMES: &str = "20000";

/// A frame that the witness saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub at: Timestamp,
    /// The address it went to, where tcpdump names one.
    pub target: Option<Ipv4Addr>,
}

impl Sighting {
    /// From a line such as `1795439114.295456 IP 10.40.0.66.4711 > 10.50.0.1.445: Flags [S]`.
    fn from_line(line: &str) -> Option<Self> {
        let (seconds, rest) = line.split_once(' ')?;
        let (seconds, micros) = seconds.split_once('.')?;
        let micros = seconds.parse::<i64>().ok()? * 1_000_000 + micros.parse::<i64>().ok()?;
        let target = rest.split_once(" > ").and_then(|(_, to)| {
            let to = to.split([':', ' ']).next()?;
            let address: Vec<&str> = to.splitn(5, '.').take(4).collect();
            address.join(".").parse().ok()
        });
        Some(Self { at: Timestamp::from_microsecond(micros).ok()?, target })
    }
}

/// Ends its tcpdump when dropped.
#[derive(Debug)]
pub struct Witness {
    _tcpdump: ChildGuard,
    lines: PathBuf,
}

impl Witness {
    /// Looks at what comes in through `device` and passes `filter`, in the notation of tcpdump;
    /// returns when it looks. Its files are in `directory`.
    pub fn call(port: &Port, filter: &str, directory: &Path) -> Result<Self, LabError> {
        let (lines, complaints) = (directory.join("witness.txt"), directory.join("witness.log"));
        let not_started = |source| LabError::Start { program: "tcpdump".to_owned(), source };
        let mut command = port.namespace.command("tcpdump");
        command.args(["-i", &port.device, "-n", "-tt", "-l", "-Q", "in", "--immediate-mode"]);
        command.args(["-c", MOST_FRAMES, "-Z", "root", filter]).stdin(Stdio::null());
        command.stdout(File::create(&lines).map_err(not_started)?);
        command.stderr(File::create(&complaints).map_err(not_started)?);
        let tcpdump = ChildGuard::start(&mut command)?;
        let until = Instant::now() + PATIENCE;
        loop {
            let said = fs::read_to_string(&complaints).unwrap_or_default();
            if said.contains("listening on") {
                return Ok(Self { _tcpdump: tcpdump, lines });
            }
            if Instant::now() > until {
                return Err(not_started(std::io::Error::other(said)));
            }
            thread::sleep(GLANCE);
        }
    }

    /// What it saw so far, the first one first.
    pub fn sightings(&self) -> Vec<Sighting> {
        let lines = fs::read_to_string(&self.lines).unwrap_or_default();
        lines.lines().filter_map(Sighting::from_line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tcpdump_have_a_time_and_a_target() {
        let line = "1795439114.295456 IP 10.40.0.66.4711 > 10.50.0.1.445: Flags [S], seq 1";
        let seen = Sighting::from_line(line).unwrap();
        assert_eq!(seen.at.as_microsecond(), 1_795_439_114_295_456);
        assert_eq!(seen.target, Some(Ipv4Addr::new(10, 50, 0, 1)));
        let arp = "1795439114.000001 ARP, Reply 10.40.0.1 is-at d4:ae:52:00:b0:42, length 28";
        assert_eq!(Sighting::from_line(arp).unwrap().target, None);
        assert_eq!(Sighting::from_line("listening"), None);
    }
}
