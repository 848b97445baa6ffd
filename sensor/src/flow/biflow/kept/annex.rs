//! What only some biflows have: a second end that sent, a verdict that was given up, long addresses.

use sensor_common::application::Application;

use super::KeptBiflow;
use crate::{
    flow::{
        biflow::{Biflow, Half},
        key::{BiflowKey, LongEnds},
        opinion::{Opinion, Reason},
        pool::Pool,
    },
    inventory::DeviceId,
    observation::FlowDelta,
    prefetch::prefetch,
};

/// What a biflow has once its second end sent, or a verdict gave way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    /// Of the other end than that which sent first.
    pub half: Half,
    /// The last opinion of a direction that was given up, and why.
    pub earlier: Option<(Opinion, Reason)>,
}

const _: () = assert!(size_of::<Rest>() == 48);

pub(super) type Rests = Pool<Rest>;

/// Long addresses, in one cache line.
#[repr(align(32))]
#[derive(Clone, Copy, Debug)]
struct Ends(LongEnds);

/// What does not fit with the biflows themselves. A biflow is read and changed through it, as parts of
/// it may lie here.
#[derive(Debug)]
pub(in crate::flow) struct Annex {
    rests: Rests,
    ends: Pool<Ends>,
}

impl Annex {
    pub const fn new() -> Self {
        Self { rests: Pool::new(), ends: Pool::new() }
    }

    /// Begins to keep the biflow of a key, which has this hash: its end `from` began it with `delta`, of
    /// which nothing is counted yet.
    pub fn begin(
        &mut self,
        key: &BiflowKey,
        hash: u32,
        id: u64,
        from: usize,
        delta: &FlowDelta,
    ) -> KeptBiflow {
        let ends = key.short_ends().unwrap_or_else(|| [self.ends.insert(Ends(key.words)), hash]);
        KeptBiflow::new(key, ends, id, from, delta)
    }

    /// Adds what an end of a biflow did.
    #[inline]
    pub fn add(
        &mut self,
        kept: &mut KeptBiflow,
        from: usize,
        delta: &FlowDelta,
        source: Option<DeviceId>,
        destination: Option<DeviceId>,
    ) {
        kept.add(&mut self.rests, from, delta, source, destination);
    }

    /// The ends have agreed on an application: that of both directions.
    pub fn settle_application(&mut self, kept: &mut KeptBiflow, application: Application) {
        let agreed = Opinion::announced(application);
        for end in 0..2 {
            let half = kept.half_mut(&mut self.rests, end);
            if half.opinion.application != application && agreed.outweighs(half.opinion) {
                let before = std::mem::replace(&mut half.opinion, agreed);
                kept.rest_mut(&mut self.rests).earlier = Some((before, Reason::Control));
            }
        }
    }

    /// Marks what [`Biflow::record`] gave as reported; the initiator then stays what it is.
    pub fn mark_recorded(&mut self, kept: &mut KeptBiflow, initiator: usize) {
        kept.marks.settle_initiator(initiator);
        kept.own.forget_counts();
        if let Some(number) = kept.rest() {
            self.rests.get_mut(number).half.forget_counts();
        }
    }

    /// Whether both ends sent something.
    pub fn is_answered(&self, kept: &KeptBiflow) -> bool {
        let other = kept.rest().map(|number| &self.rests.get(number).half);
        kept.own.has_sent() && other.is_some_and(Half::has_sent)
    }

    /// Gives up what there is here of a biflow that is kept no longer.
    pub fn give_up(&mut self, kept: &KeptBiflow) {
        if let Some(number) = kept.rest() {
            self.rests.remove(number);
        }
        if let Some(number) = kept.long_ends() {
            self.ends.remove(number);
        }
    }

    pub fn biflow(&self, kept: &KeptBiflow) -> Biflow {
        kept.biflow(self.ends_of(kept), &self.rests)
    }

    pub fn key(&self, kept: &KeptBiflow) -> BiflowKey {
        kept.key(self.ends_of(kept))
    }

    /// Whether this key, which has this hash, is that of a biflow.
    #[inline]
    pub fn is_of(&self, key: &BiflowKey, hash: u32, kept: &KeptBiflow) -> bool {
        kept.ports == key.ports
            && (kept.network, kept.protocol, kept.encapsulation)
                == (key.network, key.protocol, key.encapsulation)
            && match key.short_ends() {
                Some(ends) => kept.ends == ends,
                None => kept.ends[1] == hash && self.ends.get(kept.ends[0]).0 == key.words,
            }
            && kept.vlans() == key.vlans
    }

    /// Has the processor fetch what there is here of a biflow.
    pub fn expect(&self, kept: &KeptBiflow) {
        if let Some(number) = kept.rest() {
            let rest = self.rests.get(number);
            prefetch(rest);
            prefetch(&rest.earlier);
        }
        if let Some(number) = kept.long_ends() {
            prefetch(self.ends.get(number));
        }
    }

    fn ends_of(&self, kept: &KeptBiflow) -> Option<&LongEnds> {
        kept.long_ends().map(|number| &self.ends.get(number).0)
    }

    /// Octets of memory that was asked for.
    #[cfg(test)]
    pub fn octets(&self) -> usize {
        self.rests.octets() + self.ends.octets()
    }
}
