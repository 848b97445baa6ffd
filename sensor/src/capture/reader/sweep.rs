//! Reading the whole table: at once, or in parts, so that whoever reads it has time for other things.

use std::ops::Range;

use sensor_common::books::Entry;

use super::{FlowBooks, Reader, shadow::Eighth};
use crate::{capture::Datapath, observation::Observation};

/// Slots that are fetched from memory together.
const AT_ONCE: usize = 64;
/// Parts of the table begin at multiples of so many slots.
const STEP: u32 = 256;

/// A sweep that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    /// The tick at which it began.
    began: u64,
    /// The first slot that was not read.
    next: u32,
}

impl Reader {
    /// Reads the rings, then every slot that changed.
    pub fn sweep(&mut self, datapath: &mut impl Datapath, observation: &mut Observation) {
        self.sweep_all(datapath, observation, true);
    }

    /// Reads the rings, then every slot of which there is more to say than that its flow has grown a
    /// little in the second since it was read: most flows that last are read once a second, however
    /// often this is called.
    pub fn skim(&mut self, datapath: &mut impl Datapath, observation: &mut Observation) {
        self.sweep_all(datapath, observation, false);
    }

    /// The same of a part of the table, and of the next part with the next call: `share` is how much of
    /// the table is to be done by now, from 0 to 1. Tells whether the table was read to its end; then
    /// the next call begins anew.
    pub fn skim_to(
        &mut self,
        share: f64,
        datapath: &mut impl Datapath,
        observation: &mut Observation,
    ) -> bool {
        let slots = datapath.slots();
        let sweep = match self.under_way {
            Some(sweep) => {
                self.drain(datapath, observation);
                sweep
            }
            None => self.begin_sweep(datapath, observation),
        };
        let goal = (f64::from(slots) * share) as u32;
        let end = goal.max(sweep.next).checked_next_multiple_of(STEP).unwrap_or(slots).min(slots);
        self.read_slots(sweep.next..end, datapath, observation, false);
        let sweep = Sweep { next: end, ..sweep };
        self.under_way = (end < slots).then_some(sweep);
        if end == slots {
            self.end_sweep(sweep);
        }
        end == slots
    }

    fn sweep_all(
        &mut self,
        datapath: &mut impl Datapath,
        observation: &mut Observation,
        is_whole: bool,
    ) {
        if self.under_way.is_some() {
            // Of what it did not read nobody would know what became of records that were lost.
            self.skim_to(1.0, datapath, observation);
        }
        let sweep = self.begin_sweep(datapath, observation);
        self.read_slots(0..datapath.slots(), datapath, observation, is_whole);
        self.end_sweep(sweep);
    }

    fn begin_sweep(
        &mut self,
        datapath: &mut impl Datapath,
        observation: &mut Observation,
    ) -> Sweep {
        self.earlier_ledger = std::mem::replace(&mut self.ledger, datapath.ledger());
        self.overdue = std::mem::take(&mut self.missing);
        self.drain(datapath, observation);
        for (_, shadow) in self.overdue.drain() {
            self.recovered_packets += shadow.packets;
            self.recovered_octets += shadow.octets;
        }
        Sweep { began: datapath.now(), next: 0 }
    }

    fn read_slots(
        &mut self,
        slots: Range<u32>,
        datapath: &mut impl Datapath,
        observation: &mut Observation,
        is_whole: bool,
    ) {
        let now = datapath.now();
        let eighth = Eighth::of(now, self.clock.per_second());
        let mut left = std::mem::take(&mut self.left);
        let mut stirred = Vec::with_capacity(AT_ONCE);
        let mut rest = slots.clone();
        while !rest.is_empty() {
            while stirred.len() < AT_ONCE && !rest.is_empty() {
                let Some(position) = datapath.next_stirred(rest.clone(), now) else {
                    rest.start = rest.end;
                    break;
                };
                rest.start = position + 1;
                datapath.expect_slot(position);
                self.shadows.expect(position);
                stirred.push(position);
            }
            for position in stirred.drain(..) {
                let glance = datapath.glance(position);
                let shadow = self.shadows.get(position).unwrap_or_default();
                if glance.generation == 0 || !shadow.has_changed(&glance) {
                    continue;
                }
                let is_due = is_whole || shadow.is_due(&glance, eighth);
                match is_due.then(|| datapath.slot(position)).flatten() {
                    Some(slot) => self.take_slot(position, &slot, now, observation),
                    None => left.push(position),
                }
            }
        }
        datapath.settle(slots, &left);
        left.clear();
        self.left = left;
        self.announce_strangers(datapath, observation);
    }

    /// Adds up the fates of frames.
    ///
    /// What was evicted is as of the sweep's beginning, so a flow is not also among the live ones;
    /// what was lost is as of the sweep before, by now known to be lost or seen. Either may lag
    /// behind for a sweep, neither runs ahead, and no number falls.
    fn end_sweep(&mut self, sweep: Sweep) {
        self.read_at = sweep.began;
        let live = self.live;
        let counted = |live, evicted, recovered| live + self.ledger.line(evicted) + recovered;
        let lost = |entry, recovered| self.earlier_ledger.line(entry).saturating_sub(recovered);
        let now = FlowBooks {
            counted_packets: counted(
                live.counted_packets,
                Entry::EvictedPackets,
                self.recovered_packets,
            ),
            counted_octets: counted(
                live.counted_octets,
                Entry::EvictedOctets,
                self.recovered_octets,
            ),
            lost_packets: lost(Entry::LostPackets, self.recovered_packets),
            lost_octets: lost(Entry::LostOctets, self.recovered_octets),
            live_flows: live.live_flows,
        };
        let before = self.books;
        self.books = FlowBooks {
            counted_packets: now.counted_packets.max(before.counted_packets),
            counted_octets: now.counted_octets.max(before.counted_octets),
            lost_packets: now.lost_packets.max(before.lost_packets),
            lost_octets: now.lost_octets.max(before.lost_octets),
            live_flows: now.live_flows,
        };
    }
}
