//! One station is infected: it looks for file servers all over the core
//! segment, as worms do.

use std::io;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::stations::Station;
use super::{Hospital, Segment, gateway_hardware};
use crate::frames::packet_socket::{PacketSocket, Purpose};
use crate::frames::{Endpoints, EthernetHeader, Ipv4Header, TcpHeader, ethertype, protocol};
use crate::lab::child::ChildGuard;
use crate::lab::error::LabError;

const SMB: u16 = 445;
const FIRST_HOST: u8 = 20;
/// Hosts 20 to 219.
pub const ADDRESSES: u8 = 200;
const PAUSE_BETWEEN_PROBES: Duration = Duration::from_millis(5);

/// What sends the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanner {
    Nmap,
    Own,
}

impl Scanner {
    /// nmap when it is installed: an independent program makes the evidence.
    pub fn available() -> Self {
        let version =
            std::process::Command::new("nmap").arg("--version").stdout(Stdio::null()).status();
        if version.is_ok_and(|status| status.success()) { Self::Nmap } else { Self::Own }
    }
}

/// A sweep under way.
#[derive(Debug)]
pub struct Outbreak {
    /// Just before the first probe: the time to the alert counts from here.
    pub began: SystemTime,
    pub scanner: Scanner,
    progress: Progress,
}

#[derive(Debug)]
enum Progress {
    Program(ChildGuard),
    Done,
}

impl Hospital {
    /// Begins a sweep of TCP port 445 over 200 addresses of the core segment.
    /// Our own scanner returns when it is done, nmap at once.
    pub fn begin_outbreak(
        &self,
        station: &Station,
        scanner: Scanner,
    ) -> Result<Outbreak, LabError> {
        let last = FIRST_HOST + (ADDRESSES - 1);
        let range = format!("{}-{last}", Segment::Core.address(FIRST_HOST));
        let mut command = self.station(station.name).command("nmap");
        command.args(["-sS", "-n", "-Pn", "-p445", "--max-retries", "0", &range]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = SystemTime::now();
        let progress = match scanner {
            Scanner::Nmap => Progress::Program(ChildGuard::start(&mut command)?),
            Scanner::Own => {
                let swept = self.station(station.name).in_namespace(|| sweep(station));
                swept?.map_err(|source| LabError::Start { program: "sweep".to_owned(), source })?;
                Progress::Done
            }
        };
        Ok(Outbreak { began, scanner, progress })
    }
}

impl Outbreak {
    /// Waits for the end of the sweep; false when it is still under way.
    pub fn has_ended_within(&mut self, patience: Duration) -> bool {
        match &mut self.progress {
            Progress::Program(program) => {
                program.wait_for(patience).is_ok_and(|ended| ended.is_some())
            }
            Progress::Done => true,
        }
    }
}

fn sweep(station: &Station) -> io::Result<()> {
    let wire = PacketSocket::open(Some("eth0"), Purpose::Send)?;
    let ethernet = EthernetHeader::between(station.hardware(), gateway_hardware(station.segment));
    let until = Instant::now() + Duration::from_secs(10);
    for host in FIRST_HOST..FIRST_HOST + ADDRESSES {
        let target: Ipv4Addr = Segment::Core.address(host);
        let probe = TcpHeader::syn(50_000 + u16::from(host), SMB);
        let segment = probe.segment(&Endpoints::v4(station.address(), target), b"");
        let packet = Ipv4Header::between(station.address(), target).packet(protocol::TCP, &segment);
        wire.send(&ethernet.unpadded_frame(ethertype::IPV4, &packet))?;
        if Instant::now() > until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(PAUSE_BETWEEN_PROBES);
    }
    Ok(())
}
