//! Frames of a capture run one by one through the very program (`BPF_PROG_TEST_RUN`).

use aya::programs::{ProgramError, TestRun as _, TestRunOptions, TestRunResult};
use sensor_common::{
    abi::{Settings, name},
    books::{InterfaceRow, Ledger},
    endpoint::{EndpointIndex, EndpointKey, Totals},
    flow::FlowSlot,
    record::Evicted,
};

use super::{
    buffers::Buffers,
    datapath::{XdpDatapath, map_words},
    loading::{LoadError, XdpSettings, load, xdp},
    mapped::MappedWords,
};
use crate::capture::{Datapath, Glance, Notice, Tallies, Unfolded, host::TableSizes};

/// The kernel refuses to run shorter frames.
pub(super) const SHORTEST_FRAME: usize = 14;
/// Octets of a ring of a replay.
const RING: u32 = 64 << 20;
/// Octets more than the frame's that are taken back, to notice that it has grown.
const GROWTH: usize = 64;

#[derive(Debug, thiserror::Error)]
pub enum KernelReplayError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("the kernel would not run the program on a frame of {length} octets: {source}")]
    Run { length: usize, source: ProgramError },
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    /// What the program returned.
    pub verdict: u32,
    pub octets: Vec<u8>,
}

/// The program under a capture's clock.
pub struct KernelReplay {
    datapath: XdpDatapath,
    frame: MappedWords,
    now: u64,
    /// Frames too short for the kernel to run, which it would call truncated.
    short: InterfaceRow,
}

impl KernelReplay {
    /// Loads the program with the tables of a replay, pinned nowhere.
    ///
    /// # Errors
    ///
    /// As for loading in earnest; needs the same privilege.
    pub fn open(sizes: &TableSizes) -> Result<Self, KernelReplayError> {
        Self::open_for(Buffers::of_this_kernel().map_err(LoadError::of_program)?, sizes)
    }

    /// The same with the program for such frames, which need not be the one that this kernel would
    /// be given: every kernel runs the one for [`Buffers::One`].
    ///
    /// # Errors
    ///
    /// As for loading in earnest.
    pub fn open_for(buffers: Buffers, sizes: &TableSizes) -> Result<Self, KernelReplayError> {
        Ok(Self::open_with_rings(buffers, sizes, RING)?)
    }

    /// The same with two rings of so many octets, a power of two.
    pub(super) fn open_with_rings(
        buffers: Buffers,
        sizes: &TableSizes,
        ring: u32,
    ) -> Result<Self, LoadError> {
        let wanted = XdpSettings {
            sizes: *sizes,
            records_ring: ring,
            notices_ring: ring,
            samples_per_second: 0,
        };
        let settings = Settings { is_linear: buffers.is_linear(), ..sizes.replay_settings() };
        let loaded = load(&wanted, settings, None)?;
        let mut datapath = XdpDatapath::from_loaded(loaded, &wanted, None)?;
        let frame = map_words(&mut datapath.ebpf, name::REPLAY_FRAME, 3)?;
        Ok(Self { datapath, frame, now: 0, short: InterfaceRow::default() })
    }

    /// Counts one frame; `now` in ticks of a millisecond.
    ///
    /// # Errors
    ///
    /// When the kernel refuses to run it.
    pub fn receive(
        &mut self,
        frame: &[u8],
        wire_length: u64,
        interface: u32,
        now: u64,
    ) -> Result<(), KernelReplayError> {
        self.now = now;
        if frame.len() < SHORTEST_FRAME {
            self.short.interface = u64::from(interface);
            self.short.received_frames += 1;
            self.short.received_octets += wire_length;
            self.short.undissected_octets += wire_length;
            self.short.undissected_frames[0] += 1;
            return Ok(());
        }
        self.test_run(frame, None, wire_length, interface, now).map(drop)
    }

    /// Counts one frame of at least [`SHORTEST_FRAME`] octets, and says what became of it.
    pub(super) fn run(
        &mut self,
        frame: &[u8],
        wire_length: u64,
        interface: u32,
        now: u64,
    ) -> Result<Ran, KernelReplayError> {
        self.now = now;
        let mut octets = vec![0; frame.len() + GROWTH];
        let result = self.test_run(frame, Some(&mut octets), wire_length, interface, now)?;
        octets.truncate(result.data_size_out as usize);
        Ok(Ran { verdict: result.return_value, octets })
    }

    fn test_run(
        &mut self,
        frame: &[u8],
        octets_out: Option<&mut [u8]>,
        wire_length: u64,
        interface: u32,
        now: u64,
    ) -> Result<TestRunResult, KernelReplayError> {
        self.frame.store(0, now);
        self.frame.store(1, wire_length);
        self.frame.store(2, u64::from(interface));
        let program = self.datapath.buffers().program();
        let program = xdp(&mut self.datapath.ebpf, program)?;
        let mut options = TestRunOptions::new();
        options.data_in = Some(frame);
        options.data_out = octets_out;
        let failed = |source| KernelReplayError::Run { length: frame.len(), source };
        program.test_run(options).map_err(failed)
    }
}

impl Tallies for KernelReplay {
    fn folded(&self, visit: &mut dyn FnMut(u32, Totals)) {
        self.datapath.folded(visit);
    }

    fn unfolded(&self, visit: &mut dyn FnMut(Unfolded)) {
        self.datapath.unfolded(visit);
    }
}

impl Datapath for KernelReplay {
    fn now(&self) -> u64 {
        self.now
    }

    fn slots(&self) -> u32 {
        self.datapath.slots()
    }

    fn glance(&self, position: u32) -> Glance {
        self.datapath.glance(position)
    }

    fn slot(&self, position: u32) -> Option<FlowSlot> {
        self.datapath.slot(position)
    }

    fn drain_records(&mut self, visit: &mut dyn FnMut(&Evicted)) {
        self.datapath.drain_records(visit);
    }

    fn drain_notices(&mut self, visit: &mut dyn FnMut(Notice)) {
        self.datapath.drain_notices(visit);
    }

    fn endpoints(&self, visit: &mut dyn FnMut(EndpointIndex, EndpointKey)) {
        self.datapath.endpoints(visit);
    }

    fn endpoint_capacity(&self) -> EndpointIndex {
        self.datapath.endpoint_capacity()
    }

    fn interface_rows(&self) -> Vec<InterfaceRow> {
        let mut rows = self.datapath.interface_rows();
        rows.extend((self.short.received_frames > 0).then_some(self.short));
        rows
    }

    fn ledger(&self) -> Ledger {
        self.datapath.ledger()
    }
}
