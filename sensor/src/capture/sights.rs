//! Which flows may have had a packet since their slots were read, told by the tick of the last packet
//! alone: of a table of millions of slots, of which most rest, no more is read than one word each.

use std::ops::Range;

/// How much later than a slot's last packet a reading may be for the packet's tick to be over: the
/// low half of a tick that seems older than this is one that comes after the clock was looked at.
const OLDEST: u32 = u32::MAX - (1 << 16);

/// What the ticks of the last packets were when the slots were last named.
#[derive(Debug)]
pub struct Sights {
    /// Their lowest 16 bits: a flow that rested for just a multiple of 2^16 ticks, a minute or more, is
    /// missed until the next [`Self::doubt_all`].
    last_seen: Vec<u16>,
    /// A bit for each slot whose tick, should it be the same again, would tell nothing.
    doubtful: Vec<u64>,
    over: Range<u32>,
}

impl Sights {
    /// Nothing is known of so many slots. `over_after` is the age of a tick from which on no packet is
    /// given it any more: a younger one does not tell whether others came in it later.
    pub fn new(slots: u32, over_after: u32) -> Self {
        Self {
            last_seen: vec![0; slots as usize],
            doubtful: vec![u64::MAX; slots.div_ceil(64) as usize],
            over: over_after..OLDEST,
        }
    }

    /// The first of these slots that may have had a packet since it was last named: read it after that.
    /// `now` is a tick before the reading of any of them, `seen` reads one's last packet's.
    pub fn next(&mut self, slots: Range<u32>, now: u64, seen: impl Fn(u32) -> u32) -> Option<u32> {
        for position in slots.start..slots.end.min(self.last_seen.len() as u32) {
            let seen = seen(position);
            let low = seen as u16;
            let known = &mut self.last_seen[position as usize];
            let doubtful = &mut self.doubtful[position as usize / 64];
            let bit = 1 << (position % 64);
            if low == *known && *doubtful & bit == 0 {
                continue;
            }
            *known = low;
            let is_over = self.over.contains(&(now as u32).wrapping_sub(seen));
            *doubtful = if is_over { *doubtful & !bit } else { *doubtful | bit };
            return Some(position);
        }
        None
    }

    /// This slot was named and not read.
    pub fn doubt(&mut self, position: u32) {
        if let Some(doubtful) = self.doubtful.get_mut(position as usize / 64) {
            *doubtful |= 1 << (position % 64);
        }
    }

    /// The next reading is to name every slot.
    pub fn doubt_all(&mut self) {
        self.doubtful.fill(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVER_AFTER: u32 = 60;

    /// Names of one pass.
    fn named(sights: &mut Sights, now: u64, ticks: &[u32]) -> Vec<u32> {
        let (mut named, mut from) = (Vec::new(), 0);
        while let Some(position) =
            sights.next(from..u32::MAX, now, |position| ticks[position as usize])
        {
            named.push(position);
            from = position + 1;
        }
        named
    }

    #[test]
    fn a_slot_is_named_until_its_tick_is_over_and_again_when_a_packet_comes() {
        let mut sights = Sights::new(3, OVER_AFTER);
        let mut ticks = [1000, 0, 990];
        assert_eq!(named(&mut sights, 1001, &ticks), [0, 1, 2], "nothing is known yet");
        assert_eq!(named(&mut sights, 1055, &ticks), [0, 2], "there may have been others");
        assert_eq!(named(&mut sights, 1070, &ticks), [0]);
        assert_eq!(named(&mut sights, 1071, &ticks), [0; 0]);
        ticks[1] = 1080;
        assert_eq!(named(&mut sights, 1081, &ticks), [1]);
        sights.doubt(2);
        assert_eq!(named(&mut sights, 1200, &ticks), [1, 2]);
        assert_eq!(named(&mut sights, 1201, &ticks), [0; 0]);
        sights.doubt_all();
        assert_eq!(named(&mut sights, 1202, &ticks), [0, 1, 2]);
    }

    #[test]
    fn ticks_repeat_after_2_to_the_32nd_and_may_be_ahead_of_the_reading() {
        let mut sights = Sights::new(1, OVER_AFTER);
        let wrap = 1_u64 << 32;
        assert_eq!(named(&mut sights, wrap + 5, &[wrap as u32 + 7]), [0], "ahead");
        assert_eq!(named(&mut sights, wrap + 9, &[wrap as u32 + 7]), [0], "so it is not over");
        assert_eq!(named(&mut sights, wrap + 100, &[u32::MAX]), [0], "before ticks repeated");
        assert_eq!(named(&mut sights, wrap + 101, &[u32::MAX]), [0; 0], "and that is over");
    }

    #[test]
    fn a_flow_that_rested_for_2_to_the_16th_ticks_is_missed_until_nothing_counts_as_known() {
        let mut sights = Sights::new(1, OVER_AFTER);
        assert_eq!(named(&mut sights, 2000, &[1000]), [0]);
        let ticks = [1000 + (1 << 16)];
        assert_eq!(named(&mut sights, 67_000, &ticks), [0; 0]);
        sights.doubt_all();
        assert_eq!(named(&mut sights, 67_001, &ticks), [0]);
    }

    /// Packets at any tick, readings in between: what is read of a slot that was named is never
    /// behind once its last packet's tick is over, though ticks are coarse and come late.
    #[test]
    fn no_packet_stays_unseen() {
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |limit: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % limit
        };
        let mut sights = Sights::new(8, OVER_AFTER);
        let (mut ticks, mut packets, mut read) = ([0_u32; 8], [0_u64; 8], [0_u64; 8]);
        let (mut now, mut missed) = (0_u64, 0);
        for _ in 0..200_000 {
            now += below(4);
            let slot = below(8) as usize;
            if below(3) > 0 {
                // The clock that packets are given may be behind, by less than the bound.
                ticks[slot] = ticks[slot].max((now - below(now.min(40) + 1)) as u32);
                packets[slot] += 1;
            }
            if below(50) == 0 {
                for position in named(&mut sights, now, &ticks) {
                    read[position as usize] = packets[position as usize];
                }
                assert_eq!(read, packets, "at {now}");
                missed += 1;
            }
        }
        assert!(missed > 1000);
    }
}
