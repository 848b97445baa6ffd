//! Everything that was measured, as it goes into the JSON file.

use serde::Serialize;

use super::figures::{Added, Noise};
use super::machine::Machine;
use super::shipped::Books;

/// The name of the program that is shipped, in results.
pub const SHIPPED: &str = "Wardline";

#[derive(Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    pub is_quick: bool,
    /// Known flows, then floods.
    pub loads: Vec<LoadResult>,
    pub floods: Vec<LoadResult>,
    pub sweep: Option<SweepResult>,
    pub first_payloads: Option<FirstPayloads>,
}

#[derive(Debug, Serialize)]
pub struct LoadResult {
    pub name: String,
    pub description: String,
    pub rounds: usize,
    pub null: Noise,
    pub variants: Vec<VariantResult>,
}

#[derive(Debug, Serialize)]
pub struct VariantResult {
    pub name: String,
    pub added: Added,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub books: Option<Books>,
}

impl LoadResult {
    pub fn added(&self, variant: &str) -> Option<Added> {
        self.variants.iter().find(|result| result.name == variant).map(|result| result.added)
    }
}

/// Reading the flow table; medians over rounds.
#[derive(Debug, Serialize)]
pub struct SweepResult {
    /// Of all CPUs.
    pub slots: u32,
    pub flows: u32,
    pub rounds: u32,
    /// Sweeps made beside the packet path.
    pub sweeps: u64,
    /// Where nothing changed since the sweep before, the same where ticks are not trusted and every slot
    /// is looked at, and where every flow has counted a packet.
    pub slots_per_second: f64,
    pub slots_per_second_when_doubted: f64,
    pub slots_per_second_when_all_changed: f64,
    /// Nanoseconds of a packet over the null, alone and while another CPU does nothing but sweep.
    pub added_alone: f64,
    pub added_during_sweeps: f64,
    /// How much slower a packet is then, as a fraction of what it adds alone.
    pub slowed: f64,
}

#[derive(Debug, Serialize)]
pub struct FirstPayloads {
    pub rounds: u32,
    pub mix: Vec<ClassResult>,
    pub classes: Vec<ClassResult>,
}

/// Nanoseconds a packet, medians over rounds; the first two over the null.
#[derive(Debug, Serialize)]
pub struct ClassResult {
    pub name: String,
    pub program: String,
    pub verdict: String,
    /// Of the flow table.
    pub slots: u32,
    /// The packet that brings the first payload.
    pub first: f64,
    /// The same packet when the application is settled.
    pub settled: f64,
    /// First payloads, of all rounds, that were not inspected.
    pub uninspected: u64,
    /// Flows that were in the table after a round and not taken for what they are.
    pub misjudged: u64,
    pub added_by_classifying: f64,
    /// The settled flow's packet with payload minus its packet without.
    pub added_by_payload_once_settled: f64,
    pub null: Noise,
}
