//! Payload packets by flow.

use std::collections::BTreeMap;
use std::net::IpAddr;

use sensor_common::application::Context;
use sensor_common::dissect::{Dissection, dissect};
use sensor_common::laws::{Dialogue, Saying};
use sensor_common::wire::transport::protocol::{TCP, UDP};
use tests::frames::Side;
use tests::speakers::repertoire::{Saying as Generated, Transport};

/// Payload packets kept of a flow: the first, and some from mid-stream.
const PAYLOADS: usize = 24;

type End = (IpAddr, u16);

/// A flow, whichever of its directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    protocol: u8,
    lower: End,
    upper: End,
}

impl Flow {
    pub fn between(protocol: u8, one: End, other: End) -> Self {
        Self { protocol, lower: one.min(other), upper: one.max(other) }
    }
}

#[derive(Default)]
pub struct Conversations {
    by_flow: BTreeMap<Flow, Dialogue>,
}

impl Conversations {
    pub fn add(&mut self, frame: &[u8]) {
        let mut found = Dissection::default();
        if dissect(frame, 1, &mut found).is_err() || found.payload_length == 0 {
            return;
        }
        let key = &found.key;
        let (Some(source), Some(destination)) = (key.source_address(), key.destination_address())
        else {
            return;
        };
        let end = found.payload_offset + found.payload_length;
        let Some(payload) = frame.get(found.payload_offset..end) else { return };
        let context = Context::of(key);
        if context.protocol != TCP && context.protocol != UDP {
            return;
        }
        let one = (source, context.source_port);
        let other = (destination, context.destination_port);
        let flow = Flow::between(context.protocol, one, other);
        let dialogue = self.by_flow.entry(flow).or_insert_with(|| Dialogue {
            opener: context,
            answerer_address: key.destination_words()[1] as u32,
            sayings: Vec::new(),
        });
        if dialogue.sayings.len() < PAYLOADS {
            let is_answer = context != dialogue.opener;
            dialogue.sayings.push(Saying { is_answer, octets: payload.to_vec() });
        }
    }
}

impl IntoIterator for Conversations {
    type Item = (Flow, Dialogue);
    type IntoIter = std::collections::btree_map::IntoIter<Flow, Dialogue>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_flow.into_iter()
    }
}

/// What the laboratory's speakers say. The first word of its name is the label.
pub fn generated(saying: &Generated) -> (&'static str, Dialogue) {
    let label = saying.name.split(' ').next().unwrap_or_default();
    let protocol = match saying.transport {
        Transport::Tcp => TCP,
        Transport::Udp => UDP,
    };
    let opener = Context {
        protocol,
        source_port: 50_001,
        destination_port: saying.port,
        source_address: 0x0a01_0203,
    };
    let is_answer = saying.speaker == Side::Server;
    let sayings = vec![Saying { is_answer, octets: saying.octets.clone() }];
    (label, Dialogue { opener, answerer_address: 0x0a01_0204, sayings })
}
