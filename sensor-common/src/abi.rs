//! The agreement between the program in the kernel and the agent: version, names, sizes.

use core::mem::size_of;

use crate::{
    books::{InterfaceRow, Ledger},
    endpoint::{Answer, EndpointKey, EndpointsState, Totals},
    flow::{FlowHead, FlowHeads, FlowKey, FlowTail, FlowTails, WAYS},
    record::{
        EndpointNotice, Evicted, HEADER_SAMPLE_OCTETS, HEADER_SAMPLE_WORDS, Opened, SAMPLE_OCTETS,
        SAMPLE_WORDS, Sample,
    },
};

/// Grows with every change of a layout, a name or a meaning below. The agent starts a new epoch
/// instead of reading maps that another version left.
pub const ABI_VERSION: u32 = 5;

/// Names of programs and maps in the object. Only the agent's `capture` and the program use them.
pub mod name {
    /// The program that accepts frames in several buffers, and the one for kernels without them.
    pub const PROGRAM: &str = "wardline";
    pub const PROGRAM_LINEAR: &str = "wardline_linear";
    pub const CLOCK_PROGRAM: &str = "wardline_clock";
    pub const FLOWS: &str = "FLOWS";
    pub const FLOW_TAILS: &str = "FLOW_TAILS";
    pub const BOOKS: &str = "BOOKS";
    pub const LEDGERS: &str = "LEDGERS";
    pub const ENDPOINTS: &str = "ENDPOINTS";
    pub const ENDPOINTS_STATE: &str = "ENDPOINTS_STATE";
    pub const KNOWN_ADDRESSES: &str = "KNOWN_ADDRESSES";
    pub const ANSWERS: &str = "ANSWERS";
    pub const FREE_ENDPOINTS: &str = "FREE_ENDPOINTS";
    pub const TOTALS: &str = "TOTALS";
    pub const UNKNOWN_TOTALS: &str = "UNKNOWN_TOTALS";
    pub const VERDICTS: &str = "VERDICTS";
    pub const RECORDS: &str = "RECORDS";
    pub const NOTICES: &str = "NOTICES";
    pub const SETTINGS: &str = "SETTINGS";
    pub const REPLAY_FRAME: &str = "REPLAY_FRAME";
    pub const CLOCK: &str = "CLOCK";
    pub const SAMPLE_BUDGETS: &str = "SAMPLE_BUDGETS";
    pub const WORK: &str = "WORK";
    pub const EPOCH: &str = "EPOCH";
}

/// What the agent writes into the program before it is loaded; constant for the verifier.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Drawn at start, see [`FlowKey::hash`].
    pub seed: u64,
    /// Sets per CPU and entries of the verdict memory, minus one; both powers of two.
    pub set_mask: u32,
    pub verdict_mask: u32,
    /// Possible CPUs.
    pub cpus: u32,
    /// 1 when time, interface and frame length come from [`ReplayFrame`].
    pub is_replay: u32,
    /// Samples per CPU and second of ticks.
    pub samples_per_second: u32,
    /// Ticks per second.
    pub ticks_per_second: u32,
    pub abi_version: u32,
    /// 1 when every frame lies in one buffer and is read there: the kernel has neither frames in
    /// several buffers nor the calls that read them (Linux before 5.18).
    pub is_linear: u32,
    /// Endpoint indices, the reserved ones included.
    pub endpoints: u32,
    /// Values of the map of known addresses, minus one; a power of two.
    pub address_mask: u32,
}

impl Settings {
    /// The settings as they lie in memory.
    pub fn to_octets(&self) -> [u8; size_of::<Self>()] {
        let mut octets = [0; size_of::<Self>()];
        octets[..8].copy_from_slice(&self.seed.to_ne_bytes());
        let words = [
            self.set_mask,
            self.verdict_mask,
            self.cpus,
            self.is_replay,
            self.samples_per_second,
            self.ticks_per_second,
            self.abi_version,
            self.is_linear,
            self.endpoints,
            self.address_mask,
        ];
        for (chunk, word) in octets[8..].chunks_exact_mut(4).zip(words) {
            chunk.copy_from_slice(&word.to_ne_bytes());
        }
        octets
    }

    /// The settings that [`Settings::to_octets`] wrote.
    pub fn from_octets(octets: &[u8; size_of::<Self>()]) -> Self {
        let word = |number: usize| {
            let mut word = [0; 4];
            word.copy_from_slice(&octets[8 + 4 * number..12 + 4 * number]);
            u32::from_ne_bytes(word)
        };
        Self {
            seed: Self::seed_of(octets),
            set_mask: word(0),
            verdict_mask: word(1),
            cpus: word(2),
            is_replay: word(3),
            samples_per_second: word(4),
            ticks_per_second: word(5),
            abi_version: word(6),
            is_linear: word(7),
            endpoints: word(8),
            address_mask: word(9),
        }
    }

    /// The seed of settings that [`Settings::to_octets`] made.
    pub fn seed_of(octets: &[u8; size_of::<Self>()]) -> u64 {
        let mut seed = [0; 8];
        seed.copy_from_slice(&octets[..8]);
        u64::from_ne_bytes(seed)
    }
}

/// What a replayed frame cannot carry itself.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplayFrame {
    pub now: u64,
    /// Octets on the wire, of which the capture may hold fewer.
    pub wire_length: u64,
    pub interface: u64,
}

/// One reading of both kernel clocks, to turn ticks into time.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockReading {
    /// Nanoseconds of CLOCK_MONOTONIC.
    pub monotonic: u64,
    pub ticks: u64,
}

// No hidden padding: every size is the sum of its fields.
const _: () = {
    assert!(size_of::<FlowKey>() == 48);
    assert!(size_of::<FlowHead>() == 64);
    assert!(size_of::<FlowTail>() == 64);
    assert!(size_of::<FlowHeads>() == 64 * WAYS);
    assert!(size_of::<FlowTails>() == 64 * WAYS);
    assert!(size_of::<EndpointKey>() == 32);
    assert!(size_of::<Totals>() == 16);
    assert!(size_of::<Answer>() == 64);
    assert!(size_of::<EndpointsState>() == 64);
    assert!(size_of::<Evicted>() == 4 + 4 + 8 + 128);
    assert!(size_of::<Opened>() == 8);
    assert!(size_of::<EndpointNotice>() == 4 + 4 + 32 + 8 + 8);
    assert!(size_of::<Sample<SAMPLE_WORDS>>() == 80 + SAMPLE_OCTETS);
    assert!(size_of::<Sample<HEADER_SAMPLE_WORDS>>() == 80 + HEADER_SAMPLE_OCTETS);
    assert!(size_of::<InterfaceRow>() == 8 * (4 + 16));
    assert!(size_of::<Ledger>() == 8 * 32);
    assert!(size_of::<Settings>() == 48);
    assert!(size_of::<ReplayFrame>() == 24);
    assert!(size_of::<ClockReading>() == 16);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_back_as_they_were_written() {
        let settings = Settings {
            seed: 0x0102_0304_0506_0708,
            set_mask: 1,
            verdict_mask: 2,
            cpus: 3,
            is_replay: 4,
            samples_per_second: 5,
            ticks_per_second: 6,
            abi_version: 7,
            is_linear: 8,
            endpoints: 9,
            address_mask: 10,
        };
        assert_eq!(Settings::from_octets(&settings.to_octets()), settings);
    }
}
