//! Hash tables for what happens with every flow. The hash is keyed by a number drawn at start, as
//! the standard library's is, so that a sender cannot aim at one bucket; it takes a third of the time.

use std::collections;

pub use foldhash::quality::RandomState;

pub type HashMap<K, V> = collections::HashMap<K, V, RandomState>;
pub type HashSet<T> = collections::HashSet<T, RandomState>;
