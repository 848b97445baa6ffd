//! Conversations between the site and what lies outside of it.

use std::net::IpAddr;

use super::{detector::FlowSeen, estate::Estate};
use crate::{
    flow::{FlowRecord, HalfFlow},
    inventory::DeviceId,
};

/// A biflow with one end in the site and one outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The device of the site, if it is known.
    pub device: Option<DeviceId>,
    pub inside: IpAddr,
    pub outside: IpAddr,
    /// Whether the site's end opened it.
    pub is_outward: bool,
    /// By the site's end, and by the other.
    pub sent: HalfFlow,
    pub received: HalfFlow,
}

impl Crossing {
    pub fn of(record: &FlowRecord, estate: &Estate<'_>) -> Option<Self> {
        let (initiator, responder) = (record.initiator?, record.responder?);
        match (estate.is_internal(initiator), estate.is_internal(responder)) {
            (true, false) => Some(Self {
                device: record.initiator_device,
                inside: initiator,
                outside: responder,
                is_outward: true,
                sent: record.forward,
                received: record.reverse,
            }),
            (false, true) => Some(Self {
                device: record.responder_device,
                inside: responder,
                outside: initiator,
                is_outward: false,
                sent: record.reverse,
                received: record.forward,
            }),
            _ => None,
        }
    }
}

/// One direction of a flow that leaves the site or enters it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// The device of the site, if it is known.
    pub device: Option<DeviceId>,
    pub inside: IpAddr,
    pub outside: IpAddr,
    pub is_leaving: bool,
}

impl Passage {
    pub fn of(flow: &FlowSeen<'_>, estate: &Estate<'_>) -> Option<Self> {
        let key = &flow.delta.key;
        let (source, destination) = (key.source_address()?, key.destination_address()?);
        match (estate.is_internal(source), estate.is_internal(destination)) {
            (true, false) => Some(Self {
                device: flow.source,
                inside: source,
                outside: destination,
                is_leaving: true,
            }),
            (false, true) => Some(Self {
                device: flow.destination,
                inside: destination,
                outside: source,
                is_leaving: false,
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::trial::*;

    #[test]
    fn the_site_s_end_is_told_from_the_other_whoever_began() {
        let trial = Trial::nothing();
        let outward = talk("10.20.0.7", "203.0.113.9").octets(100, 900);
        let crossing = trial.crossing(outward).unwrap();
        assert_eq!((crossing.device, crossing.is_outward), (trial.id("10.20.0.7"), true));
        assert_eq!((crossing.sent.octets, crossing.received.octets), (100, 900));
        let inward = talk("203.0.113.9", "10.20.0.7").octets(100, 900);
        let crossing = trial.crossing(inward).unwrap();
        assert_eq!((crossing.device, crossing.is_outward), (trial.id("10.20.0.7"), false));
        assert_eq!((crossing.sent.octets, crossing.received.octets), (900, 100));
    }

    #[test]
    fn what_stays_inside_or_outside_crosses_nothing() {
        let trial = Trial::nothing().internal("192.0.2.0/24");
        for (from, to) in [
            ("10.20.0.7", "10.20.0.8"),
            ("10.20.0.7", "192.0.2.4"),
            ("10.20.0.7", "239.1.1.1"),
            ("203.0.113.9", "198.51.100.2"),
        ] {
            assert_eq!(trial.crossing(talk(from, to)), None, "{from} {to}");
        }
    }
}
