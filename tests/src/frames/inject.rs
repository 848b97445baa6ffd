//! Sends frames out of an interface of the current network namespace, as fast
//! as the kernel takes them, and says exactly how many it took.
//!
//! The kernel's packet socket refuses frames shorter than an Ethernet header
//! (14 octets) and longer than MTU + 14 (MTU + 18 behind an 802.1Q tag). A veth
//! whose peer's ring is full reports ENOBUFS since Linux 6.6 and such frames
//! are offered again; before 6.6 it drops them in silence, so compare with the
//! link's `tx_dropped` there.

use std::collections::BTreeMap;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::packet_socket::{PacketSocket, Purpose};

const BATCH: usize = 64;
const PAUSE_WHEN_FULL: Duration = Duration::from_micros(100);
/// A link that takes nothing for this long is broken.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of the frames offered to the kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InjectionReport {
    pub offered: u64,
    /// Frames that the kernel accepted.
    pub sent: u64,
    pub sent_octets: u64,
    /// Frames refused for good, by error number (EINVAL: too short; EMSGSIZE:
    /// too long).
    pub refused: BTreeMap<i32, u64>,
    /// Times a full queue made the sender pause and offer again.
    pub pauses: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum InjectError {
    #[error("packet socket on {device}")]
    Socket { device: String, source: io::Error },
    #[error("{device} took no frame for {waited:?} after {sent} frames")]
    Stalled { device: String, sent: u64, waited: Duration },
}

/// Sends every frame, in order, out of `device`.
pub fn inject<F: AsRef<[u8]>>(
    device: &str,
    frames: impl IntoIterator<Item = F>,
) -> Result<InjectionReport, InjectError> {
    let socket = PacketSocket::open(Some(device), Purpose::Send)
        .map_err(|source| InjectError::Socket { device: device.to_owned(), source })?;
    let mut report = InjectionReport::default();
    let mut frames = frames.into_iter();
    loop {
        let batch: Vec<F> = frames.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            return Ok(report);
        }
        let octets: Vec<&[u8]> = batch.iter().map(AsRef::as_ref).collect();
        report.offered += octets.len() as u64;
        send_all(&socket, device, &octets, &mut report)?;
    }
}

fn send_all(
    socket: &PacketSocket,
    device: &str,
    mut frames: &[&[u8]],
    report: &mut InjectionReport,
) -> Result<(), InjectError> {
    let mut full_since: Option<Instant> = None;
    while !frames.is_empty() {
        match socket.send_batch(frames) {
            Ok(taken) => {
                report.sent += taken as u64;
                report.sent_octets +=
                    frames[..taken].iter().map(|frame| frame.len() as u64).sum::<u64>();
                frames = &frames[taken..];
                full_since = None;
            }
            Err(error) if is_full(&error) => {
                let since = *full_since.get_or_insert_with(Instant::now);
                if since.elapsed() > PATIENCE {
                    let device = device.to_owned();
                    return Err(InjectError::Stalled {
                        device,
                        sent: report.sent,
                        waited: since.elapsed(),
                    });
                }
                report.pauses += 1;
                thread::sleep(PAUSE_WHEN_FULL);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *report.refused.entry(error.raw_os_error().unwrap_or(0)).or_default() += 1;
                frames = &frames[1..];
            }
        }
    }
    Ok(())
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::EAGAIN))
}
