//! The program that is shipped, loaded as the agent loads it, and its books.

use sensor::capture::Datapath as _;
use sensor::capture::host::TableSizes;
use sensor::capture::xdp::{XdpDatapath, XdpSettings};
use sensor_common::application::Identification;
use sensor_common::books::{Entry, UNDISSECTED_REASONS};
use sensor_common::flow::WAYS;
use serde::Serialize;

use super::error::BenchError;

/// Of the agent's default order; holds 440,000 records.
const RECORDS_RING: u32 = 64 << 20;
const NOTICES_RING: u32 = 16 << 20;
const ENDPOINTS: u32 = 1 << 13;
const LARGEST_VERDICTS: u32 = 1 << 22;
const SAMPLES_PER_SECOND: u32 = 1000;

/// One loaded instance with tables of its own.
pub struct Shipped {
    pub name: String,
    pub datapath: XdpDatapath,
    /// Whether its rings are read between turns.
    pub is_drained: bool,
    sent: u64,
    read: u64,
}

/// Where the frames that an instance was sent have gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Books {
    pub sent: u64,
    pub undissected: u64,
    /// In the flow table.
    pub live: u64,
    /// On the ring, and of these read from it.
    pub evicted: u64,
    pub read: u64,
    /// Lost by a full ring, and counted as that.
    pub lost: u64,
    /// Flows evicted and lost.
    pub flows_evicted: u64,
    pub flows_lost: u64,
}

impl Books {
    pub fn unaccounted(&self) -> i64 {
        self.sent as i64 - (self.undissected + self.live + self.evicted + self.lost) as i64
    }
}

impl Shipped {
    /// Loads the program with a table of `slots` slots a CPU: the one that is embedded in the
    /// agent, or another build of it.
    pub fn load(name: &str, object: Option<&[u8]>, slots: u32) -> Result<Self, BenchError> {
        let sizes = TableSizes {
            sets: slots / WAYS as u32,
            endpoints: ENDPOINTS,
            verdicts: (slots * 4).min(LARGEST_VERDICTS),
        };
        let settings = XdpSettings {
            sizes,
            records_ring: RECORDS_RING,
            notices_ring: NOTICES_RING,
            samples_per_second: SAMPLES_PER_SECOND,
        };
        let seed = 0x6d65_6173_7572_6564;
        let datapath = match object {
            Some(object) => XdpDatapath::open_object(object, &settings, seed)?,
            None => XdpDatapath::open(&settings, seed, None)?,
        };
        Ok(Self { name: name.to_owned(), datapath, is_drained: true, sent: 0, read: 0 })
    }

    /// Leaves the rings to fill, as a reader does that cannot keep up.
    pub fn without_reader(mut self) -> Self {
        self.is_drained = false;
        self
    }

    /// Notes what was sent, and reads the rings.
    pub fn after_turn(&mut self, frames: u32) {
        self.sent += u64::from(frames);
        if self.is_drained {
            let read = &mut self.read;
            self.datapath.drain_records(&mut |record| *read += record.slot.slot().packets());
            self.datapath.drain_notices(&mut |_| ());
        }
    }

    pub fn inspected(&self) -> u64 {
        self.datapath.ledger().line(Entry::Inspected)
    }

    /// Flows in the table that spoke and are taken for something else.
    pub fn taken_for_others(&self, identification: Identification) -> u64 {
        let slots = (0..self.datapath.slots()).filter_map(|position| self.datapath.slot(position));
        let spoke = slots.filter(|slot| slot.tail.inspected > 0);
        spoke.filter(|slot| slot.identification() != identification).count() as u64
    }

    pub fn books(&self) -> Books {
        let rows = self.datapath.interface_rows();
        let ledger = self.datapath.ledger();
        let undissected =
            rows.iter().flat_map(|row| &row.undissected_frames[..UNDISSECTED_REASONS]).sum::<u64>();
        Books {
            sent: self.sent,
            undissected,
            live: (0..self.datapath.slots())
                .map(|position| self.datapath.glance(position).packets)
                .sum(),
            evicted: ledger.line(Entry::EvictedPackets),
            read: self.read,
            lost: ledger.line(Entry::LostPackets),
            flows_evicted: ledger.line(Entry::EvictedFlows),
            flows_lost: ledger.line(Entry::LostFlows),
        }
    }
}
