//! Counting flows in the kernel's own maps, as somebody would who does not make a table of his own.

use core::{arch::asm, hint::black_box};

use aya_ebpf::{
    bindings::BPF_NOEXIST,
    macros::map,
    maps::{Array, HashMap, LruHashMap},
    programs::XdpContext,
};
use sensor_common::{dissect::Dissection, dissect::dissect, flow::FlowKey};

use crate::xdp_frame::XdpFrame;

/// Where a frame is dissected.
#[map]
static SCRATCH: Array<Dissection> = Array::with_max_entries(1, 0);

#[map]
static HASH: HashMap<StockKey, StockFlow> = HashMap::with_max_entries(1, 0);

#[map]
static LRU: LruHashMap<StockKey, StockFlow> = LruHashMap::with_max_entries(1, 0);

/// The five-tuple in the fewest octets, so that the kernel hashes no more than it must. An IPv6
/// address is folded into 32 bits.
#[repr(C)]
#[derive(Clone, Copy)]
struct StockKey {
    addresses: u64,
    transport: u64,
}

impl StockKey {
    #[inline(always)]
    fn of(key: &FlowKey) -> Self {
        let source = fold(key.source_words());
        let destination = fold(key.destination_words());
        Self {
            addresses: source << 32 | destination,
            transport: (key.source_port() as u64) << 48
                | (key.destination_port() as u64) << 32
                | (key.protocol() as u64) << 16
                | key.outer_vlan() as u64,
        }
    }
}

/// An IPv4 address is the low half of the second word.
#[inline(always)]
fn fold([high, low]: [u64; 2]) -> u64 {
    (high ^ low) & 0xffff_ffff
}

#[repr(C)]
struct StockFlow {
    packets: u64,
    octets: u64,
    _reserved: [u64; 2],
}

/// The frame's dissection, read back from the map as the shipped program reads it.
#[inline(always)]
pub fn parse(context: &XdpContext) -> Option<&'static mut Dissection> {
    let scratch = SCRATCH.get_ptr_mut(0)?;
    // SAFETY: the bench runs one program at a time.
    let scratch = unsafe { &mut *scratch };
    dissect(&XdpFrame::new(context), context.ingress_ifindex() as u32, scratch).ok()?;
    Some(black_box(scratch))
}

#[inline(always)]
pub fn count_in_hash(context: &XdpContext) {
    let Some(dissection) = parse(context) else {
        return;
    };
    let key = StockKey::of(&dissection.key);
    let octets = dissection.declared_length as u64;
    match HASH.get_ptr_mut(key) {
        Some(flow) => add(flow, octets),
        None => {
            let _ = HASH.insert(key, first(octets), BPF_NOEXIST as u64);
        }
    }
}

#[inline(always)]
pub fn count_in_lru(context: &XdpContext) {
    let Some(dissection) = parse(context) else {
        return;
    };
    let key = StockKey::of(&dissection.key);
    let octets = dissection.declared_length as u64;
    match LRU.get_ptr_mut(key) {
        Some(flow) => add(flow, octets),
        None => {
            let _ = LRU.insert(key, first(octets), BPF_NOEXIST as u64);
        }
    }
}

#[inline(always)]
fn first(octets: u64) -> StockFlow {
    StockFlow { packets: 1, octets, _reserved: [0; 2] }
}

#[inline(always)]
fn add(flow: *mut StockFlow, octets: u64) {
    // SAFETY: `flow` points to a value in a map; the first two words are its counters. Rust offers
    // no atomic addition for this target.
    unsafe {
        asm!(
            "lock *(u64 *)({0} + 0) += {1}",
            "lock *(u64 *)({0} + 8) += {2}",
            in(reg) flow, in(reg) 1_u64, in(reg) octets, options(nostack)
        );
    }
}
