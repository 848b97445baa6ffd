//! The record of one biflow (RFC 5103), as it is exported when the flow ends.

use std::net::IpAddr;

use sensor_common::flow::{Encapsulation, Network};

use super::opinion::{Opinion, VerdictChange};
use crate::{interpret::FlowDetail, inventory::DeviceId, time::Moment};

/// One direction of a biflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HalfFlow {
    pub packets: u64,
    /// Frame octets, without frame check sequence.
    pub octets: u64,
    pub tcp_flags: u8,
}

/// IPFIX `flowEndReason` (IE 136).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowEndReason {
    /// 1: nothing was seen for the idle timeout.
    IdleTimeout,
    /// 2: reported because it has lasted for the active timeout; it goes on.
    ActiveTimeout,
    /// 3: a TCP connection was closed or reset.
    EndOfFlow,
    /// 4: the agent or the capture ended.
    ForcedEnd,
    /// 5: the table of biflows was full.
    LackOfResources,
}

impl FlowEndReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdleTimeout => "idle_timeout",
            Self::ActiveTimeout => "active_timeout",
            Self::EndOfFlow => "end_of_flow",
            Self::ForcedEnd => "forced_end",
            Self::LackOfResources => "lack_of_resources",
        }
    }
}

/// A biflow; `forward` is the initiator's direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRecord {
    pub id: u64,
    pub network: Network,
    /// In what its frames were carried, if they were.
    pub encapsulation: Option<Encapsulation>,
    pub protocol: u8,
    /// `None` for protocols without network addresses.
    pub initiator: Option<IpAddr>,
    pub responder: Option<IpAddr>,
    pub initiator_port: u16,
    pub responder_port: u16,
    /// Station (MAC) addresses where the flow key holds them.
    pub initiator_station: Option<u64>,
    pub responder_station: Option<u64>,
    pub initiator_device: Option<DeviceId>,
    pub responder_device: Option<DeviceId>,
    /// 0 where there is no such tag.
    pub outer_vlan: u16,
    pub inner_vlan: u16,
    /// Kernel index of the interface on which the first packet came in.
    pub interface: u32,
    pub icmp_type_code: u16,
    pub opinion: Opinion,
    /// The last verdict that was given up.
    pub change: Option<VerdictChange>,
    /// What the flow's own messages say of it.
    pub detail: Option<Box<FlowDetail>>,
    /// Of the first octets of the first payload, keyed; 0 if there was none.
    pub digest: u32,
    pub forward: HalfFlow,
    pub reverse: HalfFlow,
    pub start: Moment,
    pub end: Moment,
    pub end_reason: FlowEndReason,
}
