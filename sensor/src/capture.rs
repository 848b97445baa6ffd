//! Reading a data path: the kernel's maps, or the same code run over a capture file.

pub mod file;
pub mod host;
pub mod reader;
mod sights;
pub mod state;
pub mod ticks;
pub mod totals;
#[expect(unsafe_code, reason = "maps are shared with the kernel; a few calls have no safe form")]
pub mod xdp;

use std::{ops::Range, sync::Arc};

use sensor_common::{
    application::{Application, CAPACITY, Verdict},
    books::{InterfaceRow, Ledger},
    endpoint::{EndpointIndex, EndpointKey, Totals},
    flow::FlowSlot,
    record::{EndpointNotice, Evicted},
    wire::transport::tcp_flags,
};

use crate::observation::PayloadSample;

/// What a glance at a slot tells: whether it must be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glance {
    pub generation: u32,
    pub packets: u64,
    pub footing: Footing,
}

/// What else than its counts decides what is thought of a flow: its application, the evidence, and
/// whether it ever acknowledged anything, which tells that an attempt was answered. When a flow is
/// recognised, or one of the three changes, so does the octet. When another application takes the place
/// of one and the evidence changes with it, it may stay the same: the flow is then read a second later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footing(u8);

/// Numbers of an application with its evidence, a prime, beside that of nothing known.
const KINDS: u16 = 127;
/// How far apart they are with one evidence and with the next.
const STRIDE: u16 = 37;
const _: () = assert!(CAPACITY <= KINDS as u32 && Application::Unknown as u8 == 0);

impl Footing {
    pub fn new(verdict: Verdict, evidence: u8, control_bits: u8) -> Self {
        let is_acknowledged = control_bits & tcp_flags::ACK != 0;
        let kind = match u16::from(verdict.number()) {
            0 => 0,
            application => 1 + (application + STRIDE * u16::from(evidence)) % KINDS,
        };
        Self(kind as u8 | u8::from(is_acknowledged) << 7)
    }

    /// What [`Self::number`] is the number of.
    pub fn from_number(number: u8) -> Self {
        Self(number)
    }

    pub fn number(self) -> u8 {
        self.0
    }

    pub fn of(slot: &FlowSlot) -> Self {
        Self::new(slot.verdict(), slot.tail.evidence, slot.tcp_flags())
    }
}

/// Something announced on the ring of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A flow was opened in the slot at this position.
    Opened(u32),
    Endpoint(EndpointNotice),
    Sample(PayloadSample),
}

/// What one flow has counted that is not in the totals of its endpoints yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unfolded {
    pub source: EndpointIndex,
    pub destination: EndpointIndex,
    /// [`sensor_common::application::Application`] as a number.
    pub application: u8,
    pub totals: Totals,
}

impl Unfolded {
    pub fn of(slot: &FlowSlot) -> Self {
        let (packets, octets) = slot.unfolded();
        Self {
            source: slot.tail.source_endpoint,
            destination: slot.tail.destination_endpoint,
            application: slot.verdict().number(),
            totals: Totals { packets, octets },
        }
    }
}

/// What totals are made of.
pub trait Tallies {
    /// Visits what was folded, by [`sensor_common::endpoint::totals_index`]: every place where that
    /// is not nothing. One may be visited more than once; then the parts are to be added up.
    fn folded(&self, visit: &mut dyn FnMut(u32, Totals));
    /// Visits every flow in the table that has counted something since it was last folded.
    fn unfolded(&self, visit: &mut dyn FnMut(Unfolded));
}

impl<T: Tallies> Tallies for Arc<T> {
    fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
        T::folded(self, visit);
    }

    fn unfolded(&self, visit: &mut dyn FnMut(Unfolded)) {
        T::unfolded(self, visit);
    }
}

/// The state that the program keeps, wherever it runs.
pub trait Datapath {
    /// The tick of the packet path's clock.
    fn now(&self) -> u64;
    /// Slots of the flow table, all CPUs together.
    fn slots(&self) -> u32;
    fn glance(&self, position: u32) -> Glance;
    /// The first of these slots that may have changed since [`Self::settle`] was called for it; the
    /// first, where that is not known. `now` is the tick at which this reading began.
    fn next_stirred(&mut self, slots: Range<u32>, _now: u64) -> Option<u32> {
        (!slots.is_empty()).then_some(slots.start)
    }
    /// Of these slots, of which the first is at a multiple of 256, every one that may have changed was
    /// read, but those in `left`.
    fn settle(&mut self, _slots: Range<u32>, _left: &[u32]) {}
    /// Has the next reading look at every slot: nothing that is known of which changed counts.
    fn doubt_all(&mut self) {}
    /// Has the processor fetch a slot that will be looked at.
    fn expect_slot(&self, _position: u32) {}
    /// A consistent copy of the slot, `None` while it changes hands.
    fn slot(&self, position: u32) -> Option<FlowSlot>;
    /// Visits the flows that lost their slots since the last call.
    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted));
    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice));
    /// Visits every endpoint that has an index, aliases left out.
    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey));
    /// Endpoints that there is room for, those that stand for others included.
    fn endpoint_capacity(&self) -> EndpointIndex;
    /// Rows of every CPU, free ones left out.
    fn interface_rows(&self) -> Vec<InterfaceRow>;
    /// The ledgers of all CPUs added up.
    fn ledger(&self) -> Ledger;
}

#[cfg(test)]
mod tests {
    use sensor_common::application::Evidence;

    use super::*;

    #[test]
    fn what_a_flow_stands_on_is_seen_to_change() {
        let evidences = [Evidence::None, Evidence::Port, Evidence::Likely, Evidence::Confirmed];
        let applications: Vec<Application> =
            (0..CAPACITY).filter_map(|number| Application::from_number(number as u8)).collect();
        let footing = |application: Application, evidence: Evidence, control_bits| {
            Footing::new(Verdict::settled(application), evidence as u8, control_bits)
        };
        let nothing = footing(Application::Unknown, Evidence::None, 0);
        assert!(applications.len() > 60);
        for &application in applications.iter().filter(|known| **known != Application::Unknown) {
            for evidence in evidences {
                let found = footing(application, evidence, 0);
                assert_ne!(found, nothing, "{application:?} is recognised");
                assert_ne!(found, footing(application, evidence, tcp_flags::ACK));
                for &other in applications.iter().filter(|other| **other != application) {
                    assert_ne!(found, footing(other, evidence, 0), "{other:?}");
                }
                for other in evidences.into_iter().filter(|other| *other != evidence) {
                    assert_ne!(found, footing(application, other, 0), "{other:?}");
                }
            }
        }
    }
}
