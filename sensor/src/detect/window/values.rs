//! Values and the sub-bucket of each: a few where they are, many in a hash table. Most windows hold
//! one value or none, for as long as an attempt to connect waits for its answer.

use super::Value;
use crate::hash::HashMap;

/// Values that are held in place.
const FEW: usize = 2;

#[derive(Clone, Debug)]
pub(super) enum Values {
    Few { held: u8, places: [(Value, u64); FEW] },
    Many(HashMap<Value, u64>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Few { held: 0, places: [([0; 2], 0); FEW] }
    }
}

impl Values {
    pub fn len(&self) -> usize {
        match self {
            Self::Few { held, .. } => usize::from(*held),
            Self::Many(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn contains(&self, value: &Value) -> bool {
        match self {
            Self::Few { held, places } => position(&places[..usize::from(*held)], value).is_some(),
            Self::Many(values) => values.contains_key(value),
        }
    }

    /// Puts a value into a sub-bucket; the one that it was in.
    pub fn insert(&mut self, value: Value, bucket: u64) -> Option<u64> {
        match self {
            Self::Few { held, places } => {
                let count = usize::from(*held);
                if let Some(place) = position(&places[..count], &value) {
                    return Some(std::mem::replace(&mut places[place].1, bucket));
                }
                if let Some(place) = places.get_mut(count) {
                    *place = (value, bucket);
                    *held += 1;
                } else {
                    let all = places.iter().copied().chain([(value, bucket)]);
                    *self = Self::Many(all.collect());
                }
                None
            }
            Self::Many(values) => values.insert(value, bucket),
        }
    }

    /// Takes a value out; the sub-bucket that it was in.
    pub fn remove(&mut self, value: &Value) -> Option<u64> {
        match self {
            Self::Few { held, places } => {
                let count = usize::from(*held);
                let place = position(&places[..count], value)?;
                let (_, bucket) = places[place];
                places.swap(place, count - 1);
                *held -= 1;
                Some(bucket)
            }
            Self::Many(values) => values.remove(value),
        }
    }

    /// Keeps the values whose sub-buckets `is_kept`. What is empty then takes no memory elsewhere.
    pub fn retain(&mut self, is_kept: impl Fn(u64) -> bool) {
        match self {
            Self::Few { held, places } => {
                let mut kept = 0;
                for place in 0..usize::from(*held) {
                    if is_kept(places[place].1) {
                        places.swap(kept, place);
                        kept += 1;
                    }
                }
                *held = kept as u8;
            }
            Self::Many(values) => values.retain(|_, bucket| is_kept(*bucket)),
        }
        if self.is_empty() {
            *self = Self::default();
        }
    }
}

fn position(places: &[(Value, u64)], value: &Value) -> Option<usize> {
    places.iter().position(|(held, _)| held == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_values_are_held_alike() {
        for count in [1, FEW as u64, FEW as u64 + 1, 100] {
            let mut values = Values::default();
            for value in 0..count {
                assert_eq!(values.insert([7, value], value), None);
            }
            assert_eq!(values.insert([7, 0], 50), Some(0));
            assert_eq!(values.len() as u64, count);
            assert!(values.contains(&[7, count - 1]) && !values.contains(&[7, count]));
            assert_eq!(values.remove(&[7, count]), None);
            assert_eq!(values.remove(&[7, 0]), Some(50));
            values.retain(|bucket| bucket.is_multiple_of(2));
            let even = (1..count).filter(|value| value.is_multiple_of(2)).count();
            assert_eq!(values.len(), even);
            assert!((1..count).all(|value| values.contains(&[7, value]) == (value % 2 == 0)));
            values.retain(|_| false);
            assert!(matches!(values, Values::Few { held: 0, .. }));
        }
    }
}
