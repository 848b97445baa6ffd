//! The two clocks, read together.

use aya_ebpf::{
    helpers::{bpf_ktime_get_ns, generated::bpf_jiffies64},
    programs::XdpContext,
};
use aya_log_ebpf::info;
use sensor_common::abi::ABI_VERSION;

use crate::maps::CLOCK;

pub fn read(context: &XdpContext) {
    let Some(reading) = CLOCK.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: a pointer into a map's value; both helpers have no preconditions.
    let is_first = unsafe {
        let is_first = (*reading).ticks == 0;
        (*reading).monotonic = bpf_ktime_get_ns();
        (*reading).ticks = bpf_jiffies64();
        is_first
    };
    if is_first {
        info!(context, "program loaded, layout version {}", ABI_VERSION);
    }
}
