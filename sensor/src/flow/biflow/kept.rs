//! Biflows as a table keeps them: a million of them are to fit in 136 MiB, with what finds their
//! deadlines. What only some have lies in an [`Annex`].

mod annex;
mod marks;

use std::mem::offset_of;

use sensor_common::{
    endpoint::mapped_ipv4,
    flow::{Encapsulation, Network},
    wire::transport::{protocol, tcp_flags},
};

use self::{
    annex::{Rest, Rests},
    marks::{Mark, Marks},
};
use super::{
    Biflow, Claim, Half,
    half::device_number,
    times::{KeptTimes, Times},
};
use crate::{
    flow::{
        key::{BiflowKey, LongEnds, has_short_addresses},
        packed::Packed,
    },
    inventory::DeviceId,
    observation::FlowDelta,
    prefetch::prefetch,
};

pub(in crate::flow) use self::annex::Annex;

/// What each biflow has: first what is asked of all that are looked at, then what is written with a
/// packet.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(in crate::flow) struct KeptBiflow {
    /// The IPv4 addresses; of networks with longer ones, their number in the annex and the key's hash, so
    /// that they are looked at when they are the ones.
    ends: [u32; 2],
    ports: [u16; 2],
    marks: Marks,
    protocol: u8,
    network: Network,
    encapsulation: Option<Encapsulation>,
    times: KeptTimes,
    /// Of the end that sent first.
    own: Half,
    /// The number of the rest, if there is one; else the other end's device.
    other: u32,
    /// Of the first octets of the first payload, keyed; 0 if there was none.
    digest: u32,
    /// The other end's station, if there is no rest.
    other_station: Packed<6>,
    /// A million new flows a second have numbers for nine years.
    id: Packed<6>,
}

/// Octets before the half: with three numbers of the slot before them a cache line.
pub(in crate::flow) const BEFORE_HALF: usize = offset_of!(KeptBiflow, own);

const _: () = assert!(size_of::<KeptBiflow>() == 116);

impl KeptBiflow {
    /// A biflow that the end `from` begins with `delta`, of which nothing is counted yet.
    fn new(key: &BiflowKey, ends: [u32; 2], id: u64, from: usize, delta: &FlowDelta) -> Self {
        // A flow that goes on after its biflow ended began at an unknown moment since then.
        let start = if delta.is_new { delta.first_seen } else { delta.last_seen };
        let mut marks = Marks::default();
        marks.set(Mark::OwnIsSecond, from == 1);
        marks.set(Mark::HasVlans, key.vlans != 0);
        Self {
            ends,
            ports: key.ports,
            marks,
            protocol: key.protocol,
            network: key.network,
            encapsulation: key.encapsulation,
            times: Times::new(start.as_micros(), delta.last_seen.as_micros()).kept(),
            own: Half::default(),
            other: 0,
            digest: 0,
            other_station: Packed::default(),
            id: Packed::of(id),
        }
    }

    /// Adds what an end did.
    fn add(
        &mut self,
        rests: &mut Rests,
        from: usize,
        delta: &FlowDelta,
        source: Option<DeviceId>,
        destination: Option<DeviceId>,
    ) {
        if delta.is_new && self.marks.initiator().is_none() {
            self.times.begin_by(delta.first_seen);
        }
        self.times.see(delta.last_seen);
        let half = self.half_mut(rests, from);
        half.add(delta);
        if source.is_some() {
            half.set_device(source);
        }
        if let Some(earlier) = half.consider(delta) {
            self.rest_mut(rests).earlier = Some(earlier);
        }
        if self.digest == 0 {
            self.digest = delta.digest;
        }
        self.add_to_other(rests, 1 - from, delta, destination);
        if self.protocol == protocol::TCP {
            self.follow_connection(rests);
        }
    }

    /// Looks whether a TCP connection is opened or closed.
    fn follow_connection(&mut self, rests: &Rests) {
        let other = self.rest().map(|number| &rests.get(number).half);
        let (sent, received) = (self.own.trusted_flags(), other.map_or(0, Half::trusted_flags));
        if (sent | received) & tcp_flags::RST != 0 || sent & received & tcp_flags::FIN != 0 {
            self.times.close();
        }
        let is_opened = [Some(&self.own), other]
            .into_iter()
            .flatten()
            .any(|half| half.claim() == Claim::Opened);
        self.marks.set(Mark::AwaitsOutcome, is_opened && !self.marks.has(Mark::HadOutcome));
    }

    /// Adds what is known of the end to which the frames went.
    fn add_to_other(
        &mut self,
        rests: &mut Rests,
        end: usize,
        delta: &FlowDelta,
        device: Option<DeviceId>,
    ) {
        // Until it answers: where the frames for it were sent.
        let station = delta.key.destination_station();
        if end != self.own_end() && !self.marks.has(Mark::HasRest) {
            if device.is_some() {
                self.other = device_number(device);
            }
            self.other_station = Packed::of(station.unwrap_or(0));
            return;
        }
        let half = self.half_mut(rests, end);
        if device.is_some() {
            half.set_device(device);
        }
        if !half.has_sent() {
            half.set_station(station);
        }
    }

    fn biflow(&self, ends: Option<&LongEnds>, rests: &Rests) -> Biflow {
        let [own, other] = self.halves(rests);
        Biflow {
            key: self.key(ends),
            id: self.id.get(),
            times: self.times(),
            halves: if self.own_end() == 0 { [own, other] } else { [other, own] },
            settled_initiator: self.marks.initiator(),
            digest: self.digest,
            earlier: self.rest().and_then(|number| rests.get(number).earlier),
        }
    }

    /// The key, of which the addresses may lie elsewhere.
    fn key(&self, ends: Option<&LongEnds>) -> BiflowKey {
        BiflowKey {
            words: ends.copied().unwrap_or_else(|| self.ends.map(mapped_ipv4)),
            ports: self.ports,
            vlans: self.vlans(),
            encapsulation: self.encapsulation,
            network: self.network,
            protocol: self.protocol,
        }
    }

    /// Those of the key. Where a key has any, all frames of the biflow have them.
    fn vlans(&self) -> u32 {
        if self.marks.has(Mark::HasVlans) { self.own.vlans() } else { 0 }
    }

    /// The number of its addresses, where they lie elsewhere.
    fn long_ends(&self) -> Option<u32> {
        (!has_short_addresses(self.network)).then_some(self.ends[0])
    }

    fn rest(&self) -> Option<u32> {
        self.marks.has(Mark::HasRest).then_some(self.other)
    }

    /// The rest, which it has from now on.
    fn rest_mut<'a>(&mut self, rests: &'a mut Rests) -> &'a mut Rest {
        if !self.marks.has(Mark::HasRest) {
            let half = Half::silent(self.other, self.other_station);
            self.other = rests.insert(Rest { half, earlier: None });
            self.marks.set(Mark::HasRest, true);
        }
        rests.get_mut(self.other)
    }

    /// The end whose half lies here.
    fn own_end(&self) -> usize {
        usize::from(self.marks.has(Mark::OwnIsSecond))
    }

    fn half_mut<'a>(&'a mut self, rests: &'a mut Rests, end: usize) -> &'a mut Half {
        if end == self.own_end() { &mut self.own } else { &mut self.rest_mut(rests).half }
    }

    /// Its own half, and that of the other end.
    #[inline(always)]
    fn halves(&self, rests: &Rests) -> [Half; 2] {
        let other = match self.rest() {
            Some(number) => rests.get(number).half,
            None => Half::silent(self.other, self.other_station),
        };
        [self.own, other]
    }

    #[inline(always)]
    pub fn times(&self) -> Times {
        self.times.times(self.marks.has(Mark::AwaitsOutcome))
    }

    #[inline(always)]
    pub fn set_times(&mut self, times: &Times) {
        self.times = times.kept();
        self.marks.set(Mark::AwaitsOutcome, times.awaits_outcome);
    }

    /// What became of its connection is known.
    pub fn settle_outcome(&mut self) {
        self.marks.set(Mark::AwaitsOutcome, false);
        self.marks.set(Mark::HadOutcome, true);
    }

    /// [`Times::queued`].
    pub fn queued(&self) -> u64 {
        self.times.queued.get()
    }

    /// Sets [`Times::queued`].
    pub fn set_queued(&mut self, at: u64) {
        self.times.queued = Packed::of(at);
    }

    /// Has the processor fetch what lies in the second cache line.
    pub fn expect(&self) {
        prefetch(&self.own);
    }
}
