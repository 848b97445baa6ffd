//! Which rules a reading of a flow can concern, by what is known of it at once: its protocol, and
//! whether it was read before. Most rules are about one protocol, and about flows that begin.

use crate::{
    detect::threshold::{Metric, Protocol, Threshold},
    observation::FlowDelta,
};

/// Protocols that rules tell apart, and all others.
const PROTOCOLS: usize = Protocol::ALL.len() + 1;

/// The places of rules, in their order, by kind of reading.
#[derive(Debug, Default)]
pub(super) struct Plan([Vec<usize>; 2 * PROTOCOLS]);

impl Plan {
    pub fn of(rules: &[Threshold]) -> Self {
        let mut plan = Self::default();
        for protocol in Protocol::ALL.into_iter().map(Some).chain([None]) {
            for is_new in [false, true] {
                let concerned = |(_, rule): &(usize, &Threshold)| concerns(rule, protocol, is_new);
                let places = rules.iter().enumerate().filter(concerned).map(|(place, _)| place);
                plan.0[kind(protocol, is_new)] = places.collect();
            }
        }
        plan
    }

    /// A number for all readings that concern the same rules.
    pub fn kind(delta: &FlowDelta) -> usize {
        kind(Protocol::of(&delta.key), delta.is_new)
    }

    pub fn rules(&self, kind: usize) -> &[usize] {
        &self.0[kind]
    }
}

fn kind(protocol: Option<Protocol>, is_new: bool) -> usize {
    let protocol = protocol.map_or(Protocol::ALL.len(), |protocol| protocol as usize);
    protocol * 2 + usize::from(is_new)
}

/// Whether a reading of this kind may change a window of the rule.
fn concerns(rule: &Threshold, protocol: Option<Protocol>, is_new: bool) -> bool {
    let is_of_protocol = rule.filter.protocol.is_none_or(|wanted| Some(wanted) == protocol);
    is_of_protocol
        && match rule.metric {
            Metric::PacketRate | Metric::OctetRate | Metric::SynRate | Metric::Silence => true,
            Metric::NewFlowRate | Metric::InvalidOpenings => is_new,
            // An attempt that failed until now may be answered.
            Metric::DistinctPeers
            | Metric::DistinctDestinationPorts
            | Metric::DistinctSourcePorts => is_new || rule.failed,
            Metric::HalfOpenRate | Metric::HalfOpenShare => false,
        }
}
