//! An observer beside the agent: when the first probe of the sweep reached the
//! gateway, by the kernel's own time stamp.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::frames::record::{Recorded, Recorder};
use crate::lab::hospital::CLINICAL_PORT;
use crate::lab::{LabError, Namespace};

const GLANCE: Duration = Duration::from_millis(100);
const SMB: u16 = 445;
const SYN: u8 = 0x02;

#[derive(Debug)]
pub struct Witness {
    first_probe: Arc<OnceLock<SystemTime>>,
    is_over: Arc<AtomicBool>,
    watch: Option<thread::JoinHandle<()>>,
}

impl Witness {
    /// Begins to watch for an attempt of `source` to open port 445 of anyone
    /// but `known`, the file server that it uses every day.
    pub fn of(gateway: &Namespace, source: Ipv4Addr, known: Ipv4Addr) -> Result<Self, LabError> {
        let recorder = gateway.in_namespace(|| Recorder::on(&[CLINICAL_PORT], GLANCE))?;
        let first_probe = Arc::new(OnceLock::new());
        let is_over = Arc::new(AtomicBool::new(false));
        let watch = recorder.ok().map(|mut recorder| {
            let (seen, is_over) = (Arc::clone(&first_probe), Arc::clone(&is_over));
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    match recorder.next_frame() {
                        Ok(Some(frame)) if is_probe(&frame, source, known) => {
                            // Set here and nowhere else.
                            let _ = seen.set(SystemTime::UNIX_EPOCH + frame.at);
                            return;
                        }
                        Ok(_) => {}
                        Err(_) => return,
                    }
                }
            })
        });
        Ok(Self { first_probe, is_over, watch })
    }

    pub fn first_probe(&self) -> Option<SystemTime> {
        self.first_probe.get().copied()
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(watch) = self.watch.take() {
            // It has nothing to say that was not said.
            drop(watch.join());
        }
    }
}

/// Untagged Ethernet and IPv4 without options, as the laboratory's probes are.
fn is_probe(frame: &Recorded, source: Ipv4Addr, known: Ipv4Addr) -> bool {
    let octets = &frame.octets;
    let is = |at: usize, expected: &[u8]| octets.get(at..at + expected.len()) == Some(expected);
    is(12, &[0x08, 0x00, 0x45])
        && is(23, &[6])
        && is(26, &source.octets())
        && !is(30, &known.octets())
        && is(36, &SMB.to_be_bytes())
        && is(47, &[SYN])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{
        Endpoints, EthernetHeader, Ipv4Header, MacAddress, TcpHeader, ethertype, protocol,
    };

    fn attempt(target: Ipv4Addr, port: u16) -> Recorded {
        let source = Ipv4Addr::new(10, 20, 0, 51);
        let stations = (MacAddress::vendor(0x02_0000, 1), MacAddress::vendor(0x02_0000, 2));
        let segment = TcpHeader::syn(50_000, port).segment(&Endpoints::v4(source, target), b"");
        let packet = Ipv4Header::between(source, target).packet(protocol::TCP, &segment);
        let ethernet = EthernetHeader::between(stations.0, stations.1);
        let octets = ethernet.unpadded_frame(ethertype::IPV4, &packet);
        Recorded { at: Duration::ZERO, interface: 0, octets }
    }

    #[test]
    fn a_probe_is_an_attempt_on_a_stranger() {
        let [source, files] = [Ipv4Addr::new(10, 20, 0, 51), Ipv4Addr::new(10, 30, 0, 40)];
        let stranger = Ipv4Addr::new(10, 30, 0, 77);
        assert!(is_probe(&attempt(stranger, 445), source, files));
        assert!(!is_probe(&attempt(stranger, 443), source, files));
        assert!(!is_probe(&attempt(files, 445), source, files));
        assert!(!is_probe(&attempt(stranger, 445), Ipv4Addr::new(10, 20, 0, 52), files));
    }
}
