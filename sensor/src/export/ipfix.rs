//! Flow records as IPFIX (RFC 7011), each biflow in one record (RFC 5103), to collectors over UDP
//! and TCP. Each collector has a bounded queue and a thread of its own; what is lost is counted
//! with its reason.

mod element;
mod exporter;
mod message;
mod record;
mod template;
mod transport;

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{config::Ipfix, flow::FlowRecord, time::WallClock};

use exporter::Exporter;
pub use exporter::IpfixCounts;

/// How long the end may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The collectors of a configuration. Those that it is dropped with get what is queued, within
/// reason.
#[derive(Debug, Default)]
pub struct Exporters(Vec<Exporter>);

impl Exporters {
    /// Starts a thread for each collector. One that cannot be reached is tried again and again.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn start(collectors: &[Ipfix]) -> std::io::Result<Self> {
        collectors.iter().map(Exporter::start).collect::<Result<_, _>>().map(Self)
    }

    /// Queues a record for every collector.
    pub fn take(&self, flow: &FlowRecord, wall: WallClock) {
        if self.0.is_empty() {
            return;
        }
        let record = record::encode(flow, wall);
        for exporter in &self.0 {
            exporter.take(record.clone());
        }
    }

    /// Sends what is queued, for at most 2 s.
    pub fn finish(mut self) {
        for exporter in &mut self.0 {
            exporter.close();
        }
        let began = Instant::now();
        while !self.0.iter().all(Exporter::has_ended) && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// How each collector is served.
    pub fn counts(&self) -> Vec<IpfixCounts> {
        self.0.iter().map(Exporter::counts).collect()
    }
}
