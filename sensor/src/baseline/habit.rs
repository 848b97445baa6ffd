//! A service as a device's way, and since when it is one.

use std::net::IpAddr;

use sensor_common::application::{Application, Evidence};

use super::Hour;
use crate::flow::FlowRecord;

/// Something that a device does with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Opens conversations with a port of a peer.
    Uses { peer: IpAddr, protocol: u8, port: u16 },
    /// Answers on a port.
    Serves { protocol: u8, port: u16 },
    /// Was recognised to speak an application, on whichever port.
    Speaks(Application),
}

impl Service {
    /// What an answered biflow shows of its initiator, or of its responder.
    pub fn of(record: &FlowRecord, is_responder: bool) -> impl Iterator<Item = Self> + use<> {
        let (protocol, port) = (record.protocol, record.responder_port);
        let dealt = match (is_responder, record.responder) {
            (true, _) => Some(Self::Serves { protocol, port }),
            (false, Some(peer)) => Some(Self::Uses { peer, protocol, port }),
            (false, None) => None,
        };
        let opinion = record.opinion;
        let is_spoken =
            opinion.evidence >= Evidence::Likely && opinion.application != Application::Unknown;
        let spoken = is_spoken.then_some(Self::Speaks(opinion.application));
        // Without ports there is no service, but perhaps an application.
        dealt.filter(|_| port != 0).into_iter().chain(spoken)
    }

    /// The same of any peer: what devices of one role have in common.
    pub fn of_any_peer(self) -> Self {
        match self {
            Self::Uses { protocol, port, .. } => {
                let peer = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
                Self::Uses { peer, protocol, port }
            }
            other => other,
        }
    }
}

/// Days on which a service must be seen before it becomes usual of a device that is known.
const DAYS_TO_BECOME_USUAL: u8 = 3;

/// How often a service was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habit {
    pub first: Hour,
    pub last: Hour,
    /// Different days on which it was seen since it is watched, up to 255.
    pub days: u8,
    /// It was seen while the device was learned, or on days enough since.
    pub is_usual: bool,
}

impl Habit {
    pub fn new(hour: Hour, is_usual: bool) -> Self {
        Self { first: hour, last: hour, days: 1, is_usual }
    }

    pub fn see(&mut self, hour: Hour) {
        if hour / 24 > self.last / 24 {
            self.days = self.days.saturating_add(1);
        }
        self.last = self.last.max(hour);
        self.is_usual |= self.days >= DAYS_TO_BECOME_USUAL;
    }
}
