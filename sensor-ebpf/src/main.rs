//! The program in the kernel: fetches octets, counts, reports. What the octets mean is decided in
//! `sensor-common`. It observes and never steers: every path ends in `XDP_PASS`.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod clock;
mod endpoints;
mod environment;
mod maps;
mod observe;
mod settings;
mod xdp_frame;

use aya_ebpf::{bindings::xdp_action, macros::xdp, programs::XdpContext};

/// Counts one received frame. Accepts frames in several buffers, so that it never stands in the
/// way of a larger MTU.
#[xdp(frags)]
pub fn wardline(context: XdpContext) -> u32 {
    observe::observe(&context);
    xdp_action::XDP_PASS
}

/// The same for kernels that give a program no frame in several buffers, and load none that asks
/// for them.
#[xdp]
pub fn wardline_linear(context: XdpContext) -> u32 {
    observe::observe(&context);
    xdp_action::XDP_PASS
}

/// Reads both kernel clocks; run by the agent with `BPF_PROG_TEST_RUN`, attached nowhere.
#[xdp]
pub fn wardline_clock(context: XdpContext) -> u32 {
    clock::read(&context);
    xdp_action::XDP_PASS
}

/// A loop, so that the verifier refuses a program in which a panic can be reached.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo) -> ! {
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
