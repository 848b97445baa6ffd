//! What is remembered of flows: bounded, and the oldest is forgotten first.

use std::collections::{BTreeMap, HashMap};

use sensor_common::flow::FlowKey;

/// A map by flow that forgets its oldest entry when it is full, and counts that.
#[derive(Debug)]
pub struct FlowMemory<V> {
    entries: HashMap<FlowKey, Entry<V>>,
    /// The flows by the number of their coming.
    order: BTreeMap<u64, FlowKey>,
    next: u64,
    capacity: usize,
    displaced: u64,
}

#[derive(Debug)]
struct Entry<V> {
    number: u64,
    value: V,
}

impl<V> FlowMemory<V> {
    /// Room for so many flows, at least one.
    pub fn new(capacity: usize) -> Self {
        Self {
            entries: HashMap::new(),
            order: BTreeMap::new(),
            next: 0,
            capacity: capacity.max(1),
            displaced: 0,
        }
    }

    pub fn get_mut(&mut self, key: &FlowKey) -> Option<&mut V> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    /// The flow's entry, made if there is none. An entry keeps the age it came with.
    pub fn get_or_insert_with(&mut self, key: FlowKey, make: impl FnOnce() -> V) -> &mut V {
        if !self.entries.contains_key(&key) {
            self.make_room();
        }
        let entry = self.entries.entry(key).or_insert_with(|| {
            let number = self.next;
            self.next += 1;
            self.order.insert(number, key);
            Entry { number, value: make() }
        });
        &mut entry.value
    }

    pub fn forget(&mut self, key: &FlowKey) -> Option<V> {
        let entry = self.entries.remove(key)?;
        self.order.remove(&entry.number);
        Some(entry.value)
    }

    /// Entries that were forgotten because others needed their room.
    pub fn displaced(&self) -> u64 {
        self.displaced
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn make_room(&mut self) {
        while self.entries.len() >= self.capacity {
            let Some((_, oldest)) = self.order.pop_first() else { return };
            self.entries.remove(&oldest);
            self.displaced += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(number: u64) -> FlowKey {
        FlowKey::from_words([number, 0, 0, 0, 0, 0])
    }

    #[test]
    fn the_oldest_flow_goes_first_and_is_counted() {
        let mut memory = FlowMemory::new(2);
        memory.get_or_insert_with(flow(1), || 1);
        memory.get_or_insert_with(flow(2), || 2);
        *memory.get_or_insert_with(flow(1), || 9) += 10;
        memory.get_or_insert_with(flow(3), || 3);
        assert_eq!(memory.get_mut(&flow(1)), None, "use does not make it younger");
        assert_eq!(memory.get_mut(&flow(2)), Some(&mut 2));
        assert_eq!((memory.len(), memory.displaced()), (2, 1));
    }

    #[test]
    fn a_forgotten_flow_leaves_its_room_and_is_not_counted() {
        let mut memory = FlowMemory::new(2);
        memory.get_or_insert_with(flow(1), || 1);
        memory.get_or_insert_with(flow(2), || 2);
        assert_eq!(memory.forget(&flow(1)), Some(1));
        assert_eq!(memory.forget(&flow(1)), None);
        memory.get_or_insert_with(flow(3), || 3);
        memory.get_or_insert_with(flow(1), || 4);
        assert_eq!(memory.get_mut(&flow(2)), None, "now the oldest");
        assert_eq!(memory.get_mut(&flow(1)), Some(&mut 4));
        assert_eq!((memory.len(), memory.order.len(), memory.displaced()), (2, 2, 1));
    }

    #[test]
    fn any_number_of_flows_stays_within_the_capacity() {
        let mut memory = FlowMemory::new(16);
        for number in 0..1000 {
            memory.get_or_insert_with(flow(number), || number);
            if number % 3 == 0 {
                memory.forget(&flow(number));
            }
            assert!(memory.len() <= 16 && memory.order.len() == memory.len());
        }
    }
}
