//! What another reader told of flows that are still in the table, so that it is not told again.

use sensor_common::flow::FlowSlot;

use super::{Reader, SWEEPS_TO_CLOSE, Shadow};
use crate::{
    capture::{Datapath, ticks::TickClock},
    observation::{FlowDelta, Observation},
};

/// A flow as far as it was told, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    pub position: u32,
    pub generation: u32,
    /// The tick of its first packet: no flow of other tables has all three.
    pub first_seen: u64,
    pub packets: u64,
    pub octets: u64,
}

/// What a reader leaves to the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Of flows that began before this tick it told what it had read; 0 if there was none.
    pub told_until: u64,
    /// The flows in the table, if it found the time to list them: one that is killed does not.
    pub flows: Vec<Told>,
}

impl Told {
    fn is_of(&self, slot: &FlowSlot) -> bool {
        slot.tail.generation == self.generation && slot.tail.first_seen == self.first_seen
    }
}

impl Past {
    /// What is left of a reader that was killed: the tick of its last reading, and how many ticks a flow
    /// may rest. Flows that began within that time are told again: they cannot have been recorded long
    /// ago, and detections that saw them begin died with it.
    pub fn of_killed(read_at: u64, rest: u64) -> Self {
        Self { told_until: read_at.saturating_sub(rest), flows: Vec::new() }
    }

    /// Whether what is now read of a flow for the first time was told before. Of a flow that was under
    /// way when a reader was killed nobody knows how much; that it is missing from records until the next
    /// packet is better than that days of it are in them twice.
    fn covers(&self, delta: &FlowDelta, clock: &TickClock) -> bool {
        delta.is_new && delta.first_seen < clock.moment(self.told_until)
    }
}

impl Reader {
    /// Takes over what an earlier agent's program left in the maps: endpoints are announced, flows are
    /// reported with what they counted, as far as no other reader did so in the `past`.
    pub fn resume(
        &mut self,
        datapath: &mut impl Datapath,
        past: &Past,
        observation: &mut Observation,
    ) {
        self.recall(datapath, &past.flows);
        self.announce_all(datapath, observation);
        datapath.doubt_all();
        // The books lag behind by a sweep or two; the earlier agent's page must not be ahead of ours.
        for _ in 0..SWEEPS_TO_CLOSE {
            self.sweep(datapath, observation);
        }
        // Ticks begin anew with the machine.
        if past.told_until > datapath.now() {
            return;
        }
        let until = self.clock.moment(past.told_until);
        observation.flows.retain(|delta| {
            let is_covered = past.covers(delta, &self.clock);
            self.cut_short += u64::from(is_covered && delta.last_seen >= until);
            !is_covered
        });
    }

    /// Flows that were under way when a reader was killed, and began before what is told again: what it
    /// had not told of them is told by nobody.
    pub fn cut_short(&self) -> u64 {
        self.cut_short
    }

    /// What the next reader has to know, after a sweep.
    pub fn past(&self, datapath: &impl Datapath) -> Past {
        let told = |(position, shadow): (u32, Shadow)| {
            let slot = datapath.slot(position).filter(|_| shadow.is_live())?;
            let told = Told {
                position,
                generation: shadow.generation,
                first_seen: slot.tail.first_seen,
                packets: shadow.packets,
                octets: shadow.octets,
            };
            told.is_of(&slot).then_some(told)
        };
        Past { told_until: self.read_at, flows: self.shadows.iter().filter_map(told).collect() }
    }

    /// Takes up what was told of flows. A list of other tables, as a single flow in it tells that is
    /// another one in the table, is left alone.
    fn recall(&mut self, datapath: &impl Datapath, flows: &[Told]) {
        let slots = || flows.iter().filter_map(|told| Some((told, datapath.slot(told.position)?)));
        let is_another = |(told, slot): (&Told, FlowSlot)| {
            let later = slot.tail.generation.wrapping_sub(told.generation);
            later > u32::MAX / 2 || (later == 0 && !told.is_of(&slot))
        };
        if slots().any(is_another) || !slots().any(|(told, slot)| told.is_of(&slot)) {
            return;
        }
        // That of a flow is even.
        for told in flows.iter().filter(|told| told.generation % 2 == 0) {
            let shadow = Shadow {
                generation: told.generation,
                packets: told.packets,
                octets: told.octets,
                ..Shadow::default()
            };
            self.shadows.set(told.position, &shadow);
            self.live.count(&shadow);
        }
    }
}
