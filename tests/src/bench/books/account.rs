//! Where the packets that one table was sent have gone.

use sensor::capture::{Datapath, Tallies};
use sensor_common::books::Entry;
use sensor_common::endpoint::{Direction, Totals, totals_owner};

/// Packets and octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub packets: u64,
    pub octets: u64,
}

impl Counts {
    pub fn add(&mut self, packets: u64, octets: u64) {
        self.packets += packets;
        self.octets += octets;
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub sent: Counts,
    /// Frames that were found inside of those that were sent, and have a flow of their own.
    pub carried: Counts,
    pub undissected: Counts,
    /// In the flow table.
    pub live: Counts,
    /// Handed on by way of the ring, and read there.
    pub evicted: Counts,
    pub read: Counts,
    /// Lost by a full ring, and counted as that.
    pub lost: Counts,
    /// In the totals, what live flows have yet to fold included.
    pub sent_totals: Counts,
    pub received_totals: Counts,
}

impl Account {
    /// Looks where everything is by now; reads the rings, or leaves that of records to fill.
    pub fn look(&mut self, datapath: &mut (impl Datapath + Tallies), is_read: bool) {
        if is_read {
            datapath.drain_records(&mut |record| {
                let slot = record.slot.slot();
                self.read.add(slot.packets(), slot.octets());
            });
        }
        datapath.drain_notices(&mut |_| ());
        let ledger = datapath.ledger();
        let line =
            |packets, octets| Counts { packets: ledger.line(packets), octets: ledger.line(octets) };
        self.carried = line(Entry::Encapsulated, Entry::EncapsulatedOctets);
        self.evicted = line(Entry::EvictedPackets, Entry::EvictedOctets);
        self.lost = line(Entry::LostPackets, Entry::LostOctets);
        self.undissected = Counts::default();
        for row in datapath.interface_rows() {
            self.undissected.add(row.undissected_frames.iter().sum(), row.undissected_octets);
        }
        self.sent_totals = Counts::default();
        self.received_totals = Counts::default();
        datapath.folded(&mut |cell, totals| {
            let sum = match totals_owner(cell) {
                (_, _, Direction::Sent) => &mut self.sent_totals,
                (_, _, Direction::Received) => &mut self.received_totals,
            };
            sum.add(totals.packets, totals.octets);
        });
        self.live = Counts::default();
        for position in 0..datapath.slots() {
            // Nothing is sent at present, so no slot changes hands.
            if let Some(slot) = datapath.slot(position) {
                self.live.add(slot.packets(), slot.octets());
            }
        }
        datapath.unfolded(&mut |unfolded| {
            let Totals { packets, octets } = unfolded.totals;
            self.sent_totals.add(packets, octets);
            self.received_totals.add(packets, octets);
        });
    }

    /// Packets that have no place or more than one.
    pub fn unaccounted(&self) -> i64 {
        let places = [self.undissected, self.live, self.evicted, self.lost];
        let placed: u64 = places.iter().map(|counts| counts.packets).sum();
        (self.sent.packets + self.carried.packets) as i64 - placed as i64
    }

    pub fn is_balanced(&self, is_read: bool) -> bool {
        let mut expected = self.sent;
        expected.add(self.carried.packets, self.carried.octets);
        let mut counted = self.live;
        for counts in [self.evicted, self.lost] {
            counted.add(counts.packets, counts.octets);
        }
        let totals = counted;
        counted.add(self.undissected.packets, self.undissected.octets);
        counted == expected
            && (!is_read || self.read == self.evicted)
            && self.sent_totals == totals
            && self.received_totals == totals
    }
}
