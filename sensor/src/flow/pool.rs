//! Memory for many things of one kind, which grows without moving what is there: to move a table of a
//! million biflows takes longer than a sweep, and while it is moved it is there twice.

use std::ops::{Index, IndexMut};

/// Things that are allocated together.
const TOGETHER: usize = 4096;

/// A list to which things are added at the end. It keeps its largest size.
#[derive(Debug)]
pub(super) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Chunks<T> {
    pub const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    /// The number under which `thing` is found from now on.
    pub fn push(&mut self, thing: T) -> u32 {
        if self.chunks.last().is_none_or(|last| last.len() == TOGETHER) {
            self.chunks.push(Vec::with_capacity(TOGETHER));
        }
        let last = self.chunks.len() - 1;
        let chunk = &mut self.chunks[last];
        chunk.push(thing);
        (last * TOGETHER + chunk.len() - 1) as u32
    }

    pub fn get(&self, number: u32) -> Option<&T> {
        let (chunk, place) = parts(number);
        self.chunks.get(chunk)?.get(place)
    }

    /// Octets of memory that was asked for.
    #[cfg(test)]
    pub fn octets(&self) -> usize {
        let things: usize = self.chunks.iter().map(Vec::capacity).sum();
        things * size_of::<T>() + self.chunks.capacity() * size_of::<Vec<T>>()
    }
}

impl<T> Index<u32> for Chunks<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, number: u32) -> &T {
        let (chunk, place) = parts(number);
        &self.chunks[chunk][place]
    }
}

impl<T> IndexMut<u32> for Chunks<T> {
    #[inline(always)]
    fn index_mut(&mut self, number: u32) -> &mut T {
        let (chunk, place) = parts(number);
        &mut self.chunks[chunk][place]
    }
}

const fn parts(number: u32) -> (usize, usize) {
    (number as usize / TOGETHER, number as usize % TOGETHER)
}

/// Things that come and go; the place of one that went is taken by the next.
#[derive(Debug)]
pub(super) struct Pool<T> {
    places: Chunks<T>,
    free: Vec<u32>,
}

impl<T> Pool<T> {
    pub const fn new() -> Self {
        Self { places: Chunks::new(), free: Vec::new() }
    }

    /// The number under which `thing` is found until it is given up.
    pub fn insert(&mut self, thing: T) -> u32 {
        let Some(number) = self.free.pop() else { return self.places.push(thing) };
        self.places[number] = thing;
        number
    }

    /// Gives up what has this number.
    pub fn remove(&mut self, number: u32) {
        self.free.push(number);
    }

    pub fn get(&self, number: u32) -> &T {
        &self.places[number]
    }

    pub fn get_mut(&mut self, number: u32) -> &mut T {
        &mut self.places[number]
    }

    /// Octets of memory that was asked for.
    #[cfg(test)]
    pub fn octets(&self) -> usize {
        self.places.octets() + self.free.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_stays_where_it_is() {
        let mut list = Chunks::new();
        assert_eq!(list.get(0), None);
        let numbers: Vec<u32> = (0..10_000_u64).map(|thing| list.push(thing)).collect();
        assert_eq!(numbers, (0..10_000).collect::<Vec<u32>>());
        let first = std::ptr::from_ref(&list[0]);
        list.push(0);
        assert_eq!(first, std::ptr::from_ref(&list[0]));
        assert!(numbers.iter().all(|&number| list[number] == u64::from(number)));
        assert_eq!(
            (list.get(10_000), list.get(10_001), list.get(u32::MAX)),
            (Some(&0), None, None)
        );
    }

    #[test]
    fn the_place_of_what_went_is_taken_again() {
        let mut pool = Pool::new();
        let [a, b] = ["a", "b"].map(|thing| pool.insert(thing));
        pool.remove(a);
        assert_eq!(pool.insert("c"), a);
        assert_eq!((*pool.get(a), *pool.get(b)), ("c", "b"));
        *pool.get_mut(b) = "d";
        assert_eq!((*pool.get(b), pool.insert("e")), ("d", 2));
    }
}
