//! Frames that go over a real link: sent by one program, received and dropped by another.

use aya_ebpf::{
    bindings::xdp_action,
    helpers::bpf_redirect,
    macros::map,
    maps::{Array, PerCpuArray},
};

/// The kernel index of the interface that frames leave by; written by user space.
#[map]
static EGRESS: Array<u64> = Array::with_max_entries(1, 0);

/// Frames received, for a receiver that counts nothing else.
#[map]
static RECEIVED: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);

#[inline(always)]
pub fn send() -> u32 {
    match EGRESS.get(0) {
        // SAFETY: the helper takes no pointer.
        Some(index) => unsafe { bpf_redirect(*index as u32, 0) as u32 },
        None => xdp_action::XDP_ABORTED,
    }
}

#[inline(always)]
pub fn count() {
    if let Some(received) = RECEIVED.get_ptr_mut(0) {
        // SAFETY: the value of this CPU, which no other program writes meanwhile.
        unsafe { *received += 1 };
    }
}
