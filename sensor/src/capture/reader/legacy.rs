//! What a reader has to pass on, so that no counter falls when another one takes over: how much it had
//! seen of flows whose records were lost is nowhere in the tables.

use sensor_common::books::Entry;

use super::Reader;

/// Frames and octets, as far as they were told to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Legacy {
    /// Of them those seen of flows whose records never came.
    pub recovered: [u64; 2],
    pub counted: [u64; 2],
    /// The tick of the last reading.
    pub read_at: u64,
}

impl Reader {
    /// As of now; nothing that the books have told is more.
    pub fn legacy(&self) -> Legacy {
        Legacy {
            recovered: [self.recovered_packets, self.recovered_octets],
            counted: [self.books.counted_packets, self.books.counted_octets],
            read_at: self.read_at,
        }
    }

    /// Takes over from the reader before, once the books are closed. What it had counted and is not in
    /// the tables any more was in flows whose records were lost meanwhile; the kernel has all of these
    /// as lost, so what is added here is taken off there. What was forgotten, or is of other tables,
    /// can make no more of it than that.
    pub fn inherit(&mut self, legacy: Legacy) {
        let books = &mut self.books;
        let lines = [
            (
                &mut books.counted_packets,
                &mut books.lost_packets,
                &mut self.recovered_packets,
                Entry::LostPackets,
            ),
            (
                &mut books.counted_octets,
                &mut books.lost_octets,
                &mut self.recovered_octets,
                Entry::LostOctets,
            ),
        ];
        for (at, (counted, lost, recovered, entry)) in lines.into_iter().enumerate() {
            let own = *counted - *recovered;
            let seen = legacy.recovered[at].saturating_add(*recovered);
            let missing = legacy.counted[at].saturating_sub(own);
            *recovered = seen.max(missing).min(self.earlier_ledger.line(entry));
            *counted = own + *recovered;
            *lost = self.earlier_ledger.line(entry) - *recovered;
        }
    }
}
