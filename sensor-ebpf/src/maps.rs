//! Every map of the program. Sizes are placeholders; the agent sets them before loading.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    macros::map,
    maps::{Array, HashMap, Queue, RingBuf},
};
use sensor_common::{
    abi::{ClockReading, ReplayFrame, Settings},
    account::Work,
    books::{InterfaceRow, Ledger},
    budget::SampleBudget,
    endpoint::{
        Answer, EndpointIndex, EndpointKey, EndpointsState, KNOWN_ADDRESSES_IN_BLOCK, Totals,
    },
    flow::{FlowHeads, FlowTails},
};

/// Flow table: one region of sets per CPU. Here are the heads of the slots, which every packet
/// touches.
#[map]
pub static FLOWS: Array<FlowHeads> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// The tails of the same slots.
#[map]
pub static FLOW_TAILS: Array<FlowTails> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// `INTERFACE_ROWS` rows per CPU.
#[map]
pub static BOOKS: Array<InterfaceRow> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// One ledger per CPU.
#[map]
pub static LEDGERS: Array<Ledger> = Array::with_max_entries(1, BPF_F_MMAPABLE);

#[map]
pub static ENDPOINTS: HashMap<EndpointKey, EndpointIndex> = HashMap::with_max_entries(1, 0);

/// How far `ENDPOINTS` has come.
#[map]
pub static ENDPOINTS_STATE: Array<EndpointsState> = Array::with_max_entries(1, 0);

/// By the hash of an address, one octet each: 1 if a key of `ENDPOINTS` has it.
#[map]
pub static KNOWN_ADDRESSES: Array<[u8; KNOWN_ADDRESSES_IN_BLOCK]> = Array::with_max_entries(1, 0);

/// What `ENDPOINTS` answered last of senders, per CPU.
#[map]
pub static ANSWERS: Array<Answer> = Array::with_max_entries(1, 0);

/// Indices that no endpoint has; filled by the agent.
#[map]
pub static FREE_ENDPOINTS: Queue<EndpointIndex> = Queue::with_max_entries(1, 0);

/// Totals by endpoint, application and direction.
#[map]
pub static TOTALS: Array<Totals> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// By endpoint, sent and received, what belongs to no known application yet: a set for each CPU.
/// It is here that flows are folded that come and go without a verdict, too many for additions to
/// memory that CPUs share, and for a line of `TOTALS` of their own.
#[map]
pub static UNKNOWN_TOTALS: Array<[Totals; 2]> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// Verdicts by conversation, shared by all CPUs: one word, written and read whole.
#[map]
pub static VERDICTS: Array<u64> = Array::with_max_entries(1, 0);

/// Flows that left their slots. Nothing else goes here, so that notices cannot crowd them out.
#[map]
pub static RECORDS: RingBuf = RingBuf::with_byte_size(4096, 0);

/// New flows, new endpoints, samples.
#[map]
pub static NOTICES: RingBuf = RingBuf::with_byte_size(4096, 0);

/// Samples taken in the present second, per CPU.
#[map]
pub static SAMPLE_BUDGETS: Array<SampleBudget> = Array::with_max_entries(1, 0);

/// Where each CPU works on a frame.
#[map]
pub static WORK: Array<Work> = Array::with_max_entries(1, 0);

/// Written before each frame of a replay.
#[map]
pub static REPLAY_FRAME: Array<ReplayFrame> = Array::with_max_entries(1, BPF_F_MMAPABLE);

#[map]
pub static CLOCK: Array<ClockReading> = Array::with_max_entries(1, 0);

/// The settings under which the pinned maps were filled, for the agent that finds them.
#[map]
pub static EPOCH: Array<Settings> = Array::with_max_entries(1, 0);
