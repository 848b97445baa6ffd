//! What a data path tells the pipeline at one reading: the seam between live traffic and a replay.

use sensor_common::{
    application::{Application, Change, Identification},
    endpoint::{EndpointIndex, EndpointKey},
    flow::FlowKey,
};

use crate::{flow::Opinion, time::Moment};

/// What one flow (one direction, one observation point) did since the last reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowDelta {
    pub key: FlowKey,
    pub source_endpoint: EndpointIndex,
    pub destination_endpoint: EndpointIndex,
    /// Counted since the last reading.
    pub packets: u64,
    pub octets: u64,
    /// Every TCP control bit seen since the flow was opened.
    pub tcp_flags: u8,
    /// TCP control bits of the first packet.
    pub first_tcp_flags: u8,
    /// ICMP type and code of the first packet.
    pub icmp_type_code: u16,
    pub opinion: Opinion,
    /// What was thought before, [`Application::Unknown`] if nothing was, and why it was given up.
    pub earlier: Identification,
    pub change: Change,
    /// Of the first octets of payload, keyed; 0 if there was none.
    pub digest: u32,
    /// First packet of the flow, and the last one so far.
    pub first_seen: Moment,
    pub last_seen: Moment,
    /// Whether this is the first delta of the flow.
    pub is_new: bool,
}

/// An endpoint was seen for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointSeen {
    pub index: EndpointIndex,
    pub key: EndpointKey,
    /// Kernel interface index, 0 if not known.
    pub interface: u32,
    pub at: Moment,
}

/// The beginning of one payload, to be read for what it says of a device and then forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadSample {
    pub key: FlowKey,
    /// The sender's station (MAC) address, 48 bits.
    pub station: u64,
    pub application: Application,
    /// TCP sequence number of the first octet, else 0.
    pub sequence: u32,
    pub octets: bytes::Bytes,
    /// Octets of the whole payload in its packet.
    pub payload_length: u16,
    pub at: Moment,
}

/// One reading, in the order in which the parts are to be applied.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    pub endpoints: Vec<EndpointSeen>,
    pub samples: Vec<PayloadSample>,
    pub flows: Vec<FlowDelta>,
}

impl Observation {
    pub fn clear(&mut self) {
        self.endpoints.clear();
        self.samples.clear();
        self.flows.clear();
    }
}
