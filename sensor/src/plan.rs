//! What a configuration asks of the kernel: sizes of tables, and the memory they take.

use std::fmt;

use sensor_common::{
    application::CAPACITY,
    flow::{FlowSlot, WAYS},
};

use crate::{
    capture::{host::TableSizes, xdp::XdpSettings},
    config::Config,
};

/// Octets of a set of slots, heads and tails.
const SET_OCTETS: usize = size_of::<FlowSlot>() * WAYS;
/// Words of the verdict memory for each slot of the flow table.
const VERDICTS_PER_SLOT: u32 = 2;
const LARGEST_VERDICTS: u32 = 1 << 22;
/// Samples a second and CPU.
const SAMPLES_PER_SECOND: u32 = 1000;

/// The sizes that follow from a configuration on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub settings: XdpSettings,
    pub cpus: u32,
}

impl Plan {
    pub fn of(config: &Config) -> Self {
        let cpus = aya::util::nr_cpus().map_or(1, |cpus| cpus as u32);
        Self::for_cpus(config, cpus)
    }

    /// The largest power of two of sets per CPU within the memory.
    pub fn for_cpus(config: &Config, cpus: u32) -> Self {
        let cpus = cpus.max(1);
        let per_cpu = config.capture.memory / u64::from(cpus) / SET_OCTETS as u64;
        let largest = u64::from(u32::MAX >> 3) / u64::from(cpus);
        let sets = previous_power_of_two(per_cpu.clamp(1, largest));
        let slots = sets.saturating_mul(cpus).saturating_mul(WAYS as u32);
        let verdicts =
            slots.saturating_mul(VERDICTS_PER_SLOT).min(LARGEST_VERDICTS).next_power_of_two();
        let sizes = TableSizes { sets, endpoints: config.capture.endpoints, verdicts };
        let settings = XdpSettings {
            sizes,
            records_ring: config.capture.ring.min(1 << 30) as u32,
            notices_ring: config.capture.notices_ring().clamp(4096, 1 << 30) as u32,
            samples_per_second: SAMPLES_PER_SECOND,
        };
        Self { settings, cpus }
    }

    pub fn slots(&self) -> u64 {
        u64::from(self.settings.sizes.sets) * u64::from(self.cpus) * WAYS as u64
    }

    fn flow_octets(&self) -> u64 {
        u64::from(self.settings.sizes.sets) * u64::from(self.cpus) * SET_OCTETS as u64
    }

    fn totals_octets(&self) -> u64 {
        u64::from(self.settings.sizes.endpoints) * u64::from(CAPACITY) * 2 * 16
    }

    fn other_octets(&self) -> u64 {
        let sizes = &self.settings.sizes;
        u64::from(sizes.verdicts) * 8
            + u64::from(sizes.endpoint_keys()) * 96
            + u64::from(self.settings.records_ring)
            + u64::from(self.settings.notices_ring)
    }
}

fn previous_power_of_two(number: u64) -> u32 {
    1 << number.max(1).ilog2().min(28)
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = &self.settings.sizes;
        let mebibytes = |octets: u64| octets as f64 / f64::from(1 << 20);
        let (flows, totals, other) =
            (self.flow_octets(), self.totals_octets(), self.other_octets());
        writeln!(formatter, "plan for {} CPUs:", self.cpus)?;
        writeln!(
            formatter,
            "  flow table  {:>10} slots, {} a CPU, {WAYS} ways  {:>8.1} MiB",
            self.slots(),
            sizes.sets * WAYS as u32,
            mebibytes(flows)
        )?;
        writeln!(
            formatter,
            "  totals      {:>10} endpoints                {:>8.1} MiB",
            sizes.endpoints,
            mebibytes(totals)
        )?;
        writeln!(
            formatter,
            "  verdicts    {:>10} conversations, and rings {:>8.1} MiB",
            sizes.verdicts,
            mebibytes(other)
        )?;
        writeln!(
            formatter,
            "  kernel memory in all {:>30.1} MiB",
            mebibytes(flows + totals + other)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(memory: u64) -> Config {
        let mut config = Config::default();
        config.capture.memory = memory;
        config
    }

    #[test]
    fn tables_stay_within_the_memory_on_any_number_of_cpus() {
        for memory in [64 << 10, 1 << 20, 64 << 20, 3 << 30] {
            for cpus in [1, 2, 3, 64, 128] {
                let plan = Plan::for_cpus(&config(memory), cpus);
                let least = u64::from(cpus) * SET_OCTETS as u64;
                assert!(plan.flow_octets() <= memory.max(least), "{memory} {cpus}");
                assert!(plan.flow_octets() * 2 + least > memory.min(1 << 30), "{memory} {cpus}");
                assert!(plan.settings.sizes.sets.is_power_of_two());
                assert!(plan.settings.sizes.verdicts.is_power_of_two());
            }
        }
    }
}
