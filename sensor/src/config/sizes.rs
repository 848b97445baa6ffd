//! How large the kernel's tables are made: from one budget, but for those that are given.

use sensor_common::{
    application::CAPACITY,
    endpoint::{EndpointIndex, EndpointKey, Totals},
    flow::FlowSlot,
};

use super::{Capture, size};

/// What `memory` is where neither it nor a size is given.
pub const DEFAULT_MEMORY: u64 = 128 * size::MIB;
/// Words of the verdict memory for each slot of the flow table.
pub const VERDICTS_PER_SLOT: u32 = 2;
pub const ENDPOINTS: std::ops::RangeInclusive<u32> = 256..=65_536;
pub const RING: std::ops::RangeInclusive<u64> = 16 * size::KIB..=size::GIB;

/// What the kernel adds to an entry of a hash table: its head, the hash, padding, a bucket.
const HASH_ENTRY_OVERHEAD: u64 = 56;

/// Octets of one endpoint: its totals, and two entries of the table by which it is found.
pub const fn endpoint_octets() -> u64 {
    let totals = CAPACITY as u64 * 2 * size_of::<Totals>() as u64;
    let entry = (size_of::<EndpointKey>() + size_of::<EndpointIndex>()) as u64;
    totals + 2 * (entry + HASH_ENTRY_OVERHEAD)
}

/// Octets of one slot of the flow table, with the words of the verdict memory that go with it.
const SLOT_OCTETS: u64 = size_of::<FlowSlot>() as u64 + VERDICTS_PER_SLOT as u64 * 8;

/// Sizes that follow from `[capture]`, whatever the number of CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Slots of the flow table at most, all CPUs together.
    pub slots: u64,
    pub endpoints: u32,
    /// Octets of the ring of records, a power of two.
    pub ring: u64,
}

impl Sizes {
    /// What is not given takes its share of the memory: endpoints a quarter, rings a twelfth, the
    /// flow table the rest.
    pub fn of(capture: &Capture) -> Self {
        let memory = capture.memory.unwrap_or(DEFAULT_MEMORY);
        let endpoints = capture.endpoints.unwrap_or_else(|| {
            let endpoints = previous_power_of_two(memory / 4 / endpoint_octets());
            u32::try_from(endpoints).unwrap_or(u32::MAX).clamp(*ENDPOINTS.start(), *ENDPOINTS.end())
        });
        let ring = capture.ring.unwrap_or_else(|| {
            previous_power_of_two(memory / 16).clamp(*RING.start(), *RING.end())
        });
        let slots = match (capture.flows, capture.memory) {
            (Some(flows), _) => flows.into(),
            (None, Some(memory)) => {
                let others = Self { slots: 0, endpoints, ring }.octets();
                memory.saturating_sub(others) / SLOT_OCTETS
            }
            // Another table that is given takes nothing from this one.
            (None, None) => return Self { endpoints, ring, ..Self::of(&Capture::default()) },
        };
        Self { slots, endpoints, ring }
    }

    /// Octets of the ring of notices: a quarter of the ring of records.
    pub const fn notices_ring(&self) -> u64 {
        self.ring / 4
    }

    /// Octets of all of it.
    pub fn octets(&self) -> u64 {
        self.slots * SLOT_OCTETS
            + u64::from(self.endpoints) * endpoint_octets()
            + self.ring
            + self.notices_ring()
    }

    /// Why sizes and memory do not go together, if they do not.
    pub fn conflict(&self, memory: u64) -> Option<String> {
        const LEAST_SLOTS: u64 = 512;
        let least = Self { slots: self.slots.max(LEAST_SLOTS), ..*self };
        (least.octets() > memory).then(|| {
            format!(
                "`flows`, `endpoints` and `ring` take {} together, and `memory` is {}: raise it, or \
                 leave out a size, which then follows from it",
                written(least.octets()),
                size::written(memory)
            )
        })
    }
}

fn previous_power_of_two(number: u64) -> u64 {
    1 << number.max(1).ilog2()
}

fn written(octets: u64) -> String {
    size::written(octets.next_multiple_of(size::MIB))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(text: &str) -> Result<Sizes, String> {
        let capture = toml::from_str::<Capture>(text).map_err(|error| error.to_string())?;
        Ok(Sizes::of(&capture))
    }

    #[test]
    fn everything_follows_from_the_memory_and_stays_within_it() {
        for memory in [2, 3, 4, 16, 100, 128, 256, 1000, 4096, 65_536_u64] {
            let sizes = sizes(&format!("memory = \"{memory}MiB\"")).unwrap();
            assert!(sizes.octets() <= memory * size::MIB, "{memory} {sizes:?}");
            assert!(sizes.octets() * 10 >= memory * size::MIB * 9, "{memory} {sizes:?}");
            assert!(sizes.ring.is_power_of_two());
            assert!(ENDPOINTS.contains(&sizes.endpoints) && RING.contains(&sizes.ring));
        }
        assert_eq!(sizes("").unwrap(), sizes("memory = \"128MiB\"").unwrap());
        assert_eq!(sizes("").unwrap().endpoints, 8192);
    }

    #[test]
    fn what_is_given_stands_and_the_others_share_the_rest() {
        let by_memory = sizes("memory = \"64MiB\"").unwrap();
        let given = sizes("memory = \"64MiB\"\nendpoints = 1000\nring = \"1MiB\"").unwrap();
        assert_eq!((given.endpoints, given.ring), (1000, size::MIB));
        assert!(given.slots > by_memory.slots);
        assert!(given.octets() <= 64 * size::MIB);
        let flows = sizes("memory = \"64MiB\"\nflows = 2048").unwrap();
        assert_eq!((flows.slots, flows.endpoints), (2048, by_memory.endpoints));
        // Without a budget a given size takes nothing from the others.
        let ring = sizes("ring = \"1GiB\"").unwrap();
        assert_eq!(ring, Sizes { ring: size::GIB, ..sizes("").unwrap() });
    }

    #[test]
    fn sizes_beyond_the_memory_are_refused_with_what_they_take() {
        let error = sizes("memory = \"16MiB\"\nflows = 1048576").unwrap_err();
        assert!(error.contains("take 149MiB together"), "{error}");
        assert!(error.contains("`memory` is 16MiB"), "{error}");
        assert!(sizes("memory = \"4MiB\"\nring = \"8MiB\"").is_err());
    }
}
