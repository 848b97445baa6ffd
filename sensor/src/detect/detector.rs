//! What a detector is: records and messages in, findings out. It reads no clock, keeps bounded
//! state, and counts what found no room in it.

use std::{fmt, sync::Arc};

use super::{
    estate::Estate, finding::Findings, indicators::Indicators, interest::Interest, opening::Part,
};
use crate::{
    event::DeviceChange,
    flow::FlowRecord,
    interpret::Message,
    inventory::{Device, DeviceId},
    observation::FlowDelta,
    time::Moment,
};

/// What one flow did since the last reading, and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct FlowSeen<'a> {
    pub delta: &'a FlowDelta,
    /// The devices at both ends, as far as they are known.
    pub source: Option<DeviceId>,
    pub destination: Option<DeviceId>,
    /// The part that the source plays.
    pub part: Part,
}

/// A message that was sampled, and who sent it to whom.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    pub message: &'a Message,
    pub key: &'a sensor_common::flow::FlowKey,
    /// The sender's station address, 48 bits.
    pub station: u64,
    pub source: Option<DeviceId>,
    pub destination: Option<DeviceId>,
    pub at: Moment,
}

/// One detection at work. What it does not override it does not look at.
pub trait Detector: fmt::Debug + Send {
    /// Of which flows it wants to be told; it may be told of others.
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    /// One direction of a flow was seen, for the first time or again.
    fn observe_flow(&mut self, _flow: &FlowSeen<'_>, _estate: &Estate<'_>, _: &mut Findings) {}

    /// A biflow has ended, or has lasted for the active timeout.
    fn observe_record(&mut self, _record: &FlowRecord, _estate: &Estate<'_>, _: &mut Findings) {}

    fn observe_message(&mut self, _heard: &Heard<'_>, _estate: &Estate<'_>, _: &mut Findings) {}

    fn observe_device(
        &mut self,
        _change: DeviceChange,
        _device: &Device,
        _estate: &Estate<'_>,
        _: &mut Findings,
    ) {
    }

    /// Takes the indicators of compromise, in place of those that it had.
    fn take_indicators(&mut self, _: &Arc<Indicators>) {}

    /// Lets time pass; called once a step, after everything of the step was observed.
    fn advance(&mut self, _now: Moment, _estate: &Estate<'_>, _: &mut Findings) {}

    /// How often something found no room.
    fn overflowed(&self) -> u64 {
        0
    }
}
