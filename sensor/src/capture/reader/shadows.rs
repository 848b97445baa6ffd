//! Shadows of all slots. A table has millions of slots, so each takes 16 octets; the few flows that
//! have counted more than fits are kept apart.

use super::shadow::{Eighth, Shadow};
use crate::{capture::Footing, hash::HashMap, prefetch::prefetch};

/// Bits of packets, of octets, and of the generation, which is even: 10^11 packets or 70 TB, and a flow
/// is large.
const PACKETS: u32 = 37;
const OCTETS: u32 = 46;
const GENERATION: u32 = 31;
const READ_AT: u32 = 6;
const FOOTING: u32 = 8;
const _: () = assert!(PACKETS + OCTETS + GENERATION + READ_AT + FOOTING == 128);

/// In place of the packets: the flow's record has come.
const CLOSED: u64 = (1 << PACKETS) - 1;
/// In place of the packets: the flow is a large one.
const LARGE: u64 = CLOSED - 1;
const MOST_OCTETS: u64 = (1 << OCTETS) - 1;

/// A shadow in 128 bits, from the lowest on: packets, octets, generation, when it was read, footing.
#[derive(Clone, Copy, Debug)]
struct Packed([u64; 2]);

impl Packed {
    fn new(shadow: &Shadow, packets: u64, octets: u64) -> Self {
        let parts = [
            (u128::from(packets), PACKETS),
            (u128::from(octets), OCTETS),
            (u128::from(shadow.generation >> 1), GENERATION),
            (u128::from(shadow.read_at.number()), READ_AT),
            (u128::from(shadow.footing.number()), FOOTING),
        ];
        let bits = parts.iter().rev().fold(0, |bits, (part, width)| bits << width | part);
        Self([bits as u64, (bits >> 64) as u64])
    }

    fn of(shadow: &Shadow) -> Self {
        match *shadow {
            Shadow { is_closed: true, .. } => Self::new(shadow, CLOSED, 0),
            Shadow { packets, octets, .. } if packets < LARGE && octets <= MOST_OCTETS => {
                Self::new(shadow, packets, octets)
            }
            _ => Self::new(shadow, LARGE, 0),
        }
    }

    /// The shadow, but for the counts of a large flow.
    fn shadow(self) -> Shadow {
        let mut bits = u128::from(self.0[1]) << 64 | u128::from(self.0[0]);
        let mut take = |width: u32| {
            let part = bits & ((1 << width) - 1);
            bits >>= width;
            part as u64
        };
        let (packets, octets) = (take(PACKETS), take(OCTETS));
        let is_closed = packets == CLOSED;
        Shadow {
            packets: if is_closed { 0 } else { packets },
            octets,
            generation: (take(GENERATION) as u32) << 1,
            read_at: Eighth::from_number(take(READ_AT) as u8),
            footing: Footing::from_number(take(FOOTING) as u8),
            is_closed,
        }
    }

    fn is_large(self) -> bool {
        self.0[0] & CLOSED == LARGE
    }
}

/// What is remembered of each slot.
#[derive(Debug)]
pub struct Shadows {
    /// [`Packed`]; bare, as the allocator then has them zeroed by not touching them.
    packed: Vec<[u64; 2]>,
    /// Flows that have counted more than a packed shadow holds, whole.
    large: HashMap<u32, Shadow>,
}

impl Shadows {
    pub fn new(slots: u32) -> Self {
        Self { packed: vec![[0; 2]; slots as usize], large: HashMap::default() }
    }

    /// That of a slot; `None` where the table has none.
    #[inline]
    pub fn get(&self, position: u32) -> Option<Shadow> {
        let packed = Packed(*self.packed.get(position as usize)?);
        if packed.is_large() {
            return self.large.get(&position).copied();
        }
        Some(packed.shadow())
    }

    pub fn set(&mut self, position: u32, shadow: &Shadow) {
        let Some(place) = self.packed.get_mut(position as usize) else { return };
        let (before, now) = (Packed(*place), Packed::of(shadow));
        *place = now.0;
        if now.is_large() {
            self.large.insert(position, *shadow);
        } else if before.is_large() {
            self.large.remove(&position);
        }
    }

    /// Has the processor fetch that of a slot.
    pub fn expect(&self, position: u32) {
        if let Some(packed) = self.packed.get(position as usize) {
            prefetch(packed);
        }
    }

    /// All of them, by position.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Shadow)> {
        (0..self.packed.len() as u32).filter_map(|position| Some((position, self.get(position)?)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shadow() -> impl Strategy<Value = Shadow> {
        let counts = prop_oneof![
            any::<u64>(),
            0..1_000_000_u64,
            Just(LARGE - 1),
            Just(LARGE),
            Just(CLOSED),
            Just(MOST_OCTETS),
            Just(MOST_OCTETS + 1),
        ];
        let number = 0..1_u8 << READ_AT;
        (counts.clone(), counts, any::<u32>(), number, any::<u8>(), any::<bool>()).prop_map(
            |(packets, octets, generation, read_at, footing, is_closed)| Shadow {
                packets: if is_closed { 0 } else { packets },
                octets: if is_closed { 0 } else { octets },
                generation: generation & !1,
                read_at: Eighth::from_number(read_at),
                footing: Footing::from_number(footing),
                is_closed,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_was_seen(seen in prop::collection::vec((0..8_u32, shadow()), 1..64)) {
            let mut shadows = Shadows::new(8);
            let mut expected = [Shadow::default(); 8];
            for (position, shadow) in seen {
                shadows.set(position, &shadow);
                expected[position as usize] = shadow;
                prop_assert!(shadows.iter().map(|(_, shadow)| shadow).eq(expected));
            }
            let large = shadows.packed.iter().filter(|packed| Packed(**packed).is_large()).count();
            prop_assert_eq!(shadows.large.len(), large);
        }
    }

    #[test]
    fn there_is_none_beyond_the_table() {
        let mut shadows = Shadows::new(8);
        shadows.set(8, &Shadow::default());
        assert_eq!((shadows.get(8), shadows.iter().count()), (None, 8));
    }
}
