//! What was not classified, or by its port alone: the commonest kinds, so that somebody can say
//! what they are.
//!
//! A kind is a transport, a port and the digest of the first octets of payload; the octets
//! themselves are not here, and cannot be found from the digest. The table is bounded: a kind that
//! finds it full takes the place of the one with the fewest flows and inherits its count as an error
//! (the "space saving" sketch of Metwally, Agrawal and El Abbadi, 2005), so common kinds are never
//! missed.

use std::collections::BTreeSet;

use sensor_common::application::{Application, Evidence};

use super::{FlowEndReason, FlowRecord};
use crate::{hash::HashMap, inventory::DeviceId, time::Moment};

/// Kinds that are held.
const CAPACITY: usize = 1024;
/// Devices that are named of a kind.
const DEVICES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KindKey {
    /// IP protocol number.
    pub protocol: u8,
    /// The responder's port.
    pub port: u16,
    /// Of the first octets of payload, keyed.
    pub digest: u32,
}

/// Flows of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    pub flows: u64,
    /// Of `flows`, at most so many were another kind's.
    pub error: u64,
    pub octets: u64,
    /// What the port suggests.
    pub guess: Application,
    /// Responders' devices, the first that were seen.
    pub devices: BTreeSet<DeviceId>,
    pub last_seen: Moment,
}

#[derive(Clone, Debug, Default)]
pub struct Unclassified {
    kinds: HashMap<KindKey, Kind>,
    flows: u64,
    octets: u64,
}

impl Unclassified {
    /// Takes a record in if it had payload, and no application that its own octets show. What carried
    /// nothing is no riddle.
    pub fn observe(&mut self, record: &FlowRecord) {
        if record.opinion.evidence > Evidence::Port || record.digest == 0 {
            return;
        }
        let octets = record.forward.octets + record.reverse.octets;
        // A flow that goes on is counted when it ends.
        let flows = u64::from(record.end_reason != FlowEndReason::ActiveTimeout);
        self.flows += flows;
        self.octets += octets;
        let key = KindKey {
            protocol: record.protocol,
            port: record.responder_port,
            digest: record.digest,
        };
        let error = if self.kinds.contains_key(&key) { 0 } else { self.make_room() };
        let kind = self.kinds.entry(key).or_insert_with(|| Kind {
            flows: error,
            error,
            guess: record.opinion.application,
            ..Kind::default()
        });
        kind.flows += flows;
        kind.octets += octets;
        kind.last_seen = kind.last_seen.max(record.end);
        if let Some(device) = record.responder_device
            && kind.devices.len() < DEVICES
        {
            kind.devices.insert(device);
        }
    }

    /// Gives up the rarest kind if the table is full; its flows.
    fn make_room(&mut self) -> u64 {
        if self.kinds.len() < CAPACITY {
            return 0;
        }
        let rarest = self.kinds.iter().min_by_key(|(key, kind)| (kind.flows, **key));
        let Some((&key, _)) = rarest else { return 0 };
        self.kinds.remove(&key).map_or(0, |kind| kind.flows)
    }

    /// All such flows, and their octets.
    pub fn totals(&self) -> (u64, u64) {
        (self.flows, self.octets)
    }

    /// The kinds with the most flows, the commonest first.
    pub fn commonest(&self, most: usize) -> Vec<(KindKey, &Kind)> {
        let mut kinds: Vec<_> = self.kinds.iter().map(|(key, kind)| (*key, kind)).collect();
        kinds.sort_by_key(|(key, kind)| (std::cmp::Reverse(kind.flows), *key));
        kinds.truncate(most);
        kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{Opinion, fixture::record};

    fn unknown(port: u16, digest: u32) -> FlowRecord {
        FlowRecord { responder_port: port, digest, opinion: Opinion::default(), ..record() }
    }

    #[test]
    fn kinds_are_told_by_port_and_digest_and_counted() {
        let mut unclassified = Unclassified::default();
        for _ in 0..3 {
            unclassified.observe(&unknown(4001, 7));
        }
        unclassified.observe(&unknown(4001, 8));
        let commonest = unclassified.commonest(10);
        assert_eq!(commonest.len(), 2);
        assert_eq!((commonest[0].0.digest, commonest[0].1.flows), (7, 3));
        assert_eq!(unclassified.totals().0, 4);
    }

    #[test]
    fn what_its_octets_show_is_not_listed_and_what_the_port_suggests_is() {
        let mut unclassified = Unclassified::default();
        let told = |evidence| FlowRecord {
            opinion: Opinion::of_packet_path(Application::Http, evidence),
            ..unknown(80, 1)
        };
        unclassified.observe(&told(Evidence::Likely));
        unclassified.observe(&unknown(445, 0));
        assert_eq!(unclassified.totals().0, 0);
        unclassified.observe(&told(Evidence::Port));
        assert_eq!(unclassified.commonest(1)[0].1.guess, Application::Http);
    }

    #[test]
    fn a_flood_of_kinds_is_bounded_and_does_not_hide_a_common_one() {
        let mut unclassified = Unclassified::default();
        for round in 0..20_000_u32 {
            unclassified.observe(&unknown(9, 1_000_000 + round));
            if round % 10 == 0 {
                unclassified.observe(&unknown(4001, 7));
            }
        }
        assert_eq!(unclassified.kinds.len(), CAPACITY);
        let (key, kind) = unclassified.commonest(1)[0];
        assert_eq!(key.port, 4001);
        assert!(kind.flows - kind.error <= 2000 && kind.flows >= 2000);
        assert_eq!(unclassified.totals().0, 22_000);
    }
}
