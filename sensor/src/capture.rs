//! Reading a data path: the kernel's maps, or the same code run over a capture file.

pub mod file;
pub mod host;
pub mod reader;
pub mod state;
pub mod ticks;
pub mod totals;
#[expect(unsafe_code, reason = "maps are shared with the kernel; a few calls have no safe form")]
pub mod xdp;

use sensor_common::{
    application::Verdict,
    books::{InterfaceRow, Ledger},
    endpoint::{EndpointIndex, EndpointKey, Totals},
    flow::FlowSlot,
    record::{EndpointNotice, Evicted},
    wire::transport::tcp_flags,
};

use crate::observation::PayloadSample;

/// What a glance at a slot tells: whether it must be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    pub generation: u32,
    pub packets: u64,
    pub footing: Footing,
}

/// What else than its counts decides what is thought of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footing {
    application: u8,
    evidence: u8,
    /// Whether it ever acknowledged anything: an attempt that did was answered.
    is_acknowledged: bool,
}

impl Footing {
    pub fn new(verdict: Verdict, evidence: u8, control_bits: u8) -> Self {
        let is_acknowledged = control_bits & tcp_flags::ACK != 0;
        Self { application: verdict.number(), evidence, is_acknowledged }
    }

    pub fn of(slot: &FlowSlot) -> Self {
        Self::new(slot.verdict(), slot.tail.evidence, slot.tcp_flags())
    }
}

/// Something announced on the ring of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A flow was opened in the slot at this position.
    Opened(u32),
    Endpoint(EndpointNotice),
    Sample(PayloadSample),
}

/// The state that the program keeps, wherever it runs.
pub trait Datapath {
    /// The tick of the packet path's clock.
    fn now(&self) -> u64;
    /// Slots of the flow table, all CPUs together.
    fn slots(&self) -> u32;
    fn glance(&self, position: u32) -> Glance;
    /// The first slot from `from` on that may have changed since [`Self::settle`] was called last; the
    /// first, where that is not known.
    fn next_stirred(&self, from: u32) -> Option<u32> {
        (from < self.slots()).then_some(from)
    }
    /// Every slot that may have changed was read, but those in `left`.
    fn settle(&mut self, _left: &[u32]) {}
    /// A consistent copy of the slot, `None` while it changes hands.
    fn slot(&self, position: u32) -> Option<FlowSlot>;
    /// Visits the flows that lost their slots since the last call.
    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted));
    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice));
    /// Visits every endpoint that has an index, aliases left out.
    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey));
    /// What was folded, by [`sensor_common::endpoint::totals_index`]; nothing beyond its end.
    fn folded(&self, into: &mut Vec<Totals>);
    /// Rows of every CPU, free ones left out.
    fn interface_rows(&self) -> Vec<InterfaceRow>;
    /// The ledgers of all CPUs added up.
    fn ledger(&self) -> Ledger;
}
