//! What leaves the pipeline: each event goes to the sinks that want it.

use crate::{
    detect::{Alert, desk},
    flow::FlowRecord,
    inventory::Device,
};

/// Why a device is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChange {
    /// Seen for the first time.
    New,
    /// Something about it became known or changed (name, address, vendor class, router).
    Updated,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    Flow(FlowRecord),
    Device(DeviceChange, Device),
    /// Firing, grown, or resolved, and the device it is about if that is still known.
    Alert(Alert, Option<Device>),
    /// For the store alone.
    Desk(desk::Record),
}
