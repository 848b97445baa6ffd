//! Known flows: what every packet costs.

use super::error::BenchError;
use super::field::{Field, Frames};
use super::headers::frame;
use super::loads::{Popularity, TABLE, flows};
use super::programs::{Mutator, Programs, Stock};
use super::report::LoadResult;
use super::shipped::Shipped;
use super::{Bench, Effort};
use crate::frames::tcp_flags;

/// Entries of the stock maps for each flow.
const ENTRIES_PER_FLOW: u32 = 2;
/// After so many packets a flow of the load has its verdict for good.
const PASSES: u64 = 6;

pub struct Steady {
    pub name: &'static str,
    pub description: &'static str,
    pub mutator: Mutator,
    pub flows: u32,
    pub popularity: Popularity,
    /// Slots for each flow.
    pub slots_per_flow: u32,
}

const fn steady(
    name: &'static str,
    description: &'static str,
    mutator: Mutator,
    flows: u32,
    popularity: Popularity,
) -> Steady {
    Steady { name, description, mutator, flows, popularity, slots_per_flow: 4 }
}

pub const LOADS: [Steady; 9] = [
    steady("1k uniform", "1,024 flows, IPv4", Mutator::Ipv4, 1 << 10, Popularity::Uniform),
    steady("1k Zipf", "1,024 flows, IPv4", Mutator::Ipv4, 1 << 10, Popularity::Zipf),
    Steady {
        slots_per_flow: 1 << 10,
        ..steady(
            "1k sparse",
            "1,024 flows, table for a million",
            Mutator::Ipv4,
            1 << 10,
            Popularity::Uniform,
        )
    },
    steady("1k VLAN", "1,024 flows, one VLAN tag", Mutator::Vlan, 1 << 10, Popularity::Uniform),
    steady("1k IPv6", "1,024 flows, IPv6", Mutator::Ipv6, 1 << 10, Popularity::Uniform),
    steady("64k uniform", "65,536 flows, IPv4", Mutator::Ipv4, 1 << 16, Popularity::Uniform),
    steady("64k Zipf", "65,536 flows, IPv4", Mutator::Ipv4, 1 << 16, Popularity::Zipf),
    steady("1M uniform", "1,048,576 flows, IPv4", Mutator::Ipv4, 1 << 20, Popularity::Uniform),
    steady("1M Zipf", "1,048,576 flows, IPv4", Mutator::Ipv4, 1 << 20, Popularity::Zipf),
];

impl Steady {
    pub fn measure(&self, bench: &Bench, effort: &Effort) -> Result<LoadResult, BenchError> {
        let stock = [Stock::Parse, Stock::Hash, Stock::Lru];
        let mut field =
            Field::new(Programs::load(&bench.programs, self.flows * ENTRIES_PER_FLOW)?, Vec::new());
        for (name, object) in bench.builds() {
            field.shipped.push(Shipped::load(name, object, self.flows * self.slots_per_flow)?);
        }
        let (frame, turn) = frame(self.mutator, tcp_flags::PSH | tcp_flags::ACK);
        let variants = field.variants(&stock);
        let mut every_flow = turn;
        every_flow.is_sequential = 1;
        for _ in 0..PASSES {
            for variant in &variants[1..] {
                let (mutator, frame) = (self.mutator, frame.as_slice());
                let frames = Frames { mutator, frame, turn: every_flow, count: self.flows };
                field.run(*variant, &frames)?;
            }
        }
        field.programs.set_flows(&flows(self.popularity, self.flows, 11))?;
        let times = field.interleave(&variants, effort.rounds, |round| {
            let mut turn = turn;
            turn.position = u64::from(round) * u64::from(effort.frames) % TABLE as u64;
            Frames { mutator: self.mutator, frame: &frame, turn, count: effort.frames }
        })?;
        Ok(field.result(self.name, self.description, &variants, &times))
    }
}
