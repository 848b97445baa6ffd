//! The bench's own programs, loaded, and what they are told before each turn.

use aya::maps::{Array, ProgramArray};
use aya::programs::xdp::XdpLinkId;
use aya::programs::{ProgramFd, TestRun as _, TestRunAttrs, TestRunOptions, Xdp, XdpMode};
use aya::{Ebpf, EbpfLoader, Pod};

use super::clock::thread_nanoseconds;
use super::error::BenchError;
use super::loads::TABLE;

const BLOCK: usize = 1024;
/// Octets that the table of packets has of each: headers and what recognisers look at.
const PACKET_OCTETS: usize = 272;
const XDP_PASS: u32 = 2;

/// How frames are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutator {
    Ipv4,
    Vlan,
    Ipv6,
    /// Packets of the table of packets; frames end with them, or are all as long as the longest.
    Packet,
}

impl Mutator {
    const ALL: [Self; 4] = [Self::Ipv4, Self::Vlan, Self::Ipv6, Self::Packet];

    const fn program(self) -> &'static str {
        match self {
            Self::Ipv4 => "mutate_ipv4",
            Self::Vlan => "mutate_vlan",
            Self::Ipv6 => "mutate_ipv6",
            Self::Packet => "mutate_packet",
        }
    }
}

/// The bench's programs that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock {
    Null,
    Parse,
    Hash,
    Lru,
}

impl Stock {
    const ALL: [Self; 4] = [Self::Null, Self::Parse, Self::Hash, Self::Lru];

    const fn program(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Parse => "parse",
            Self::Hash => "stock_hash",
            Self::Lru => "stock_lru",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Parse => "parse only",
            Self::Hash => "stock HASH",
            Self::Lru => "stock LRU_HASH",
        }
    }
}

/// As the mutator has it in memory.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Turn {
    pub position: u64,
    pub is_sequential: u64,
    pub first_flow: u64,
    pub source: u64,
    pub destination: u64,
    pub source_bits: u64,
    pub destination_bits: u64,
    pub lifetime_and_protocol: u64,
    pub transport: u64,
    pub first_packet: u64,
    /// 1 for frames that end where their packets do.
    pub is_trimmed: u64,
}

// SAFETY: words without padding; any value is valid.
unsafe impl Pod for Turn {}

pub struct Programs {
    ebpf: Ebpf,
}

impl Programs {
    /// Loads them, with stock maps for so many flows.
    pub fn load(object: &[u8], stock_entries: u32) -> Result<Self, BenchError> {
        let mut loader = EbpfLoader::new();
        loader.map_max_entries("HASH", stock_entries).map_max_entries("LRU", stock_entries);
        let mut ebpf = loader.load(object)?;
        let mutators = Mutator::ALL.map(Mutator::program);
        for name in mutators.into_iter().chain(Stock::ALL.map(Stock::program)) {
            let program: &mut Xdp =
                ebpf.program_mut(name).ok_or(BenchError::Missing(name))?.try_into()?;
            program.load()?;
        }
        Ok(Self { ebpf })
    }

    /// Loads what [`super::veth`] needs besides: the sender, which leaves by `egress`, and receivers.
    pub fn prepare_link(
        &mut self,
        egress: u32,
        receivers: &[&'static str],
    ) -> Result<(), BenchError> {
        for &name in receivers.iter().chain(&["send"]) {
            let program: &mut Xdp =
                self.ebpf.program_mut(name).ok_or(BenchError::Missing(name))?.try_into()?;
            program.load()?;
        }
        self.array::<u64>("EGRESS")?.set(0, u64::from(egress), 0)?;
        let program: &Xdp =
            self.ebpf.program("send").ok_or(BenchError::Missing("send"))?.try_into()?;
        let program = program.fd()?.try_clone().map_err(BenchError::Descriptor)?;
        self.measure(&program)
    }

    /// Attaches a receiver to an interface of this thread's namespace, in the driver.
    pub fn attach(&mut self, name: &'static str, interface: u32) -> Result<XdpLinkId, BenchError> {
        let program: &mut Xdp =
            self.ebpf.program_mut(name).ok_or(BenchError::Missing(name))?.try_into()?;
        Ok(program.attach_to_if_index(interface, XdpMode::Driver)?)
    }

    pub fn detach(&mut self, name: &'static str, link: XdpLinkId) -> Result<(), BenchError> {
        let program: &mut Xdp =
            self.ebpf.program_mut(name).ok_or(BenchError::Missing(name))?.try_into()?;
        Ok(program.detach(link)?)
    }

    /// Sends so many frames over the link; they are real ones, and nobody waits for them.
    pub fn send(&mut self, frame: &[u8], turn: Turn, frames: u32) -> Result<(), BenchError> {
        const BATCH: u32 = 64;
        self.array::<Turn>("TURN")?.set(0, turn, 0)?;
        let name = Mutator::Ipv4.program();
        let program: &Xdp = self.ebpf.program(name).ok_or(BenchError::Missing(name))?.try_into()?;
        let mut options = TestRunOptions::new();
        options.data_in = Some(frame);
        options.repeat = frames;
        options.attrs = TestRunAttrs::new().xdp_live_frames(BATCH);
        program.test_run(options)?;
        Ok(())
    }

    fn array<T: Pod>(
        &mut self,
        name: &'static str,
    ) -> Result<Array<&mut aya::maps::MapData, T>, BenchError> {
        let map = self.ebpf.map_mut(name).ok_or(BenchError::Missing(name))?;
        Ok(Array::try_from(map)?)
    }

    /// Writes the table of flows: flow numbers in the low 32 bits, packet numbers above.
    pub fn set_flows(&mut self, entries: &[u64]) -> Result<(), BenchError> {
        assert_eq!(entries.len(), TABLE, "the table has a fixed size");
        let mut table = self.array::<[u64; BLOCK]>("FLOW_TABLE")?;
        for (index, block) in entries.as_chunks::<BLOCK>().0.iter().enumerate() {
            table.set(index as u32, block, 0)?;
        }
        Ok(())
    }

    /// Writes the beginning of a packet, from its network header on, into the table of packets.
    pub fn set_packet(&mut self, index: u32, packet: &[u8]) -> Result<(), BenchError> {
        let mut beginning = [0_u8; PACKET_OCTETS];
        let length = packet.len().min(PACKET_OCTETS);
        beginning[..length].copy_from_slice(&packet[..length]);
        Ok(self.array::<[u8; PACKET_OCTETS]>("PACKET_TABLE")?.set(index, beginning, 0)?)
    }

    pub fn measure_stock(&mut self, stock: Stock) -> Result<(), BenchError> {
        let name = stock.program();
        let program: &Xdp = self.ebpf.program(name).ok_or(BenchError::Missing(name))?.try_into()?;
        let program = program.fd()?.try_clone().map_err(BenchError::Descriptor)?;
        self.measure(&program)
    }

    /// From now on the mutators call `program`.
    pub fn measure(&mut self, program: &ProgramFd) -> Result<(), BenchError> {
        let map = self.ebpf.map_mut("MEASURED").ok_or(BenchError::Missing("MEASURED"))?;
        Ok(ProgramArray::try_from(map)?.set(0, program, 0)?)
    }

    /// Runs a turn of `frames` frames and tells the CPU nanoseconds of each.
    pub fn run(
        &mut self,
        mutator: Mutator,
        frame: &[u8],
        turn: Turn,
        frames: u32,
        variant: &str,
    ) -> Result<f64, BenchError> {
        self.array::<Turn>("TURN")?.set(0, turn, 0)?;
        let name = mutator.program();
        let program: &Xdp = self.ebpf.program(name).ok_or(BenchError::Missing(name))?.try_into()?;
        let mut options = TestRunOptions::new();
        options.data_in = Some(frame);
        options.repeat = frames;
        let before = thread_nanoseconds();
        let result = program.test_run(options)?;
        let spent = thread_nanoseconds() - before;
        if result.return_value != XDP_PASS {
            return Err(BenchError::NotPassed {
                variant: variant.to_owned(),
                answer: result.return_value,
            });
        }
        Ok(spent as f64 / f64::from(frames))
    }
}
