//! One biflow while it lasts, and the record that is made of it.

mod claim;
mod half;
mod kept;
mod times;

use sensor_common::{
    application::Application,
    flow::Network,
    wire::transport::{protocol, tcp_flags},
};

use self::{claim::Claim, half::Half};
use super::{
    bare,
    key::BiflowKey,
    opinion::{Opinion, Reason, VerdictChange},
    record::{FlowEndReason, FlowRecord},
};
use crate::{observation::FlowDelta, time::Moment};

pub(super) use self::{
    kept::{Annex, BEFORE_HALF, KeptBiflow},
    times::{NEVER, Times},
};

/// What there is to tell of a biflow; a table keeps it as a [`KeptBiflow`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Biflow {
    pub key: BiflowKey,
    pub id: u64,
    pub times: Times,
    halves: [Half; 2],
    /// Which end is the initiator, once a record has said so.
    settled_initiator: Option<usize>,
    /// Of the first octets of the first payload, keyed; 0 if there was none.
    digest: u32,
    /// The last opinion of a direction that was given up, and why.
    earlier: Option<(Opinion, Reason)>,
}

impl Biflow {
    /// The end that was seen to open a TCP connection.
    pub fn opener(&self) -> Option<&Half> {
        self.opening_end().map(|end| &self.halves[end])
    }

    fn opening_end(&self) -> Option<usize> {
        let is_tcp = self.key.protocol == protocol::TCP;
        (0..2).find(|&end| is_tcp && self.halves[end].claim() == Claim::Opened)
    }

    /// Whether something was counted since the last record.
    pub fn has_news(&self) -> bool {
        self.halves.iter().any(|half| half.counted().packets > 0)
    }

    /// Of TCP the end whose first packet says that it began; else whose first packet came first;
    /// within one tick whose first packet says so; else that with the higher port.
    pub fn initiator(&self) -> usize {
        if let Some(end) = self.settled_initiator {
            return end;
        }
        let [a, b] = &self.halves;
        let is_tcp = self.key.protocol == protocol::TCP;
        let (port_a, port_b) = self.key.ports_from(0);
        let second = match (a.has_sent(), b.has_sent()) {
            (true, false) => is_tcp && a.claim() == Claim::Answered,
            (false, true) => !is_tcp || b.claim() != Claim::Answered,
            _ if is_tcp && a.claim() != b.claim() => b.claim() > a.claim(),
            _ if a.first_seen.get() != b.first_seen.get() => {
                b.first_seen.get() < a.first_seen.get()
            }
            _ if a.claim() != b.claim() => b.claim() > a.claim(),
            _ => self.key.network != Network::Link && port_b > port_a,
        };
        usize::from(second)
    }

    /// What was counted since the last record.
    pub fn record(&self, end_reason: FlowEndReason) -> FlowRecord {
        let initiator = self.initiator();
        let (forward, reverse) = (&self.halves[initiator], &self.halves[1 - initiator]);
        let first = if forward.has_sent() { forward } else { reverse };
        let opinion = match best_opinion(forward, reverse) {
            unmarked if unmarked.application == Application::Unknown => {
                self.by_port().unwrap_or(unmarked)
            }
            marked => marked,
        };
        let (initiator_port, responder_port) = self.key.ports_from(initiator);
        FlowRecord {
            id: self.id,
            network: self.key.network,
            encapsulation: self.key.encapsulation,
            protocol: self.key.protocol,
            initiator: self.key.address(initiator),
            responder: self.key.address(1 - initiator),
            initiator_port,
            responder_port,
            initiator_station: forward.station(),
            responder_station: reverse.station(),
            initiator_device: forward.device(),
            responder_device: reverse.device(),
            outer_vlan: first.outer_vlan,
            inner_vlan: first.inner_vlan,
            interface: first.interface,
            icmp_type_code: first.icmp_type_code,
            opinion,
            change: self.earlier.map(|(from, reason)| VerdictChange {
                from: (from.application, from.evidence),
                to: (opinion.application, opinion.evidence),
                reason,
            }),
            detail: None,
            digest: self.digest,
            forward: forward.counted(),
            reverse: reverse.counted(),
            start: Moment::from_micros(self.times.start),
            end: Moment::from_micros(self.times.last_seen),
            end_reason,
        }
    }

    /// Of a connection without a marker, what its port says, if it stood. The port of an end that
    /// was seen to open it was drawn at random.
    fn by_port(&self) -> Option<Opinion> {
        let [a, b] = self.halves.each_ref().map(|half| half.tcp_flags);
        let ports = match self.opening_end() {
            Some(end) => (0, self.key.ports_from(end).1),
            None => self.key.ports_from(0),
        };
        let found = bare::by_port(self.key.protocol, ports, [a, b])?;
        Some(Opinion::of_packet_path(found.application, found.evidence))
    }
}

/// Whether a flow's first packet opens a TCP connection or answers one that opens.
pub(super) fn begins_connection(delta: &FlowDelta) -> bool {
    delta.is_new
        && delta.key.protocol() == protocol::TCP
        && delta.first_tcp_flags & tcp_flags::SYN != 0
}

/// Between equals the initiator's word counts.
fn best_opinion(forward: &Half, reverse: &Half) -> Opinion {
    if reverse.opinion.outweighs(forward.opinion) { reverse.opinion } else { forward.opinion }
}
