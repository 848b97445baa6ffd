//! The table of endpoints, and what stands in front of it: a look-up in the kernel's hash map takes
//! longer than all the rest of a known flow's packet.
//!
//! Each CPU keeps the answers that it was given last on senders, in an array of its own. They hold for
//! as long as no endpoint and no alias is added anywhere: the table has a version, which grows after
//! every change, and an answer is kept with the version that was read before it was asked for. And
//! one octet for each hash of an address tells whether an endpoint can have that address, so that a
//! search through unused addresses, or a sender who forges them, asks the table nothing.

use core::{arch::asm, ptr};

use aya_ebpf::bindings::BPF_NOEXIST;
use sensor_common::{
    account::destination,
    endpoint::{ANSWERS, Answer, ELSEWHERE, EndpointIndex, EndpointKey, NOBODY, known_address},
};

use crate::{
    maps::{ANSWERS as GIVEN, ENDPOINTS, ENDPOINTS_STATE, FREE_ENDPOINTS, KNOWN_ADDRESSES},
    settings,
};

/// The endpoint that has `key`.
#[inline(always)]
pub fn find(cpu: u32, key: &EndpointKey) -> Option<EndpointIndex> {
    let address = key.address_hash(settings::seed());
    let answer = answer(cpu, key, address)?;
    let version = version();
    if answer.is_to(key, version) {
        return (answer.index != NOBODY).then_some(answer.index);
    }
    if key.address != [0; 2] && !is_known(address) {
        return None;
    }
    let found = look_up(key);
    answer.set(key, found.unwrap_or(NOBODY), version);
    found
}

/// The endpoint that frames to `key` go to, [`ELSEWHERE`] if it has none.
#[inline(always)]
pub fn find_destination(key: &mut EndpointKey) -> EndpointIndex {
    let address = key.address_hash(settings::seed());
    if !is_known(address) {
        return ELSEWHERE;
    }
    destination(key, look_up)
}

#[inline(always)]
fn look_up(key: &EndpointKey) -> Option<EndpointIndex> {
    // SAFETY: the value is one aligned word, written once before the key can be found.
    unsafe { ENDPOINTS.get(key) }.copied()
}

/// Where this CPU keeps what it was answered last to `key` or a key like it.
#[inline(always)]
fn answer(cpu: u32, key: &EndpointKey, address: u64) -> Option<&'static mut Answer> {
    let place = key.hash_after(address) & (ANSWERS - 1);
    let answer = GIVEN.get_ptr_mut(cpu * ANSWERS + place)?;
    // SAFETY: the answers are this CPU's own, and a program is not interrupted by itself.
    Some(unsafe { &mut *answer })
}

/// Gives a new endpoint an index, or `None` when there is none left.
#[inline(always)]
pub fn admit(cpu: u32, key: &EndpointKey) -> Option<EndpointIndex> {
    if is_full() {
        return None;
    }
    let Some(index) = FREE_ENDPOINTS.pop().ok().flatten() else {
        set_full(1);
        return None;
    };
    if insert(key, index) {
        return Some(index);
    }
    // Another CPU was first, or the table is full: the index goes back.
    let _ = FREE_ENDPOINTS.push(index, 0);
    set_full(0);
    find(cpu, key)
}

/// Lets `key` find `index` unless it finds another; whether it does now.
#[inline(always)]
pub fn insert(key: &EndpointKey, index: EndpointIndex) -> bool {
    // Before the key can be found, or another CPU would take it for one that nobody has.
    set_known(key.address_hash(settings::seed()));
    let is_inserted = ENDPOINTS.insert(key, index, BPF_NOEXIST as u64).is_ok();
    if is_inserted && let Some(state) = ENDPOINTS_STATE.get_ptr_mut(0) {
        // SAFETY: an aligned word of a map's value.
        unsafe {
            asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) &raw mut (*state).version,
                 in(reg) 1_u64, options(nostack));
        }
    }
    is_inserted
}

#[inline(always)]
fn version() -> u64 {
    // SAFETY: an aligned word; any CPU adds to it whole.
    ENDPOINTS_STATE
        .get_ptr(0)
        .map_or(0, |state| unsafe { ptr::read_volatile(&raw const (*state).version) })
}

#[inline(always)]
fn is_full() -> bool {
    // SAFETY: an aligned word; any CPU writes it whole.
    ENDPOINTS_STATE
        .get_ptr(0)
        .is_some_and(|state| unsafe { ptr::read_volatile(&raw const (*state).is_full) != 0 })
}

#[inline(always)]
fn set_full(is_full: u64) {
    if let Some(state) = ENDPOINTS_STATE.get_ptr_mut(0) {
        // SAFETY: as above.
        unsafe { ptr::write_volatile(&raw mut (*state).is_full, is_full) };
    }
}

/// The octet that tells of addresses with this hash.
#[inline(always)]
fn known(address: u64) -> Option<*mut u8> {
    let (block, octet) = known_address(address, settings::address_mask());
    let block = KNOWN_ADDRESSES.get_ptr_mut(block)?;
    // SAFETY: the octet lies in the block.
    Some(unsafe { block.cast::<u8>().add(octet) })
}

#[inline(always)]
fn is_known(address: u64) -> bool {
    // SAFETY: an octet of a map's value, which any CPU sets and none clears.
    known(address).is_none_or(|octet| unsafe { ptr::read_volatile(octet) != 0 })
}

#[inline(always)]
fn set_known(address: u64) {
    if let Some(octet) = known(address) {
        // SAFETY: as above.
        unsafe { ptr::write_volatile(octet, 1) };
    }
}
