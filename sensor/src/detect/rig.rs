//! One detector among devices of tests: what it hears, and what it finds.

use super::{
    Finding, FlowSeen, Heard,
    detections::Detection,
    fixture::{Draft, device, seconds, tcp, udp},
    opening::part,
    testbed::Testbed,
};
use crate::{
    flow::FlowRecord,
    interpret::{
        FlowDetail, Message,
        message::{DnsMessage, DnsQuestion, Smb1Message, Smb2Message},
    },
    inventory::DeviceId,
};

/// Devices 1 to 99 are known.
const DEVICES: u32 = 99;

pub struct Rig(Testbed);

impl Rig {
    pub fn new(detection: Detection) -> Self {
        let mut bed = Testbed::new(&detection, &[]);
        bed.know((1..=DEVICES).map(device).collect());
        Self(bed)
    }

    /// A message from one device's port to another's.
    pub fn hear(&mut self, from: (u32, u16), to: (u32, u16), at: f64, message: Message) {
        let is_datagram = [from.1, to.1].contains(&53);
        let draft = if is_datagram { udp } else { tcp };
        let Draft { delta } = draft(from.0, to.0, from.1, to.1);
        self.0.message(&Heard {
            message: &message,
            key: &delta.key,
            station: delta.key.source_station().unwrap_or(0),
            source: Some(DeviceId(from.0)),
            destination: Some(DeviceId(to.0)),
            at: seconds(at),
        });
    }

    pub fn flow(&mut self, from: u32, to: u32, draft: Draft) {
        self.0.flow(&FlowSeen {
            delta: &draft.delta,
            source: Some(DeviceId(from)),
            destination: Some(DeviceId(to)),
            part: part(&draft.delta),
        });
    }

    pub fn record(&mut self, record: &FlowRecord) {
        self.0.record(record);
    }

    /// What was found since the last call, after time has passed to `at`.
    pub fn found(&mut self, at: f64) -> Vec<Finding> {
        self.0.advance(at);
        self.0.found()
    }
}

/// A request of SMB 1.
pub fn smb1(command: u8) -> Smb1Message {
    Smb1Message {
        command,
        is_reply: false,
        status: 0,
        flags2: 0xc007,
        tree: 2048,
        process: 65_279,
        user: 2048,
        multiplex: 64,
        words: 0,
        subcommand: None,
        counts: None,
        is_guest: None,
    }
}

/// A request of SMB 2.
pub fn smb2(command: u16) -> Smb2Message {
    Smb2Message {
        command,
        is_reply: false,
        status: 0,
        message_id: 7,
        tree: Some(5),
        session: 9,
        is_compound: false,
        request: None,
        is_guest: None,
    }
}

/// A query.
pub fn dns_query(name: &str, record_type: u16) -> Message {
    Message::Dns(DnsMessage {
        is_response: false,
        operation: 0,
        response_code: 0,
        length: 60,
        answers: 0,
        question: Some(DnsQuestion { name: name.to_owned(), record_type }),
    })
}

/// A response to [`dns_query`].
pub fn dns_response(name: &str, record_type: u16, response_code: u8) -> Message {
    let Message::Dns(query) = dns_query(name, record_type) else { unreachable!() };
    Message::Dns(DnsMessage { is_response: true, response_code, ..query })
}

/// A bind of DCE/RPC.
pub fn rpc_bind(interface: &str) -> Message {
    let rpc_interfaces = vec![interface.to_owned()];
    Message::Detail(Box::new(FlowDetail { rpc_interfaces, ..FlowDetail::default() }))
}
