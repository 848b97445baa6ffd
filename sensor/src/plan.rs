//! What a configuration asks of the kernel: sizes of tables, and the memory they take.

use std::fmt;

use sensor_common::{
    endpoint::{ANSWERS, Answer, FIRST_ENDPOINT, Totals},
    flow::{FlowSlot, WAYS},
    record::Evicted,
};

use crate::{
    capture::{host::TableSizes, xdp::XdpSettings},
    config::{
        Config,
        sizes::{self, Sizes, VERDICTS_PER_SLOT},
    },
};

/// Octets of a set of slots, heads and tails.
const SET_OCTETS: usize = size_of::<FlowSlot>() * WAYS;
const LARGEST_VERDICTS: u32 = 1 << 22;
/// Octets that a record takes on its ring, with the ring's own header.
const RECORD_OCTETS: u64 = size_of::<Evicted>() as u64 + 8;
/// Samples a second and CPU.
const SAMPLES_PER_SECOND: u32 = 1000;

/// The sizes that follow from a configuration on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    pub settings: XdpSettings,
    pub cpus: u32,
    /// What the configuration allows, if it says.
    pub memory: Option<u64>,
}

impl Plan {
    pub fn of(config: &Config) -> Self {
        let cpus = aya::util::nr_cpus().map_or(1, |cpus| cpus as u32);
        Self::for_cpus(config, cpus)
    }

    /// The largest power of two of sets per CPU within the slots that the configuration allows.
    pub fn for_cpus(config: &Config, cpus: u32) -> Self {
        let cpus = cpus.max(1);
        let wanted = Sizes::of(&config.capture);
        let per_cpu = wanted.slots / WAYS as u64 / u64::from(cpus);
        let largest = u64::from(u32::MAX >> 3) / u64::from(cpus);
        let sets = previous_power_of_two(per_cpu.clamp(1, largest));
        let slots = sets.saturating_mul(cpus).saturating_mul(WAYS as u32);
        let verdicts = previous_power_of_two(
            slots.saturating_mul(VERDICTS_PER_SLOT).min(LARGEST_VERDICTS).into(),
        );
        let sizes = TableSizes { sets, endpoints: wanted.endpoints, verdicts };
        let settings = XdpSettings {
            sizes,
            records_ring: wanted.ring.min(1 << 30) as u32,
            notices_ring: wanted.notices_ring().clamp(4096, 1 << 30) as u32,
            samples_per_second: SAMPLES_PER_SECOND,
        };
        Self { settings, cpus, memory: config.capture.memory }
    }

    pub fn slots(&self) -> u64 {
        u64::from(self.settings.sizes.sets) * u64::from(self.cpus) * WAYS as u64
    }

    /// Octets of the kernel's memory, but for [`Self::own_octets`] and some tens of kilobytes for each
    /// CPU.
    pub fn octets(&self) -> u64 {
        self.flow_octets() + self.endpoint_octets() + self.verdict_octets() + self.ring_octets()
    }

    /// Octets that each CPU has beside that: totals of what has no application, and the answers about
    /// endpoints that it was given last.
    pub fn own_octets(&self) -> u64 {
        u64::from(self.settings.sizes.endpoints) * size_of::<[Totals; 2]>() as u64
            + u64::from(ANSWERS) * size_of::<Answer>() as u64
    }

    fn flow_octets(&self) -> u64 {
        u64::from(self.settings.sizes.sets) * u64::from(self.cpus) * SET_OCTETS as u64
    }

    fn endpoint_octets(&self) -> u64 {
        u64::from(self.settings.sizes.endpoints) * sizes::endpoint_octets()
    }

    fn verdict_octets(&self) -> u64 {
        u64::from(self.settings.sizes.verdicts) * 8
    }

    fn ring_octets(&self) -> u64 {
        u64::from(self.settings.records_ring) + u64::from(self.settings.notices_ring)
    }
}

/// How many of `slots` are in use when one flow in a hundred finds its set of four full, by chance:
/// where there are 1.3 flows for each set, numbers of flows in a set being Poisson's.
const fn calm(slots: u64) -> u64 {
    slots * 13 / 40
}

fn previous_power_of_two(number: u64) -> u32 {
    1 << number.max(1).ilog2().min(28)
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = &self.settings.sizes;
        let mut row = |what: &str, count: u64, of: &str, octets: u64| {
            let mebibytes = octets as f64 / f64::from(1 << 20);
            writeln!(formatter, "  {what:<10} {count:>11} {of:<34} {mebibytes:>9.1} MiB")
        };
        let slots_each = u64::from(sizes.sets) * WAYS as u64;
        let records = u64::from(self.settings.records_ring) / RECORD_OCTETS;
        row("flow table", self.slots(), &format!("slots, {slots_each} a CPU"), self.flow_octets())?;
        row("endpoints", sizes.endpoints.into(), "with totals", self.endpoint_octets())?;
        row("verdicts", sizes.verdicts.into(), "conversations", self.verdict_octets())?;
        row("rings", records, "flow records, and notices", self.ring_octets())?;
        row("together", self.cpus.into(), "CPUs", self.octets())?;
        let mebibytes = |octets: u64| octets.div_ceil(1 << 20);
        if let Some(memory) = self.memory {
            let memory = mebibytes(memory);
            writeln!(
                formatter,
                "  of {memory} MiB; tables have powers of two of sets on each CPU"
            )?;
        }
        let share = mebibytes(self.flow_octets() / u64::from(self.cpus));
        writeln!(formatter, "  of the flow table each CPU has {share} MiB for itself")?;
        let own = self.own_octets().div_ceil(1 << 10);
        writeln!(formatter, "  and beside that {own} KiB for the endpoints that it meets")?;
        writeln!(
            formatter,
            "  about {} flows at a time, {} on each CPU, before one in a hundred displaces another",
            calm(self.slots()),
            calm(slots_each)
        )?;
        writeln!(
            formatter,
            "  a flow is one direction on one CPU; one that is displaced is recorded, not lost"
        )?;
        let devices = sizes.endpoints - FIRST_ENDPOINT;
        writeln!(formatter, "  totals for {devices} addresses; further ones are counted together")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(memory: u64) -> Config {
        let mut config = Config::default();
        config.capture.memory = Some(memory);
        config
    }

    #[test]
    fn a_plan_stays_within_the_memory_on_any_number_of_cpus() {
        for memory in [2 << 20, 64 << 20, 100 << 20, 3 << 30] {
            for cpus in [1, 2, 3, 64, 128] {
                let plan = Plan::for_cpus(&config(memory), cpus);
                assert!(plan.octets() <= memory, "{memory} {cpus}");
                assert!(plan.octets() * 3 >= memory, "{memory} {cpus}");
                assert!(plan.settings.sizes.sets.is_power_of_two());
                assert!(plan.settings.sizes.verdicts.is_power_of_two());
            }
        }
    }

    #[test]
    fn a_plan_says_what_it_means() {
        let said = Plan::for_cpus(&Config::default(), 2).to_string();
        assert!(said.contains("524288 slots, 262144 a CPU"), "{said}");
        assert!(said.contains("about 170393 flows at a time, 85196 on each CPU"), "{said}");
        assert!(said.contains("of 128 MiB"), "{said}");
        assert!(said.contains("totals for 8190 addresses"), "{said}");
    }
}
